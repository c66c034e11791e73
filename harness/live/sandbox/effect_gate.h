// The effect gate: every system call of a container that would change the simulated node's files stops, is numbered,
// and is let through, failed, or made the last thing that the container ever did. The kernel stops it (seccomp user
// notification), so programs need no preparation and may be static.
#pragma once

#include <functional>
#include <string>

namespace barnacle {

// One mutating call. A write is covered by the open for writing that precedes it.
struct StoppedEffect {
  int number = 0;            // from 1, only for changes below the node's mounts; 0 for connect() and, on demand, reads
  std::string call = {};     // "openat", "renameat2", …
  std::string path = {};     // on the node ("/etc/containerd/config.toml"); for connect the address
  std::string path2 = {};    // the second path of rename, link; the target of symlink
  std::string flags = {};    // of open: "create truncate"; else ""
  int pid = 0;               // as the driver sees it
  std::string program = {};  // the name of the process's program, at most 15 bytes
};

// What the gate does with an effect.
struct Ruling {
  enum class Kind { go_on, fail, kill } kind = Kind::go_on;  // kill: this call is not done, and nothing after it
  int error = 0;                                             // of fail: an errno
};

using GateHandler = std::function<Ruling(const StoppedEffect&)>;

}  // namespace barnacle
