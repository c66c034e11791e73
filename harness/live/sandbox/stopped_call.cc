#include "harness/live/sandbox/stopped_call.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <unordered_map>

#include <fmt/format.h>

#include "harness/live/sandbox/process_memory.h"

namespace barnacle {

namespace {

// Which arguments of a call name a file: -1 for none. A folder of -1 is the working directory.
struct Shape {
  const char* name;
  int folder = -1;
  int path = -1;
  int folder2 = -1;
  int path2 = -1;
  int descriptor = -1;         // instead of a path
  bool follows = false;        // a link as the last part is followed
  int no_follow_flags = -1;    // the argument with AT_SYMLINK_NOFOLLOW
  bool first_is_text = false;  // symlink: the first path is the link's text
};

const Shape* shape_of(int call) {
  static const std::unordered_map<int, Shape> shapes = {
#if defined(__x86_64__)
      {SYS_rename, {.name = "rename", .path = 0, .path2 = 1}},
      {SYS_unlink, {.name = "unlink", .path = 0}},
      {SYS_rmdir, {.name = "rmdir", .path = 0}},
      {SYS_mkdir, {.name = "mkdir", .path = 0}},
      {SYS_link, {.name = "link", .path = 0, .path2 = 1}},
      {SYS_symlink, {.name = "symlink", .path = 1, .path2 = 0, .first_is_text = true}},
      {SYS_chmod, {.name = "chmod", .path = 0, .follows = true}},
      {SYS_chown, {.name = "chown", .path = 0, .follows = true}},
      {SYS_lchown, {.name = "chown", .path = 0}},
      {SYS_mknod, {.name = "mknod", .path = 0}},
      {SYS_utime, {.name = "utime", .path = 0, .follows = true}},
      {SYS_utimes, {.name = "utime", .path = 0, .follows = true}},
      {SYS_futimesat, {.name = "utime", .folder = 0, .path = 1, .follows = true}},
#endif
      {SYS_renameat, {.name = "rename", .folder = 0, .path = 1, .folder2 = 2, .path2 = 3}},
      {SYS_renameat2, {.name = "rename", .folder = 0, .path = 1, .folder2 = 2, .path2 = 3}},
      {SYS_unlinkat, {.name = "unlink", .folder = 0, .path = 1}},
      {SYS_mkdirat, {.name = "mkdir", .folder = 0, .path = 1}},
      {SYS_linkat, {.name = "link", .folder = 0, .path = 1, .folder2 = 2, .path2 = 3}},
      {SYS_symlinkat, {.name = "symlink", .folder = 1, .path = 2, .path2 = 0, .first_is_text = true}},
      {SYS_mknodat, {.name = "mknod", .folder = 0, .path = 1}},
      {SYS_fchmod, {.name = "chmod", .descriptor = 0}},
      {SYS_fchmodat, {.name = "chmod", .folder = 0, .path = 1, .follows = true}},
      {452 /* fchmodat2 */, {.name = "chmod", .folder = 0, .path = 1, .follows = true, .no_follow_flags = 3}},
      {SYS_fchown, {.name = "chown", .descriptor = 0}},
      {SYS_fchownat, {.name = "chown", .folder = 0, .path = 1, .follows = true, .no_follow_flags = 4}},
      {SYS_truncate, {.name = "truncate", .path = 0, .follows = true}},
      {SYS_ftruncate, {.name = "truncate", .descriptor = 0}},
      {SYS_fallocate, {.name = "allocate", .descriptor = 0}},
      {SYS_utimensat, {.name = "utime", .folder = 0, .path = 1, .follows = true, .no_follow_flags = 3}},
      {SYS_setxattr, {.name = "setxattr", .path = 0, .follows = true}},
      {SYS_lsetxattr, {.name = "setxattr", .path = 0}},
      {SYS_fsetxattr, {.name = "setxattr", .descriptor = 0}},
      {SYS_removexattr, {.name = "removexattr", .path = 0, .follows = true}},
      {SYS_lremovexattr, {.name = "removexattr", .path = 0}},
      {SYS_fremovexattr, {.name = "removexattr", .descriptor = 0}},
  };
  const auto found = shapes.find(call);
  return found == shapes.end() ? nullptr : &found->second;
}

std::uint64_t argument(const seccomp_notif& stopped, int index) { return stopped.data.args[index]; }

int folder_of(const seccomp_notif& stopped, int index) {
  return index < 0 ? AT_FDCWD : static_cast<int>(argument(stopped, index));
}

// A path argument that is null stands for the folder's descriptor itself (utimensat, as futimens calls it).
std::optional<std::string> named_path(const seccomp_notif& stopped, int folder, int path, bool follows) {
  const std::uint64_t address = argument(stopped, path);
  if (address == 0) return path_of_descriptor(stopped.pid, folder_of(stopped, folder));
  const std::optional<std::string> text = read_string(stopped.pid, address);
  if (!text) return std::nullopt;
  return resolve_path(stopped.pid, folder_of(stopped, folder), *text, follows);
}

std::optional<StoppedCall> read_shaped(const seccomp_notif& stopped, const Shape& shape) {
  StoppedCall call{.name = shape.name, .path = "", .path2 = "", .flags = ""};
  std::optional<std::string> path;
  if (shape.descriptor >= 0) {
    path = path_of_descriptor(stopped.pid, folder_of(stopped, shape.descriptor));
  } else {
    const bool never =
        shape.no_follow_flags >= 0 && (argument(stopped, shape.no_follow_flags) & AT_SYMLINK_NOFOLLOW) != 0;
    path = named_path(stopped, shape.folder, shape.path, shape.follows && !never);
  }
  if (!path) return std::nullopt;
  call.path = *path;
  if (shape.first_is_text) {
    call.path2 = read_string(stopped.pid, argument(stopped, shape.path2)).value_or("");
  } else if (shape.path2 >= 0) {
    call.path2 = named_path(stopped, shape.folder2, shape.path2, false).value_or("");
  }
  return call;
}

std::string flag_words(std::uint64_t flags) {
  std::string words = (flags & O_ACCMODE) == O_RDONLY ? "read" : "write";
  if ((flags & O_CREAT) != 0) words += (flags & O_EXCL) != 0 ? " create-new" : " create";
  if ((flags & O_TRUNC) != 0) words += " truncate";
  if ((flags & O_APPEND) != 0) words += " append";
  return words;
}

std::optional<StoppedCall> read_open(const seccomp_notif& stopped, int folder, int path, std::uint64_t flags) {
  const bool follows = (flags & O_NOFOLLOW) == 0 && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
  const std::optional<std::string> name = named_path(stopped, folder, path, follows);
  if (!name) return std::nullopt;
  const bool mutates = (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) != 0;
  return StoppedCall{.name = "open", .path = *name, .path2 = "", .flags = flag_words(flags), .mutates = mutates};
}

std::optional<StoppedCall> read_openat2(const seccomp_notif& stopped) {
  const std::optional<std::string> bytes = read_bytes(stopped.pid, argument(stopped, 2), sizeof(std::uint64_t));
  if (!bytes) return std::nullopt;
  std::uint64_t flags = 0;
  std::memcpy(&flags, bytes->data(), sizeof flags);
  return read_open(stopped, 0, 1, flags);
}

std::string address_text(const std::string& bytes) {
  sockaddr_in address{};
  if (bytes.size() >= sizeof address) std::memcpy(&address, bytes.data(), sizeof address);
  if (address.sin_family == AF_INET) {
    char text[INET_ADDRSTRLEN] = "";
    inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
    return fmt::format("{}:{}", text, ntohs(address.sin_port));
  }
  return "";
}

std::optional<StoppedCall> read_connect(const seccomp_notif& stopped) {
  const std::uint64_t size = argument(stopped, 2);
  if (size < sizeof(sockaddr_in) || size > sizeof(sockaddr_storage)) return std::nullopt;
  const std::optional<std::string> bytes = read_bytes(stopped.pid, argument(stopped, 1), size);
  const std::string text = bytes ? address_text(*bytes) : "";
  if (text.empty()) return std::nullopt;
  return StoppedCall{.name = "connect", .path = text, .path2 = "", .flags = "", .mutates = false};
}

}  // namespace

std::optional<StoppedCall> read_stopped_call(const seccomp_notif& stopped) {
  switch (stopped.data.nr) {
#if defined(__x86_64__)
    case SYS_open: return read_open(stopped, -1, 0, argument(stopped, 1));
    case SYS_creat: return read_open(stopped, -1, 0, O_WRONLY | O_CREAT | O_TRUNC);
#endif
    case SYS_openat: return read_open(stopped, 0, 1, argument(stopped, 2));
    case SYS_openat2: return read_openat2(stopped);
    case SYS_connect: return read_connect(stopped);
    default: break;
  }
  const Shape* shape = shape_of(stopped.data.nr);
  return shape == nullptr ? std::nullopt : read_shaped(stopped, *shape);
}

std::string program_name(unsigned pid) {
  std::ifstream file(fmt::format("/proc/{}/comm", pid));
  std::string name;
  std::getline(file, name);
  return name;
}

std::string mount_namespace(unsigned pid) {
  std::error_code error;
  return std::filesystem::read_symlink(fmt::format("/proc/{}/ns/mnt", pid), error).string();
}

}  // namespace barnacle
