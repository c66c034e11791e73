// What a sandbox uses, looked at now and then from outside: limits that the kernel does not hold for us. No control
// groups: a folder of them would stay behind when the driver is killed, and ordinary users have none.
#pragma once

#include <cstdint>
#include <filesystem>

namespace barnacle::helper {

struct Usage {
  int processes = 0;
  std::uint64_t memory_bytes = 0;  // resident; pages that processes share count for each
};

// proc: the /proc of the sandbox's PID namespace.
Usage measure_usage(int proc);

// As measure_usage, without pages of files: slower, and exact enough to kill by.
std::uint64_t measure_own_memory(int proc);

// Allocated bytes below a folder, links not followed; stops counting above a limit.
std::uint64_t measure_disk(const std::filesystem::path& folder, std::uint64_t limit);

}  // namespace barnacle::helper
