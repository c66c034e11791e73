// Reports for people. A finding is read by somebody in a hurry: what is wrong, where, who did it, how to see it again.
#pragma once

#include <string>
#include <vector>

#include "harness/engine/replay.h"

namespace barnacle {

// One replay with all that its report names. What it points to has to outlive it.
struct ReplayReport {
  const Scenario& scenario;
  const Timeline& timeline;  // played with `details`
  std::string subject;       // "model:kata-3.16.0"
  std::string command;       // that shows the same again: "barnacle replay x.toml"
};

// Title, steps with their results, findings, verdict, digest, and whether what was expected was found.
std::string replay_text(const ReplayReport& report);

// The findings alone, those of one invariant together: the first in full, of the others a few paths.
std::string findings_text(const ReplayReport& report);

// "1 install kata-deploy {…}    2 restart-pod": the scenario's first `count` steps, in lines of at most 120 columns.
std::string sequence_text(const Scenario& scenario, std::size_t count, std::string_view indent);

}  // namespace barnacle
