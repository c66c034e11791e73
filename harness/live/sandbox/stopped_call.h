// A system call that the kernel has stopped for the effect gate, read from its process.
#pragma once

#include <linux/seccomp.h>

#include <optional>
#include <string>

namespace barnacle {

// Paths are absolute, as the process's mount namespace has them, their folders' links followed.
struct StoppedCall {
  std::string name =
      {};  // of the system call; open, openat and openat2 are all "open", and so on: the word without "at"
  std::string path = {};
  std::string path2 = {};
  std::string flags = {};  // of open
  bool mutates = true;     // false: connect, and opens for reading
};

// nullopt where it changes nothing that has a name (a pipe, a socket), or its process is gone.
std::optional<StoppedCall> read_stopped_call(const seccomp_notif& stopped);

// The name of its program, at most 15 bytes, and the id of its mount namespace.
std::string program_name(unsigned pid);
std::string mount_namespace(unsigned pid);

}  // namespace barnacle
