// Which steps of a scenario a recording holds, and which listing shows the host after which of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/engine/outcome.h"
#include "harness/scenario/scenario.h"

namespace barnacle {

struct PlannedListing {
  std::string file;  // "02-after-restart1.txt"
  std::string node;
};

struct Play {
  Step step;
  std::vector<PlannedListing> listings;  // one, or none after an uninstall that was not listed
};

struct RecordingPlan {
  std::vector<PlannedListing> before;  // 00-…
  std::vector<Play> plays;
  std::vector<PlannedListing> at_the_end;  // of other nodes: 90-node-b-…
  std::vector<std::string> problems;       // where recording and scenario do not fit together
};

// "02-after-restart1.txt", and not "summary.txt".
bool is_listing(std::string_view file);

// `files`: names of the listings, sorted. Each belongs to the first node of the scenario unless it names another. A
// step is played if it has a listing, restart-pod as often as it has; after the first step without one only uninstalls
// are played. Installs and upgrades take the values that were given, in order.
RecordingPlan plan_recording(const Scenario& scenario, const std::vector<GivenStep>& given,
                             const std::vector<std::string>& files);

}  // namespace barnacle
