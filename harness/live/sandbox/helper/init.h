// The first process of a sandbox: it puts the views together. With host_pid it stays, as the node's init; else it
// becomes the container's main process.
#pragma once

#include "harness/live/sandbox/helper/trees.h"

namespace barnacle::helper {

struct InitLinks {
  int go = -1;      // a byte comes when the user namespace has its ids; end of file: give up
  int report = -1;  // SOCK_SEQPACKET to the supervisor; it closes when the main process is running
  int status = -1;  // with host_pid: the main process's wait status, as an int
};

// trees: opened already for identity shifted, else it opens them itself.
[[noreturn]] void run_init(const SandboxSpec& spec, Identity identity, Trees trees, const InitLinks& links);

}  // namespace barnacle::helper
