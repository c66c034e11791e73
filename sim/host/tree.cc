#include "sim/host/tree.h"

#include <algorithm>
#include <array>

#include "sim/host/node_table.h"
#include "sim/host/observe.h"

namespace barnacle {
namespace {

constexpr int kLinkLimit = 40;       // Linux' MAXSYMLINKS
constexpr std::size_t kNameMax = 255;
constexpr std::size_t kPathMax = 4096;

struct ErrnoName {
  Errno error;
  std::string_view name;
  std::string_view message;
};
constexpr std::array kErrnoNames = {
    ErrnoName{Errno::enoent, "ENOENT", "No such file or directory"},
    ErrnoName{Errno::eexist, "EEXIST", "File exists"},
    ErrnoName{Errno::enotdir, "ENOTDIR", "Not a directory"},
    ErrnoName{Errno::eisdir, "EISDIR", "Is a directory"},
    ErrnoName{Errno::enotempty, "ENOTEMPTY", "Directory not empty"},
    ErrnoName{Errno::eloop, "ELOOP", "Too many levels of symbolic links"},
    ErrnoName{Errno::einval, "EINVAL", "Invalid argument"},
    ErrnoName{Errno::enospc, "ENOSPC", "No space left on device"},
    ErrnoName{Errno::eio, "EIO", "Input/output error"},
    ErrnoName{Errno::etxtbsy, "ETXTBSY", "Text file busy"},
    ErrnoName{Errno::erofs, "EROFS", "Read-only file system"},
    ErrnoName{Errno::eacces, "EACCES", "Permission denied"},
    ErrnoName{Errno::enametoolong, "ENAMETOOLONG", "File name too long"},
    ErrnoName{Errno::ebusy, "EBUSY", "Device or resource busy"},
};

const ErrnoName& row_of(Errno error) { return *std::ranges::find(kErrnoNames, error, &ErrnoName::error); }

const Node* child_of(const Node& directory, std::string_view name) {
  const auto at = std::ranges::lower_bound(directory.children, name, {}, [](const Child& child) { return std::string_view(*child.name); });
  return at != directory.children.end() && *at->name == name ? at->node : nullptr;
}

// Path components still to be walked, last first.
using Parts = std::vector<std::string_view>;

void push_parts(Parts& parts, std::string_view path) {
  std::size_t end = path.size();
  while (end > 0) {
    const std::size_t slash = path.rfind('/', end - 1);
    const std::size_t start = slash == std::string_view::npos ? 0 : slash + 1;
    if (start < end && path.substr(start, end - start) != ".") parts.push_back(path.substr(start, end - start));
    if (slash == std::string_view::npos) break;
    end = slash;
  }
}

// Where a path leads: the directories from the root down to the entry's parent, the entry's name, and the entry.
struct Place {
  std::vector<const Node*> directories;  // [0] is the root; the last one is the parent
  std::vector<std::string_view> names;   // names[i] is an entry of directories[i]; the last one is the entry itself
  const Node* entry = nullptr;           // null: nothing there
  bool root = false;                     // the path is the root itself
};

FsResult<Place> resolve(const Node* root, std::string_view path, Follow follow) {
  if (path.empty() || path.front() != '/') return std::unexpected(Errno::einval);
  if (path.size() >= kPathMax) return std::unexpected(Errno::enametoolong);
  const bool wants_directory = path.size() > 1 && path.back() == '/';
  Parts parts;
  push_parts(parts, path);
  Place place;
  place.directories.push_back(root);
  int links = 0;
  while (!parts.empty()) {
    const std::string_view name = parts.back();
    parts.pop_back();
    if (name.size() > kNameMax) return std::unexpected(Errno::enametoolong);
    if (name == "..") {
      if (place.directories.size() > 1) {
        place.directories.pop_back();
        place.names.pop_back();
      }
      if (parts.empty()) {  // the entry is a directory that was walked already
        if (place.names.empty()) {
          place.root = true;
          place.entry = root;
          return place;
        }
        place.entry = place.directories.back();
        place.directories.pop_back();
        return place;
      }
      continue;
    }
    const Node* next = child_of(*place.directories.back(), name);
    const bool last = parts.empty();
    if (next != nullptr && next->kind == FileKind::symlink && (!last || follow == Follow::yes || wants_directory)) {
      if (++links > kLinkLimit) return std::unexpected(Errno::eloop);
      const std::string_view target = next->blob->bytes;
      if (target.empty()) return std::unexpected(Errno::enoent);
      if (target.front() == '/') {
        place.directories.resize(1);
        place.names.clear();
      }
      push_parts(parts, target);
      if (parts.empty()) {
        place.root = true;
        place.entry = root;
        return place;
      }
      continue;
    }
    if (last) {
      place.names.push_back(name);
      place.entry = next;
      if (wants_directory && next != nullptr && next->kind != FileKind::directory) return std::unexpected(Errno::enotdir);
      return place;
    }
    if (next == nullptr) return std::unexpected(Errno::enoent);
    if (next->kind != FileKind::directory) return std::unexpected(Errno::enotdir);
    place.names.push_back(name);
    place.directories.push_back(next);
  }
  place.root = true;
  place.entry = root;
  return place;
}

// The directory with one entry put, replaced or (node null) removed.
const Node* with_child(Store& store, const Node& directory, std::string_view name, const Node* node) {
  Node changed = directory;
  const auto at = std::ranges::lower_bound(changed.children, name, {}, [](const Child& child) { return std::string_view(*child.name); });
  const bool there = at != changed.children.end() && *at->name == name;
  if (there) changed.total_bytes -= at->node->total_bytes;
  if (node != nullptr) changed.total_bytes += node->total_bytes;
  if (there && node == nullptr) changed.children.erase(at);
  else if (there) at->node = node;
  else if (node != nullptr) changed.children.insert(at, Child{NodeTable::intern_name(store, name), node});
  return NodeTable::intern(store, std::move(changed));
}

// The root after the entry at `place` became `node`.
const Node* rebuild(Store& store, const Place& place, const Node* node) {
  if (place.root) return node;
  for (std::size_t i = place.directories.size(); i-- > 0;) {
    node = with_child(store, *place.directories[i], place.names[i], node);
  }
  return node;
}

const Node* make_file(Store& store, const Blob* blob, Attributes attributes) {
  Node node;
  node.kind = FileKind::file;
  node.attributes = attributes;
  node.blob = blob;
  node.total_bytes = blob->bytes.size();
  return NodeTable::intern(store, std::move(node));
}

const Node* make_folder(Store& store, std::uint16_t mode, Time mtime) {
  Node node;
  node.kind = FileKind::directory;
  node.attributes = {.mode = mode, .mtime = mtime};
  return NodeTable::intern(store, std::move(node));
}

}  // namespace

std::string_view message(Errno error) { return row_of(error).message; }
std::string_view name(Errno error) { return row_of(error).name; }

FileTree::FileTree(Store& store, Time mtime) : store_(&store), root_(make_folder(store, 0755, mtime)) {}

FsResult<const Node*> FileTree::find(std::string_view path, Follow follow) const {
  const auto place = resolve(root_, path, follow);
  if (!place) return std::unexpected(place.error());
  if (place->entry == nullptr) return std::unexpected(Errno::enoent);
  return place->entry;
}

bool FileTree::is_file(std::string_view path) const {
  const auto node = find(path);
  return node && (*node)->kind == FileKind::file;
}

bool FileTree::is_directory(std::string_view path) const {
  const auto node = find(path);
  return node && (*node)->kind == FileKind::directory;
}

FsResult<const Blob*> FileTree::read(std::string_view path) const {
  const auto node = find(path);
  if (!node) return std::unexpected(node.error());
  if ((*node)->kind == FileKind::directory) return std::unexpected(Errno::eisdir);
  return (*node)->blob;
}

FsResult<std::vector<std::string>> FileTree::list(std::string_view path) const {
  const auto node = find(path);
  if (!node) return std::unexpected(node.error());
  if ((*node)->kind != FileKind::directory) return std::unexpected(Errno::enotdir);
  std::vector<std::string> names;
  for (const Child& child : (*node)->children) names.push_back(*child.name);
  return names;
}

FsResult<void> FileTree::write(std::string_view path, const Blob* bytes, Time now, std::uint16_t mode) {
  const auto place = resolve(root_, path, Follow::yes);
  if (!place) return std::unexpected(place.error());
  Attributes attributes{.mode = mode, .mtime = now};
  if (place->entry != nullptr) {
    if (place->entry->kind == FileKind::directory) return std::unexpected(Errno::eisdir);
    attributes = place->entry->attributes;
    attributes.mtime = now;
  } else if (path.back() == '/') {
    return std::unexpected(Errno::eisdir);
  }
  const Node* root = rebuild(*store_, *place, make_file(*store_, bytes, attributes));
  if (capacity_ && root->total_bytes > *capacity_ && root->total_bytes > root_->total_bytes) return std::unexpected(Errno::enospc);
  root_ = root;
  return {};
}

FsResult<void> FileTree::write(std::string_view path, std::string_view bytes, Time now, std::uint16_t mode) {
  return write(path, store_->intern(bytes), now, mode);
}

FsResult<void> FileTree::put(std::string_view path, const Blob* bytes, Attributes attributes) {
  const auto place = resolve(root_, path, Follow::no);
  if (!place) return std::unexpected(place.error());
  if (place->entry != nullptr && place->entry->kind == FileKind::directory) return std::unexpected(Errno::eisdir);
  if (place->entry == nullptr && path.back() == '/') return std::unexpected(Errno::enotdir);
  const Node* root = rebuild(*store_, *place, make_file(*store_, bytes, attributes));
  if (capacity_ && root->total_bytes > *capacity_ && root->total_bytes > root_->total_bytes) return std::unexpected(Errno::enospc);
  root_ = root;
  return {};
}

FsResult<void> FileTree::graft(std::string_view path, const Node* node, Time) {
  const auto place = resolve(root_, path, Follow::no);
  if (!place) return std::unexpected(place.error());
  if (place->entry != nullptr) return std::unexpected(Errno::eexist);
  const Node* root = rebuild(*store_, *place, node);
  if (capacity_ && root->total_bytes > *capacity_) return std::unexpected(Errno::enospc);
  root_ = root;
  return {};
}

FsResult<void> FileTree::make_directory(std::string_view path, Time now, std::uint16_t mode) {
  std::string_view trimmed = path;
  while (trimmed.size() > 1 && trimmed.back() == '/') trimmed.remove_suffix(1);
  const auto place = resolve(root_, trimmed, Follow::no);
  if (!place) return std::unexpected(place.error());
  if (place->entry != nullptr) return std::unexpected(Errno::eexist);
  root_ = rebuild(*store_, *place, make_folder(*store_, mode, now));
  return {};
}

FsResult<void> FileTree::make_directories(std::string_view path, Time now, std::uint16_t mode) {
  if (path.empty() || path.front() != '/') return std::unexpected(Errno::einval);
  for (std::size_t end = 1; end <= path.size(); ++end) {
    if (end != path.size() && path[end] != '/') continue;
    const std::string_view prefix = path.substr(0, end);
    const auto present = find(prefix);
    if (present) {
      if ((*present)->kind != FileKind::directory) return std::unexpected(end == path.size() ? Errno::eexist : Errno::enotdir);
      continue;
    }
    if (present.error() != Errno::enoent) return std::unexpected(present.error());
    const auto made = make_directory(prefix, now, mode);
    if (!made) return made;
  }
  return {};
}

FsResult<void> FileTree::make_symlink(std::string_view path, std::string_view target, Time now) {
  if (target.empty()) return std::unexpected(Errno::enoent);
  const auto place = resolve(root_, path, Follow::no);
  if (!place) return std::unexpected(place.error());
  if (place->entry != nullptr) return std::unexpected(Errno::eexist);
  if (path.back() == '/') return std::unexpected(Errno::enoent);
  Node node;
  node.kind = FileKind::symlink;
  node.attributes = {.mode = 0777, .mtime = now};
  node.blob = store_->intern(target);
  root_ = rebuild(*store_, *place, NodeTable::intern(*store_, std::move(node)));
  return {};
}

FsResult<void> FileTree::rename(std::string_view from, std::string_view to, Time now) {
  const auto source = resolve(root_, from, Follow::no);
  if (!source) return std::unexpected(source.error());
  const auto target = resolve(root_, to, Follow::no);
  if (!target) return std::unexpected(target.error());
  if (source->entry == nullptr) return std::unexpected(Errno::enoent);
  if (source->root || target->root) return std::unexpected(Errno::ebusy);
  const bool moves_directory = source->entry->kind == FileKind::directory;
  const bool same_place = source->directories == target->directories && source->names == target->names;
  if (same_place) return {};
  // Below itself: the source is one of the directories on the way to the target.
  const bool into_itself = moves_directory && target->names.size() > source->names.size() &&
                           std::equal(source->names.begin(), source->names.end(), target->names.begin());
  if (into_itself) return std::unexpected(Errno::einval);
  if (target->entry != nullptr) {
    const bool over_directory = target->entry->kind == FileKind::directory;
    if (moves_directory && !over_directory) return std::unexpected(Errno::enotdir);
    // The target may not contain the source either: it is not empty then.
    if (over_directory && !moves_directory) return std::unexpected(Errno::eisdir);
    if (over_directory && !target->entry->children.empty()) return std::unexpected(Errno::enotempty);
  } else if (!moves_directory && to.back() == '/') {
    return std::unexpected(Errno::enotdir);
  }
  const Node* moved = source->entry;
  const std::string real_target = [&] {
    std::string path;
    for (const std::string_view part : target->names) path.append("/").append(part);
    return path;
  }();
  FileTree without = *this;
  without.root_ = rebuild(*store_, *source, nullptr);
  const auto again = resolve(without.root_, real_target, Follow::no);
  if (!again) return std::unexpected(again.error());
  root_ = rebuild(*store_, *again, moved);
  (void)now;
  return {};
}

FsResult<void> FileTree::unlink(std::string_view path, Time) {
  const auto place = resolve(root_, path, Follow::no);
  if (!place) return std::unexpected(place.error());
  if (place->entry == nullptr) return std::unexpected(Errno::enoent);
  if (place->entry->kind == FileKind::directory) return std::unexpected(Errno::eisdir);
  root_ = rebuild(*store_, *place, nullptr);
  return {};
}

FsResult<void> FileTree::remove_directory(std::string_view path, Time) {
  std::string_view trimmed = path;
  while (trimmed.size() > 1 && trimmed.back() == '/') trimmed.remove_suffix(1);
  const auto place = resolve(root_, trimmed, Follow::no);
  if (!place) return std::unexpected(place.error());
  if (place->entry == nullptr) return std::unexpected(Errno::enoent);
  if (place->root) return std::unexpected(Errno::ebusy);
  if (place->entry->kind != FileKind::directory) return std::unexpected(Errno::enotdir);
  if (!place->entry->children.empty()) return std::unexpected(Errno::enotempty);
  root_ = rebuild(*store_, *place, nullptr);
  return {};
}

FsResult<void> FileTree::remove_all(std::string_view path, Time) {
  const auto place = resolve(root_, path, Follow::no);
  if (!place) return place.error() == Errno::enoent || place.error() == Errno::enotdir ? FsResult<void>{} : std::unexpected(place.error());
  if (place->root) return std::unexpected(Errno::ebusy);
  if (place->entry != nullptr) root_ = rebuild(*store_, *place, nullptr);
  return {};
}

namespace {

FsResult<const Node*> with_attributes(Store& store, const Node* root, std::string_view path, Follow follow, const std::function<void(Attributes&)>& change) {
  const auto place = resolve(root, path, follow);
  if (!place) return std::unexpected(place.error());
  if (place->entry == nullptr) return std::unexpected(Errno::enoent);
  Node node = *place->entry;
  change(node.attributes);
  return rebuild(store, *place, NodeTable::intern(store, std::move(node)));
}

FsResult<void> take(const Node*& root, const FsResult<const Node*>& changed) {
  if (!changed) return std::unexpected(changed.error());
  root = *changed;
  return {};
}

}  // namespace

FsResult<void> FileTree::set_mode(std::string_view path, std::uint16_t mode) {
  return take(root_, with_attributes(*store_, root_, path, Follow::yes, [&](Attributes& attributes) { attributes.mode = mode; }));
}

FsResult<void> FileTree::set_owner(std::string_view path, std::uint32_t uid, std::uint32_t gid) {
  return take(root_, with_attributes(*store_, root_, path, Follow::yes, [&](Attributes& attributes) {
    attributes.uid = uid;
    attributes.gid = gid;
  }));
}

FsResult<void> FileTree::set_mtime(std::string_view path, Time mtime) {
  return take(root_, with_attributes(*store_, root_, path, Follow::no, [&](Attributes& attributes) { attributes.mtime = mtime; }));
}

namespace {

void walk_below(const Node& directory, const std::string& path, const std::function<void(const std::string&, const Node&)>& visit) {
  for (const Child& child : directory.children) {
    const std::string here = path + "/" + *child.name;
    visit(here, *child.node);
    if (child.node->kind == FileKind::directory) walk_below(*child.node, here, visit);
  }
}

struct Differ {
  Store& store;
  Compare compare;
  std::vector<TreeChange> changes;

  bool same(const Node* a, const Node* b) const {
    if (a == b) return true;
    return compare == Compare::seen ? seen_hash(store, a) == seen_hash(store, b) : a->state == b->state;
  }

  bool same_itself(const Node& a, const Node& b) const {
    if (a.kind != b.kind || a.attributes.mode != b.attributes.mode || a.attributes.uid != b.attributes.uid || a.attributes.gid != b.attributes.gid) return false;
    return a.kind == FileKind::directory;  // anything else is only here because its hash differs
  }

  void whole(const std::string& path, const Node* node, TreeChange::What what) {
    const bool added = what == TreeChange::What::added;
    changes.push_back({what, path, added ? nullptr : node, added ? node : nullptr});
    if (node->kind == FileKind::directory) {
      for (const Child& child : node->children) {
        if (compare == Compare::seen && is_backup(*child.name)) continue;
        whole(path + "/" + *child.name, child.node, what);
      }
    }
  }

  void pair(const std::string& path, const Node* a, const Node* b) {
    if (same(a, b)) return;
    if (!same_itself(*a, *b)) changes.push_back({TreeChange::What::changed, path.empty() ? "/" : path, a, b});
    if (a->kind != FileKind::directory || b->kind != FileKind::directory) return;
    auto left = a->children.begin();
    auto right = b->children.begin();
    while (left != a->children.end() || right != b->children.end()) {
      const bool only_left = right == b->children.end() || (left != a->children.end() && *left->name < *right->name);
      const bool only_right = !only_left && (left == a->children.end() || *right->name < *left->name);
      const std::string& child = only_right ? *right->name : *left->name;
      const bool hidden = compare == Compare::seen && is_backup(child);
      if (!hidden) {
        if (only_left) whole(path + "/" + child, left->node, TreeChange::What::removed);
        else if (only_right) whole(path + "/" + child, right->node, TreeChange::What::added);
        else pair(path + "/" + child, left->node, right->node);
      }
      if (!only_right) ++left;
      if (!only_left) ++right;
    }
  }
};

}  // namespace

void walk(const Node* root, const std::function<void(const std::string& path, const Node& node)>& visit) { walk_below(*root, "", visit); }

std::vector<TreeChange> diff(const FileTree& before, const FileTree& after, Compare compare) {
  Differ differ{before.store(), compare, {}};
  differ.pair("", before.root(), after.root());
  return std::move(differ.changes);
}

std::string join(std::string_view directory, std::string_view name) {
  std::string path(directory);
  if (!path.ends_with('/')) path.push_back('/');
  return path.append(name);
}

std::string_view parent_path(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos || slash == 0) return "/";
  return path.substr(0, slash);
}

std::string_view base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

}  // namespace barnacle
