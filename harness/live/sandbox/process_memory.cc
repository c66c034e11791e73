#include "harness/live/sandbox/process_memory.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <filesystem>

#include <fmt/format.h>

namespace barnacle {

namespace {

constexpr std::size_t kPage = 4096;
constexpr int kMaxLinks = 40;  // as the kernel

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

 private:
  int number_;
};

Descriptor open_in(int root, const std::string& path, std::uint64_t flags) {
  open_how how{};
  how.flags = flags | O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return Descriptor(static_cast<int>(syscall(SYS_openat2, root, path.c_str(), &how, sizeof how)));
}

std::optional<std::string> read_link(const std::string& name) {
  char target[PATH_MAX];
  const ssize_t size = readlink(name.c_str(), target, sizeof target);
  if (size <= 0) return std::nullopt;
  return std::string(target, static_cast<std::size_t>(size));
}

std::string joined(const std::string& folder, const std::string& name) {
  return (folder == "/" ? "" : folder) + "/" + name;
}

// Of the links in a folder's path the kernel tells where they lead.
std::optional<std::string> real_folder(int root, const std::string& path) {
  const Descriptor folder = open_in(root, path, O_DIRECTORY);
  if (!folder) return std::nullopt;
  return read_link(fmt::format("/proc/self/fd/{}", folder.number()));
}

}  // namespace

std::optional<std::string> read_bytes(unsigned pid, std::uint64_t address, std::size_t size) {
  const Descriptor memory(open(fmt::format("/proc/{}/mem", pid).c_str(), O_RDONLY | O_CLOEXEC));
  if (!memory) return std::nullopt;
  std::string bytes(size, '\0');
  const ssize_t done = pread(memory.number(), bytes.data(), size, static_cast<off_t>(address));
  if (done != static_cast<ssize_t>(size)) return std::nullopt;
  return bytes;
}

std::optional<std::string> read_string(unsigned pid, std::uint64_t address) {
  const Descriptor memory(open(fmt::format("/proc/{}/mem", pid).c_str(), O_RDONLY | O_CLOEXEC));
  if (!memory) return std::nullopt;
  std::string text;
  while (text.size() < PATH_MAX) {
    // To the end of the page: the next one may not be there.
    const std::size_t room = kPage - (address + text.size()) % kPage;
    char part[kPage];
    const ssize_t size = pread(memory.number(), part, room, static_cast<off_t>(address + text.size()));
    if (size <= 0) return std::nullopt;
    const std::string_view found(part, static_cast<std::size_t>(size));
    const std::size_t end = found.find('\0');
    text += found.substr(0, end);
    if (end != std::string_view::npos) return text;
  }
  return std::nullopt;
}

std::optional<std::string> path_of_descriptor(unsigned pid, int descriptor) {
  const std::string name =
      descriptor == AT_FDCWD ? fmt::format("/proc/{}/cwd", pid) : fmt::format("/proc/{}/fd/{}", pid, descriptor);
  std::optional<std::string> path = read_link(name);
  if (!path || !path->starts_with('/')) return std::nullopt;
  constexpr std::string_view kDeleted = " (deleted)";
  if (path->ends_with(kDeleted)) path->resize(path->size() - kDeleted.size());
  return path;
}

std::optional<std::string> resolve_path(unsigned pid, int folder, const std::string& path, bool follow_last) {
  std::string wanted = path;
  if (!path.starts_with('/')) {
    const std::optional<std::string> start = path_of_descriptor(pid, folder);
    if (!start) return std::nullopt;
    if (path.empty()) return start;
    wanted = joined(*start, path);
  }
  const Descriptor root(open(fmt::format("/proc/{}/root", pid).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root) return std::nullopt;
  for (int links = 0; links < kMaxLinks; ++links) {
    while (wanted.size() > 1 && wanted.ends_with('/')) wanted.pop_back();
    const std::filesystem::path whole(wanted);
    const std::string last = whole.filename().string();
    if (last.empty() || last == "." || last == "..") return real_folder(root.number(), wanted).value_or(wanted);
    const std::optional<std::string> parent = real_folder(root.number(), whole.parent_path().string());
    if (!parent) return whole.lexically_normal().string();
    wanted = joined(*parent, last);
    if (!follow_last) return wanted;
    const Descriptor link = open_in(root.number(), wanted, O_NOFOLLOW);
    char target[PATH_MAX];
    const ssize_t size = link ? readlinkat(link.number(), "", target, sizeof target) : -1;
    if (size <= 0) return wanted;
    const std::string next(target, static_cast<std::size_t>(size));
    wanted = next.starts_with('/') ? next : joined(*parent, next);
  }
  return wanted;
}

}  // namespace barnacle
