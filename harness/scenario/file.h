// Reading a file that somebody else wrote, and writing one so that nobody ever sees half of it.
#pragma once

#include <cstddef>
#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace barnacle {

struct FileError {
  std::string what;  // one line, lower case, without the file's name: "is a directory"
};

inline constexpr std::size_t kLargestInput = std::size_t{1} << 20;

// The contents of a regular file of at most `limit` bytes. Never blocks on a FIFO or a terminal.
std::expected<std::string, FileError> read_file(const std::string& path, std::size_t limit = kLargestInput);

// The paths of a folder's entries, in the order of their names.
std::expected<std::vector<std::filesystem::path>, FileError> list_folder(const std::filesystem::path& folder);

// Replaces the file as a whole: a temporary file beside it, flushed to the disk, then renamed. On an error the old file
// is as it was and nothing is left behind.
std::expected<void, FileError> write_file(const std::string& path, std::string_view contents);

}  // namespace barnacle
