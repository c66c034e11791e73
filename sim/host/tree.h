// A host's file system as a value: a hash-consed tree of directories, files with real bytes, and symbolic links.
//
// Copying a FileTree copies two pointers. Changing a directory's entries leaves its own modification time alone: nobody
// compares that of a directory, and trees that differ in nothing else stay one. Equal trees of one Store have the same
// root pointer. Paths are absolute and in the host's own terms ("/etc/containerd/config.toml"). Symbolic links resolve
// inside the tree (at most 40 of them, then ELOOP). Permissions are recorded, not enforced: everything that deploys
// runs as root.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/clock.h"
#include "sim/host/store.h"

namespace barnacle {

enum class Errno : std::uint8_t {
  enoent,
  eexist,
  enotdir,
  eisdir,
  enotempty,
  eloop,
  einval,
  enospc,
  eio,
  etxtbsy,
  erofs,
  eacces,
  enametoolong,
  ebusy
};

// "No such file or directory", as strerror(3) says it in the C locale.
std::string_view message(Errno error);
// "ENOENT"
std::string_view name(Errno error);

template <class T>
using FsResult = std::expected<T, Errno>;

enum class FileKind : std::uint8_t { directory, file, symlink };

struct Attributes {
  std::uint16_t mode = 0;  // permission bits only (07777)
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  Time mtime = 0;
  bool operator==(const Attributes&) const = default;
};

struct Child {
  const std::string* name = nullptr;  // interned
  const Node* node = nullptr;
  std::uint64_t tag = 0;  // of the name: most other names have another, all others where it is short (tree_path.h)
  bool operator==(const Child&) const = default;
};

// Interned and immutable. What a look-up reads comes first: it is one line of the processor's cache.
struct alignas(64) Node {
  FileKind kind = FileKind::file;
  std::vector<Child> children;    // a directory's, sorted by name (byte order)
  const Blob* blob = nullptr;     // a file's bytes, or a symbolic link's target
  Hash128 state;                  // everything, modification times included: decides the future (Obs: see observe.h)
  std::uint64_t total_bytes = 0;  // of all files below, and of this one
  Attributes attributes;
  Hash128 listing;  // a directory's entries, whatever their order: a sum, so that one more is one addition
};

enum class Follow : std::uint8_t { yes, no };

class FileTree {
 public:
  // An empty root directory (mode 0755, root:root).
  FileTree(Store& store, Time mtime);

  const Node* root() const { return root_; }
  Store& store() const { return *store_; }
  bool operator==(const FileTree& other) const { return root_ == other.root_; }

  // Bytes the file system holds before it says ENOSPC; none means without limit.
  void set_capacity(std::optional<std::uint64_t> bytes) { capacity_ = bytes; }
  bool has_capacity() const { return capacity_.has_value(); }

  // --- reads ---
  FsResult<const Node*> find(std::string_view path, Follow follow = Follow::yes) const;
  bool exists(std::string_view path) const { return find(path).has_value(); }
  bool is_file(std::string_view path) const;
  bool is_directory(std::string_view path) const;
  FsResult<const Blob*> read(std::string_view path) const;               // EISDIR for a directory
  FsResult<std::vector<std::string>> list(std::string_view path) const;  // names, sorted

  // --- writes; each leaves the tree as it was when it fails ---
  // Creates (with `mode`) or overwrites (keeping mode and owner), as open(O_CREAT|O_TRUNC) and write do.
  FsResult<void> write(std::string_view path, const Blob* bytes, Time now, std::uint16_t mode = 0644);
  FsResult<void> write(std::string_view path, std::string_view bytes, Time now, std::uint16_t mode = 0644);
  // Creates or replaces the entry itself, with attributes of its own (unlink + create, or a rename over it).
  FsResult<void> put(std::string_view path, const Blob* bytes, Attributes attributes);
  // Puts a whole interned subtree at `path`, replacing nothing: EEXIST where something is.
  FsResult<void> graft(std::string_view path, const Node* node, Time now);
  // Puts a subtree in the place of whatever is there, or (node null) takes it away; not one of the kernel's calls.
  FsResult<void> replant(std::string_view path, const Node* node);
  FsResult<void> make_directory(std::string_view path, Time now, std::uint16_t mode = 0755);    // EEXIST, ENOENT
  FsResult<void> make_directories(std::string_view path, Time now, std::uint16_t mode = 0755);  // mkdir -p
  FsResult<void> make_symlink(std::string_view path, std::string_view target, Time now);
  FsResult<void> rename(std::string_view from, std::string_view to, Time now);
  FsResult<void> unlink(std::string_view path, Time now);            // not for directories
  FsResult<void> remove_directory(std::string_view path, Time now);  // ENOTEMPTY
  FsResult<void> remove_all(std::string_view path, Time now);        // rm -rf: no error where nothing is
  FsResult<void> set_mode(std::string_view path, std::uint16_t mode);
  FsResult<void> set_owner(std::string_view path, std::uint32_t uid, std::uint32_t gid);
  FsResult<void> set_mtime(std::string_view path, Time mtime);

 private:
  Store* store_;
  const Node* root_;
  std::optional<std::uint64_t> capacity_;
};

// Depth first, names in byte order; `path` is absolute, the root itself is not visited.
void walk(const Node* root, const std::function<void(const std::string& path, const Node& node)>& visit);

struct TreeChange {
  enum class What : std::uint8_t { added, removed, changed };
  What what;
  std::string path;
  const Node* before = nullptr;  // null when added
  const Node* after = nullptr;   // null when removed
};

enum class Compare : std::uint8_t { state, seen };

// What differs, in path order; walks only where hashes differ. A directory that appeared or vanished is listed with all
// that is in it. Under Compare::seen a directory whose own attributes are equal is not listed for its children's sake;
// under Compare::state neither (its modification time alone is not reported).
std::vector<TreeChange> diff(const FileTree& before, const FileTree& after, Compare compare);

// "/a/b" → {"/a", "b"}; helper for callers that build paths.
std::string join(std::string_view directory, std::string_view name);
std::string_view parent_path(std::string_view path);
std::string_view base_name(std::string_view path);
// The path is the folder itself, or leads into it.
bool is_below(std::string_view path, std::string_view folder);

}  // namespace barnacle
