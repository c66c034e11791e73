// What the node answers when a program inside a sandbox calls systemctl, containerd or crio: the simulated units and
// runtime, over the files as they are at that moment.
#pragma once

#include "harness/live/sandbox/sandbox.h"
#include "sim/host/host.h"

namespace barnacle {

// `host` holds the node's present files; what its units do is done to it.
Answer answer_on_node(Host& host, const StandInCall& call, Time now);

}  // namespace barnacle
