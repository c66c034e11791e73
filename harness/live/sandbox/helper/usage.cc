#include "harness/live/sandbox/helper/usage.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <string>

namespace barnacle::helper {

namespace {

constexpr std::uint64_t kBytesPerFile = 512;  // so that empty files count, too

void for_each_process(int proc, const std::function<void(const std::string& number)>& visit) {
  const int copy = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return;
  DIR* folder = fdopendir(copy);
  while (const dirent* entry = readdir(folder)) {
    if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9') visit(entry->d_name);
  }
  closedir(folder);
}

std::string read_small(int proc, const std::string& name) {
  const int file = openat(proc, name.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return "";
  std::string text(4096, '\0');
  const ssize_t size = read(file, text.data(), text.size());
  close(file);
  text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return text;
}

std::uint64_t kilobytes_of(const std::string& status, const char* key) {
  const std::size_t at = status.find(key);
  if (at == std::string::npos) return 0;
  return std::strtoull(status.c_str() + at + std::string_view(key).size(), nullptr, 10);
}

}  // namespace

Usage measure_usage(int proc) {
  static const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  Usage usage;
  for_each_process(proc, [&](const std::string& number) {
    ++usage.processes;
    const std::string text = read_small(proc, number + "/statm");
    const std::size_t space = text.find(' ');
    if (space != std::string::npos) usage.memory_bytes += page * std::strtoull(text.c_str() + space, nullptr, 10);
  });
  return usage;
}

std::uint64_t measure_own_memory(int proc) {
  std::uint64_t total = 0;
  for_each_process(proc, [&](const std::string& number) {
    const std::string status = read_small(proc, number + "/status");
    total += 1024 * (kilobytes_of(status, "RssAnon:") + kilobytes_of(status, "RssShmem:"));
  });
  return total;
}

std::uint64_t measure_disk(const std::filesystem::path& folder, std::uint64_t limit) {
  std::uint64_t total = 0;
  std::error_code error;
  using Iterator = std::filesystem::recursive_directory_iterator;
  for (Iterator entry(folder, std::filesystem::directory_options::skip_permission_denied, error), end;
       !error && entry != end && total <= limit; entry.increment(error)) {
    struct stat status{};
    if (lstat(entry->path().c_str(), &status) == 0) {
      total += kBytesPerFile + 512 * static_cast<std::uint64_t>(status.st_blocks);
    }
  }
  return total;
}

}  // namespace barnacle::helper
