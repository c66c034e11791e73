// What a scenario expects, held against what was found.
#pragma once

#include <string>
#include <vector>

#include "harness/engine/replay.h"

namespace barnacle {

struct ExpectationResult {
  bool present = false;  // the scenario expects something
  bool matched = true;
  std::vector<std::string> missing;     // expected, not found
  std::vector<std::string> unexpected;  // found, although `findings` names the exact set
};

ExpectationResult compare_expectation(const Expectation& expect, const std::vector<Finding>& findings);

}  // namespace barnacle
