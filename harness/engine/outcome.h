// outcome.json of a recording: what was given, and what Helm and the pods came to.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "sim/helm/helm.h"

namespace barnacle {

struct GivenStep {
  std::string what;  // "install", "upgrade"
  std::string release;
  Values values;
};

struct HelmCommand {
  std::string command;
  int status = 0;
};

struct ContainerRun {
  int exit_code = 0;
  std::string last_line;  // of its log
};

struct RecordedPod {
  std::string name;
  std::string role;  // "install" for a DaemonSet's pod, "cleanup" for a Job's
  std::string owner;
  std::vector<ContainerRun> starts;
};

struct Outcome {
  std::vector<GivenStep> given;
  std::vector<HelmCommand> helm;
  std::vector<RecordedPod> pods;      // in order of creation
  std::vector<std::string> listings;  // names of files
};

// The error is one line.
std::expected<Outcome, std::string> parse_outcome(std::string_view json);

}  // namespace barnacle
