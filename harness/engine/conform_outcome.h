// What a recording's outcome.json says against what the model's steps came to.
#pragma once

#include <string>
#include <vector>

#include "harness/engine/outcome.h"
#include "harness/engine/simulation.h"

namespace barnacle {

// Exit statuses of the Helm commands; pods by owner in order of creation, with their container starts, the exit
// statuses of cleanup containers and the last log line of each container that failed, numbers aside. One line per
// difference.
std::vector<std::string> compare_outcome(const Outcome& recorded, const std::vector<StepRecord>& steps);

}  // namespace barnacle
