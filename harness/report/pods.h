// The pods of a step, as far as they failed: cleanup pods with their errors, and crash loops.
#pragma once

#include <string>
#include <vector>

#include "harness/engine/simulation.h"

namespace barnacle {

// Pods of a cleanup Job that ended alike, one after the other: numbers `first` to `last`, in order of creation.
struct CleanupPods {
  int first = 1;
  int last = 1;
  int exit_code = 0;
  std::string last_line;  // of the log
};

struct CleanupSummary {
  std::string job;  // the first one's name
  int jobs = 0;
  int pods = 0;
  bool failed = false;  // one of the pods did
  std::vector<CleanupPods> groups;
};
CleanupSummary cleanup_of(const StepRecord& record);

// A pod of the release whose last start ended in an error.
struct FailingPod {
  std::string pod;
  std::string node;
  std::string release;
  int starts = 0;
  int exit_code = 0;
  bool refused = false;                 // says that it refuses its values
  std::string struck;                   // the fault, where one struck the last start
  std::vector<std::string> last_lines;  // of the last start's log, three at most
};
std::vector<FailingPod> failing_pods(const StepRecord& record);

}  // namespace barnacle
