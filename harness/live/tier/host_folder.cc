#include "harness/live/tier/host_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>
#include <vector>

#include "harness/live/tier/descriptor.h"

namespace barnacle {
namespace {

using Done = std::expected<void, std::string>;

constexpr std::int64_t kNanoseconds = 1'000'000'000;
constexpr std::uint64_t kLargestFile = std::uint64_t{256} << 20;

std::unexpected<std::string> trouble(const std::string& path) {
  return std::unexpected(fmt::format("{}: {}", path, std::system_category().message(errno)));
}

std::int64_t in_nanoseconds(const struct ::timespec& time) {
  return static_cast<std::int64_t>(time.tv_sec) * kNanoseconds + time.tv_nsec;
}

// Which file dates are "now": the kernel's coarse clock stamps them.
std::int64_t file_clock() {
  struct ::timespec time{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &time);
  return in_nanoseconds(time);
}

std::optional<FileKind> kind_of(const struct ::stat& status) {
  if (S_ISDIR(status.st_mode)) return FileKind::directory;
  if (S_ISREG(status.st_mode)) return FileKind::file;
  if (S_ISLNK(status.st_mode)) return FileKind::symlink;
  return std::nullopt;
}

// The directory that holds `path`, opened link by link below `root`; nothing on the way may be a symbolic link.
std::expected<Descriptor, std::string> open_parent(int root, const std::string& path) {
  Descriptor at(::openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::string_view parent = parent_path(path);
  for (std::size_t begin = 1; begin < parent.size();) {
    const std::size_t end = std::min(parent.find('/', begin), parent.size());
    const std::string name(parent.substr(begin, end - begin));
    at = Descriptor(::openat(at.number(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!at.valid()) return trouble(path);
    begin = end + 1;
  }
  return at;
}

bool remove_below(int parent, const char* name);

bool empty_directory(int folder) {
  DIR* entries = ::fdopendir(::dup(folder));
  if (entries == nullptr) return false;
  bool good = true;
  while (const struct ::dirent* entry = ::readdir(entries)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") good = remove_below(folder, entry->d_name) && good;
  }
  ::closedir(entries);
  return good;
}

bool remove_below(int parent, const char* name) {
  if (::unlinkat(parent, name, 0) == 0 || errno == ENOENT) return true;
  if (errno != EISDIR && errno != EPERM) return false;
  const Descriptor folder(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder.valid() || !empty_directory(folder.number())) return false;
  return ::unlinkat(parent, name, AT_REMOVEDIR) == 0;
}

Done write_all(int file, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return trouble(path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

std::expected<std::string, std::string> read_all(int parent, const char* name, const std::string& path) {
  const Descriptor file(::openat(parent, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!file.valid()) return trouble(path);
  std::string bytes;
  std::vector<char> buffer(std::size_t{64} << 10);
  for (;;) {
    const ssize_t count = ::read(file.number(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return trouble(path);
    if (count == 0) return bytes;
    bytes.append(buffer.data(), static_cast<std::size_t>(count));
    if (bytes.size() > kLargestFile) return std::unexpected(path + ": is larger than a node's file may be");
  }
}

std::expected<std::string, std::string> read_link(int parent, const char* name, const std::string& path) {
  std::string target(4096, '\0');
  const ssize_t length = ::readlinkat(parent, name, target.data(), target.size());
  if (length < 0) return trouble(path);
  target.resize(static_cast<std::size_t>(length));
  return target;
}

}  // namespace

// Writes entries with the attributes of a tree.
struct HostFolder::Writer {
  int root;
  std::map<std::string, Stamp>& stamps;

  Done write(const std::string& path, const Node& node) const {
    auto parent = open_parent(root, path);
    if (!parent) return std::unexpected(parent.error());
    return write_at(parent->number(), path, node);
  }

  Done write_at(int parent, const std::string& path, const Node& node) const {
    const std::string name(base_name(path));
    switch (node.kind) {
      case FileKind::directory: return write_directory(parent, name, path, node);
      case FileKind::file: return write_file(parent, name, path, node);
      case FileKind::symlink:
        if (::symlinkat(node.blob->bytes.c_str(), parent, name.c_str()) != 0) return trouble(path);
        return finish(parent, name, path, node);
    }
    return {};
  }

  Done write_directory(int parent, const std::string& name, const std::string& path, const Node& node) const {
    if (::mkdirat(parent, name.c_str(), 0700) != 0 && errno != EEXIST) return trouble(path);
    const Descriptor folder(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!folder.valid()) return trouble(path);
    for (const Child& child : node.children) {
      if (Done done = write_at(folder.number(), join(path, *child.name), *child.node); !done) return done;
    }
    return attributes(folder.number(), path, node);
  }

  Done write_file(int parent, const std::string& name, const std::string& path, const Node& node) const {
    {
      const Descriptor file(::openat(parent, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
      if (!file.valid()) return trouble(path);
      if (Done done = write_all(file.number(), node.blob->bytes, path); !done) return done;
      if (Done done = attributes(file.number(), path, node); !done) return done;
    }
    return finish(parent, name, path, node);
  }

  static Done attributes(int entry, const std::string& path, const Node& node) {
    if (::geteuid() == 0 && ::fchown(entry, node.attributes.uid, node.attributes.gid) != 0) return trouble(path);
    return ::fchmod(entry, node.attributes.mode) == 0 ? Done{} : Done{trouble(path)};
  }

  // The date comes last.
  Done finish(int parent, const std::string& name, const std::string& path, const Node& node) const {
    const struct ::timespec date{.tv_sec = node.attributes.mtime, .tv_nsec = 0};
    const struct ::timespec dates[2] = {date, date};
    if (::utimensat(parent, name.c_str(), dates, AT_SYMLINK_NOFOLLOW) != 0) return trouble(path);
    struct ::stat status{};
    if (::fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return trouble(path);
    stamps[path] = stamp_of(status);
    return {};
  }
};

// Reads the folder into a copy of the tree that it held.
struct HostFolder::Reader {
  Store& store;
  std::map<std::string, Stamp>& stamps;
  Time now;
  std::int64_t put_at_ns;
  FileTree tree;

  struct Entry {
    std::string name;
    struct ::stat status;
    FileKind kind;
  };

  static std::vector<Entry> entries_of(int folder) {
    std::vector<Entry> entries;
    DIR* listing = ::fdopendir(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (listing == nullptr) return entries;
    while (const struct ::dirent* entry = ::readdir(listing)) {
      const std::string name = entry->d_name;
      struct ::stat status{};
      if (name == "." || name == ".." || ::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
      if (const auto kind = kind_of(status)) entries.push_back({name, status, *kind});
    }
    ::closedir(listing);
    std::ranges::sort(entries, {}, &Entry::name);
    return entries;
  }

  Done read(int folder, const std::string& path, const Node* known) {
    const std::vector<Entry> entries = entries_of(folder);
    if (known != nullptr) {
      for (const Child& child : known->children) {
        if (std::ranges::find(entries, *child.name, &Entry::name) == entries.end()) forget(join(path, *child.name));
      }
    }
    for (const Entry& entry : entries) {
      const Node* before = known != nullptr ? known->children.find(entry.name) : nullptr;
      if (Done done = read_entry(folder, join(path, entry.name), entry, before); !done) return done;
    }
    return {};
  }

  Done read_entry(int folder, const std::string& path, const Entry& entry, const Node* before) {
    if (before != nullptr && before->kind != entry.kind) {
      forget(path);
      before = nullptr;
    }
    if (entry.kind == FileKind::directory) return read_directory(folder, path, entry, before);
    Stamp stamp = stamp_of(entry.status);
    const auto known = stamps.find(path);
    if (before != nullptr && known != stamps.end() && known->second == stamp) return {};
    auto bytes = entry.kind == FileKind::file ? read_all(folder, entry.name.c_str(), path)
                                              : read_link(folder, entry.name.c_str(), path);
    if (!bytes) return std::unexpected(bytes.error());
    const Attributes attributes = attributes_of(entry.status, before);
    if (entry.kind == FileKind::file) {
      (void)tree.put(path, store.intern(*bytes), attributes);
    } else {
      if (before != nullptr) (void)tree.unlink(path, now);
      (void)tree.make_symlink(path, *bytes, attributes.mtime);
      (void)tree.set_mtime(path, attributes.mtime);
    }
    // The wall's date must not come back when only a mode changes later.
    if (in_nanoseconds(entry.status.st_mtim) != attributes.mtime * kNanoseconds)
      stamp = dated(folder, entry.name, attributes.mtime).value_or(stamp);
    stamps[path] = stamp;
    return {};
  }

  static std::optional<Stamp> dated(int folder, const std::string& name, Time date) {
    const struct ::timespec dates[2] = {{.tv_sec = date, .tv_nsec = 0}, {.tv_sec = date, .tv_nsec = 0}};
    struct ::stat status{};
    if (::utimensat(folder, name.c_str(), dates, AT_SYMLINK_NOFOLLOW) != 0 ||
        ::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
      return std::nullopt;
    return stamp_of(status);
  }

  Done read_directory(int folder, const std::string& path, const Entry& entry, const Node* before) {
    const auto mode = static_cast<std::uint16_t>(entry.status.st_mode & 07777);
    if (before == nullptr) (void)tree.make_directory(path, now, mode);
    else if (before->attributes.mode != mode) (void)tree.set_mode(path, mode);
    if (before == nullptr || before->attributes.uid != entry.status.st_uid ||
        before->attributes.gid != entry.status.st_gid)
      set_owner(path, entry.status);
    const Descriptor below(::openat(folder, entry.name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!below.valid()) return trouble(path);
    return read(below.number(), path, before);
  }

  void set_owner(const std::string& path, const struct ::stat& status) {
    if (::geteuid() == 0) (void)tree.set_owner(path, status.st_uid, status.st_gid);
  }

  Attributes attributes_of(const struct ::stat& status, const Node* before) const {
    Attributes attributes;
    attributes.mode = static_cast<std::uint16_t>(status.st_mode & 07777);
    if (S_ISLNK(status.st_mode)) attributes.mode = before != nullptr ? before->attributes.mode : 0777;
    if (::geteuid() == 0) {
      attributes.uid = status.st_uid;
      attributes.gid = status.st_gid;
    }
    const std::int64_t modified = in_nanoseconds(status.st_mtim);
    const bool as_it_was = before != nullptr && modified == before->attributes.mtime * kNanoseconds;
    attributes.mtime = modified >= put_at_ns && !as_it_was ? now : static_cast<Time>(status.st_mtim.tv_sec);
    return attributes;
  }

  void forget(const std::string& path) {
    (void)tree.remove_all(path, now);
    stamps.erase(path);
    const std::string below = path + "/";
    for (auto at = stamps.lower_bound(below); at != stamps.end() && at->first.starts_with(below);)
      at = stamps.erase(at);
  }
};

HostFolder::Stamp HostFolder::stamp_of(const struct ::stat& status) {
  return {status.st_ino, in_nanoseconds(status.st_ctim)};
}

HostFolder::HostFolder(std::filesystem::path folder, Store& store)
    : folder_(std::move(folder)), present_(store, 0), put_at_ns_(file_clock()) {}

std::expected<void, std::string> HostFolder::put(const FileTree& tree) {
  const Descriptor root(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) return trouble(folder_.string());
  const Writer writer{root.number(), stamps_};
  std::string covered;  // a directory that came or went, with everything that is listed below it
  for (const TreeChange& change : diff(present_, tree, Compare::state)) {
    if (!covered.empty() && change.path.starts_with(covered)) continue;
    auto parent = open_parent(root.number(), change.path);
    if (!parent) return std::unexpected(parent.error());
    const bool both_directories = change.before != nullptr && change.after != nullptr &&
                                  change.before->kind == FileKind::directory &&
                                  change.after->kind == FileKind::directory;
    const std::string name(base_name(change.path));
    if (both_directories) {
      const Descriptor folder(
          ::openat(parent->number(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!folder.valid()) return trouble(change.path);
      if (Done done = Writer::attributes(folder.number(), change.path, *change.after); !done) return done;
      continue;
    }
    if (!remove_below(parent->number(), name.c_str())) return trouble(change.path);
    covered = change.path + "/";
    stamps_.erase(change.path);
    for (auto at = stamps_.lower_bound(covered); at != stamps_.end() && at->first.starts_with(covered);)
      at = stamps_.erase(at);
    if (change.after == nullptr) continue;
    if (Done done = writer.write_at(parent->number(), change.path, *change.after); !done) return done;
  }
  present_ = tree;
  put_at_ns_ = file_clock();
  return {};
}

std::expected<FileTree, std::string> HostFolder::take(Time now) {
  const Descriptor root(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) return trouble(folder_.string());
  Reader reader{present_.store(), stamps_, now, put_at_ns_, present_};
  if (Done done = reader.read(root.number(), "/", present_.root()); !done) return std::unexpected(done.error());
  present_ = reader.tree;
  return present_;
}

}  // namespace barnacle
