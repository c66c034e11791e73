// A host's file system as a value: a hash-consed tree of directories, files with real bytes, and symbolic links.
//
// Copying a FileTree copies two pointers. Changing a directory's entries leaves its own modification time alone: nobody
// compares that of a directory, and trees that differ in nothing else stay one. Equal trees of one Store have the same
// root pointer. Paths are absolute and in the host's own terms ("/etc/containerd/config.toml"). Symbolic links resolve
// inside the tree (at most 40 of them, then ELOOP). Permissions are recorded, not enforced: everything that deploys
// runs as root.
#pragma once

#include <algorithm>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <span>
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
};

// The entries of a directory, in the order of their names.
class Children {
 public:
  struct Name {
    std::uint64_t tag = 0;  // most other names have another, all others where this one is short (tree_path.h)
    const std::string* text = nullptr;
  };
  // Sorted (byte order), and interned: the many states of a directory share them.
  using Names = std::vector<Name>;

  class Iterator {
   public:
    using value_type = Child;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    Iterator(Names::const_iterator name, const Node* const* node) : name_(name), node_(node) {}
    Child operator*() const { return {name_->text, *node_}; }
    Iterator& operator++() {
      ++name_;
      ++node_;
      return *this;
    }
    Iterator operator++(int) {
      const Iterator was = *this;
      ++*this;
      return was;
    }
    bool operator==(const Iterator& other) const { return name_ == other.name_; }

   private:
    Names::const_iterator name_;
    const Node* const* node_ = nullptr;
  };

  Children() = default;
  // As many nodes as names; both live as long as the Store.
  Children(const Names* names, const Node* const* nodes) : names_(names), nodes_(nodes) {}

  Iterator begin() const { return {names_->begin(), nodes_}; }
  Iterator end() const { return {names_->end(), nodes_ + names_->size()}; }
  bool empty() const { return names_->empty(); }
  std::size_t size() const { return names_->size(); }
  const Names& names() const { return *names_; }
  std::span<const Node* const> nodes() const { return {nodes_, size()}; }

  // The entry with this name, or null.
  const Node* find(std::string_view name) const;

  bool operator==(const Children& other) const {
    return names_ == other.names_ && std::ranges::equal(nodes(), other.nodes());
  }

 private:
  static inline const Names kNone;
  const Names* names_ = &kNone;
  const Node* const* nodes_ = nullptr;
};

// Interned and immutable.
struct Node {
  FileKind kind = FileKind::file;
  Children children;           // a directory's
  const Blob* blob = nullptr;  // a file's bytes, or a symbolic link's target
  Hash128 state;               // everything, modification times included: decides the future (Obs: see observe.h)
  Hash128 listing;             // a directory's entries, whatever their order: a sum, so that one more is one addition
  std::uint64_t total_bytes = 0;  // of all files below, and of this one
  Attributes attributes;
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
inline bool is_below(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

}  // namespace barnacle
