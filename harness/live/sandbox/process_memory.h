// What a stopped process's system call points to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace barnacle {

// A string up to its zero; at most PATH_MAX bytes.
std::optional<std::string> read_string(unsigned pid, std::uint64_t address);
std::optional<std::string> read_bytes(unsigned pid, std::uint64_t address, std::size_t size);

// What an open file of a process, or its working directory with AT_FDCWD, is called in its mount namespace. nullopt:
// nothing that has a path.
std::optional<std::string> path_of_descriptor(unsigned pid, int descriptor);

// The path that the process means by a path relative to a folder: absolute in its mount namespace, links in it followed
// as the process would, the last part only where follow_last. What does not exist yet is kept as it is.
std::optional<std::string> resolve_path(unsigned pid, int folder, const std::string& path, bool follow_last);

}  // namespace barnacle
