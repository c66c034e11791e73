#include "harness/report/expectation.h"

#include <algorithm>
#include <set>

namespace barnacle {

ExpectationResult compare_expectation(const Expectation& expect, const std::vector<Finding>& findings) {
  ExpectationResult result;
  result.present = expect.present;
  if (!expect.present) return result;
  std::set<std::string> found;
  for (const Finding& finding : findings) found.insert(finding.invariant);
  std::set<std::string> wanted(expect.at_least.begin(), expect.at_least.end());
  if (expect.findings) {
    wanted.insert(expect.findings->begin(), expect.findings->end());
    std::ranges::set_difference(found, std::set(expect.findings->begin(), expect.findings->end()),
                                std::back_inserter(result.unexpected));
  }
  std::ranges::set_difference(wanted, found, std::back_inserter(result.missing));
  result.matched = result.missing.empty() && result.unexpected.empty();
  return result;
}

}  // namespace barnacle
