// The process between the driver and a sandbox, outside of it: it starts the first process, hands on what it reports,
// holds the limits, and ends everything when it is told to or the driver is gone.
#pragma once

#include "harness/live/sandbox/sandbox.h"

namespace barnacle::helper {

[[noreturn]] void supervise(const SandboxSpec& spec);

}  // namespace barnacle::helper
