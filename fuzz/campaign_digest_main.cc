// The digest of a campaign, from a build that has no need of the whole program: it folds every world that was played,
// and no compiler or sanitizer may change it.
//   campaign_digest SEED SEQUENCES    as `barnacle run --seed SEED --sequences SEQUENCES` prints it
// BARNACLE_SUBJECT names the subject (default model:kata).
// Status 0, or 2 for bad usage.
#include <fmt/format.h>

#include <atomic>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/lifecycle_play.h"
#include "harness/engine/campaign.h"

namespace barnacle::fuzz {
namespace {

int refuse(const std::string& line) {
  fmt::print(stderr, "barnacle: {}\n", line);
  return 2;
}

std::optional<std::uint64_t> number_of(const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.size() != 2) return refuse("usage: campaign_digest SEED SEQUENCES");
  const auto seed = number_of(arguments[0]);
  const auto sequences = number_of(arguments[1]);
  if (!seed || !sequences || *sequences == 0)
    return refuse("campaign_digest: SEED is a number, and SEQUENCES one from 1");
  CampaignOptions options;
  options.seed = *seed;
  options.sequences = *sequences;
  const std::atomic<bool> never_stop{false};
  const CampaignResult result =
      run_campaign(*lifecycle().catalogue, lifecycle().subject, options, [](const CampaignProgress&) {}, never_stop);
  fmt::print("{}\n", to_hex(result.digest));
  return 0;
}

}  // namespace
}  // namespace barnacle::fuzz

int main(int argc, char** argv) { return barnacle::fuzz::run({argv + 1, argv + argc}); }
