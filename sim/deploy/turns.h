// Runs on one node that take turns: one that is preempted, and what runs meanwhile. Without it a run is never
// interrupted.
#pragma once

#include <functional>

#include "sim/deploy/frozen_host.h"

namespace barnacle {

class Execution;

struct Turns {
  // Starts what else is due on the node, on `host` as the preempted run left it, which becomes what they leave. False
  // when nothing is due.
  std::function<bool(HostPtr& host)> others;
  // The first of the others is preempted in turn after so many of its effects, and the preempted run goes on to its
  // end; 0: the others run to their ends first.
  int until = 0;
  Execution* first = nullptr;   // the preempted run, while it waits
  Execution* holder = nullptr;  // of the lock that the logic takes
};

}  // namespace barnacle
