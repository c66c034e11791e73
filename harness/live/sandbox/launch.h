// Starts barnacle-sandbox and waits until the main process of its sandbox runs.
#pragma once

#include <sys/types.h>

#include "harness/live/sandbox/sandbox.h"

namespace barnacle {

// What a running sandbox is driven by. The descriptors do not block and are closed on exec.
struct Launched {
  pid_t helper = -1;
  int control = -1;
  int output = -1;
  int trace = -1;
  int stand_in_listener = -1;
  int api_listener = -1;  // -1: none was wanted
  int gate = -1;
  std::string node_view = {};  // the id of PID 1's mount namespace, as /proc/PID/ns/mnt tells it
};

std::expected<Launched, std::string> launch(const SandboxSpec& spec);

}  // namespace barnacle
