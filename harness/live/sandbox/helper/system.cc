#include "harness/live/sandbox/helper/system.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>

#include "harness/live/sandbox/wire.h"

namespace barnacle::helper {

namespace {

int failure_socket = -1;

}  // namespace

void report_failures_to(int socket) { failure_socket = socket; }

void fail_with_line(const std::string& line) {
  send_message(failure_socket, {.kind = MessageKind::failed, .text = line, .descriptors = {}});
  _exit(125);
}

void fail(std::string_view what) {
  const int error = errno;
  fail_with_line(std::string(what) + ": " + std::strerror(error));
}

void check(bool done, std::string_view what) {
  if (!done) fail(what);
}

void write_text(const std::string& path, std::string_view text) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  check(file >= 0, "opening " + path);
  check(write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()), "writing " + path);
  close(file);
}

void make_folder(const std::string& path) {
  if (mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return;
  const std::size_t slash = path.rfind('/');
  check(errno == ENOENT && slash != std::string::npos && slash > 0, "making the folder " + path);
  make_folder(path.substr(0, slash));
  check(mkdir(path.c_str(), 0755) == 0 || errno == EEXIST, "making the folder " + path);
}

bool is_folder(const std::string& path) {
  struct stat status{};
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

bool is_real_folder(const std::string& path) {
  struct stat status{};
  return lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

bool is_link(const std::string& path) {
  struct stat status{};
  return lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode);
}

std::string link_target(const std::string& path) {
  std::string target(PATH_MAX, '\0');
  const ssize_t size = readlink(path.c_str(), target.data(), target.size());
  target.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return target;
}

void mount_at(const char* source, const std::string& target, const char* type, unsigned long flags,
              const std::string& options) {
  check(mount(source, target.c_str(), type, flags, options.c_str()) == 0,
        std::string("mounting ") + type + " at " + target);
}

int copy_tree(int descriptor, bool recursive, std::string_view what) {
  const unsigned flags = AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0U);
  const int tree = open_tree(descriptor, "", flags);
  check(tree >= 0, "binding " + std::string(what));
  return tree;
}

bool set_attributes(int tree, const Attributes& attributes, bool recursive) {
  mount_attr wanted{};
  wanted.attr_set = MOUNT_ATTR_NOSUID;
  if (!attributes.devices) wanted.attr_set |= MOUNT_ATTR_NODEV;
  if (attributes.read_only) wanted.attr_set |= MOUNT_ATTR_RDONLY;
  if (attributes.user_namespace >= 0) {
    wanted.attr_set |= MOUNT_ATTR_IDMAP;
    wanted.userns_fd = static_cast<std::uint64_t>(attributes.user_namespace);
  }
  const unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0U);
  return mount_setattr(tree, "", flags, &wanted, sizeof wanted) == 0;
}

void attach_tree(int tree, const std::string& target) {
  check(move_mount(tree, "", AT_FDCWD, target.c_str(), MOVE_MOUNT_F_EMPTY_PATH) == 0, "mounting at " + target);
  close(tree);
}

void bind_mount(const std::string& source, const std::string& target) {
  check(mount(source.c_str(), target.c_str(), nullptr, MS_BIND | MS_REC, nullptr) == 0,
        "binding " + source + " at " + target);
}

void make_read_only(const std::string& target) {
  mount_attr wanted{};
  wanted.attr_set = MOUNT_ATTR_RDONLY;
  check(mount_setattr(AT_FDCWD, target.c_str(), 0, &wanted, sizeof wanted) == 0, "making read-only: " + target);
}

int open_below(int folder, const std::string& path, std::uint64_t flags) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(syscall(SYS_openat2, folder, path.c_str(), &how, sizeof how));
}

}  // namespace barnacle::helper
