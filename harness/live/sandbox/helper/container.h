// The last steps of the container's main process.
#pragma once

#include "harness/live/sandbox/sandbox.h"

namespace barnacle::helper {

// What root inside may still do: its files, its ids, and the setns of nsenter.
void drop_capabilities();

// PID 1 and the main process: no new privileges, and the filter of refused calls.
void lock_down();

// Limits, descriptors, gate (its listener goes to the report socket), and exec.
[[noreturn]] void run_main(const SandboxSpec& spec, int report);

}  // namespace barnacle::helper
