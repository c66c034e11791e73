#include "sim/host/tree.h"

#include <algorithm>

#include "sim/host/node_table.h"
#include "sim/host/tree_path.h"

namespace barnacle {
namespace {

constexpr std::size_t kLinkTargetMax = 4095;

// The directory with another node (null: none) in the place of the one that has this name; nobody knows it yet.
const Node* with_child(Store& store, const Node& directory, const NodeTable::Listed& listed, std::string_view name,
                       const Node* present, const Node* node) {
  Node changed = directory;
  changed.state = listed.state;
  changed.listing = listed.listing;
  const auto at = std::ranges::lower_bound(changed.children, name, {},
                                           [](const Child& child) { return std::string_view(*child.name); });
  if (present != nullptr) changed.total_bytes -= present->total_bytes;
  if (node != nullptr) changed.total_bytes += node->total_bytes;
  if (node == nullptr) {
    changed.children.erase(at);
  } else if (present != nullptr) {
    at->node = node;
  } else {
    changed.children.insert(at, Child{NodeTable::intern_name(store, name), node, tag_of(name)});
  }
  return NodeTable::add(store, std::move(changed));
}

// The root after the entry at `place` became `node`; null removes it. What states the directories on the way come to is
// known before any of them is made, and of one that there was already all below was there too.
const Node* rebuild(Store& store, const TreePlace& place, const Node* node) {
  const std::size_t depth = place.names.size();
  if (depth == 0) return node;
  if (node == place.entry) return place.directories.front();
  std::vector<NodeTable::Listed> listed(depth);
  const auto state_of = [](const Node* one) { return one != nullptr ? &one->state : nullptr; };
  const Hash128* before = state_of(place.entry);
  const Hash128* after = state_of(node);
  for (std::size_t i = depth; i-- > 0;) {
    listed[i] = NodeTable::relisted(*place.directories[i], place.names[i], before, after);
    before = &place.directories[i]->state;
    after = &listed[i].state;
  }
  std::size_t unknown = 0;
  const Node* made = nullptr;
  while (unknown < depth && (made = NodeTable::find(store, listed[unknown].state)) == nullptr) ++unknown;
  if (made == nullptr) made = node;
  for (std::size_t i = unknown; i-- > 0;) {
    const Node* present = i + 1 < depth ? place.directories[i + 1] : place.entry;
    made = with_child(store, *place.directories[i], listed[i], place.names[i], present, made);
  }
  return made;
}

const Node* make_node(Store& store, FileKind kind, const Blob* blob, Attributes attributes) {
  Node node;
  node.kind = kind;
  node.attributes = attributes;
  node.blob = blob;
  if (kind == FileKind::file) node.total_bytes = blob->bytes.size();
  return NodeTable::intern(store, std::move(node));
}

const Node* make_folder(Store& store, std::uint16_t mode, Time mtime) {
  return make_node(store, FileKind::directory, nullptr, {.mode = mode, .mtime = mtime});
}

// Whether the file system still holds its bytes when the entry at `place` has that many. What is overfull may shrink.
bool has_room(std::optional<std::uint64_t> capacity, const Node& root, const TreePlace& place, std::uint64_t bytes) {
  const std::uint64_t before = place.entry == nullptr ? 0 : place.entry->total_bytes;
  return !capacity || bytes <= before || root.total_bytes - before + bytes <= *capacity;
}

// Why nothing new can be made at this place.
FsResult<void> refuse_taken(const FsResult<TreePlace>& place) {
  if (!place) return std::unexpected(place.error());
  if (place->entry != nullptr) return std::unexpected(Errno::eexist);
  return {};
}

bool is_within(const TreePlace& inner, const TreePlace& outer) {
  return inner.names.size() > outer.names.size() &&
         std::equal(outer.names.begin(), outer.names.end(), inner.names.begin());
}

// Why the kernel refuses a rename, in the order in which it looks.
FsResult<void> refuse_rename(const TreePlace& source, const TreePlace& target) {
  if (source.ending != Ending::name || target.ending != Ending::name) return std::unexpected(Errno::ebusy);
  if (source.name_too_long()) return std::unexpected(Errno::enametoolong);
  if (source.entry == nullptr) return std::unexpected(Errno::enoent);
  if (target.name_too_long()) return std::unexpected(Errno::enametoolong);
  const bool moves_directory = source.is_directory();
  if (!moves_directory && (source.slash || target.slash)) return std::unexpected(Errno::enotdir);
  if (is_within(target, source)) return std::unexpected(Errno::einval);
  if (is_within(source, target)) return std::unexpected(Errno::enotempty);
  if (target.entry == nullptr || source.names == target.names) return {};
  if (moves_directory && !target.is_directory()) return std::unexpected(Errno::enotdir);
  if (!moves_directory && target.is_directory()) return std::unexpected(Errno::eisdir);
  if (!target.entry->children.empty()) return std::unexpected(Errno::enotempty);
  return {};
}

// rm -f has nothing to say of what is not there.
FsResult<void> unless_missing(Errno error) {
  if (error == Errno::enoent || error == Errno::enotdir) return {};
  return std::unexpected(error);
}

// The root after `rm -rf link/`: GNU rm empties the directory behind the link, and keeps both.
FsResult<const Node*> empty_behind_link(Store& store, const Node* root, std::string_view path) {
  const auto place = resolve(root, path, Last::keep);
  if (!place) {
    const auto missing = unless_missing(place.error());
    return missing ? FsResult<const Node*>(root) : std::unexpected(missing.error());
  }
  if (!place->is_directory()) return root;
  if (place->is_root()) return std::unexpected(Errno::ebusy);
  return rebuild(store, *place, make_node(store, FileKind::directory, nullptr, place->entry->attributes));
}

template <class Change>
FsResult<void> change_attributes(Store& store, const Node*& root, std::string_view path, Last last, Change change) {
  const auto place = resolve_existing(root, path, last);
  if (!place) return std::unexpected(place.error());
  Node node = *place->entry;
  change(node.attributes);
  root = rebuild(store, *place, NodeTable::intern(store, std::move(node)));
  return {};
}

}  // namespace

FileTree::FileTree(Store& store, Time mtime) : store_(&store), root_(make_folder(store, 0755, mtime)) {}

FsResult<const Node*> FileTree::find(std::string_view path, Follow follow) const {
  return find_existing(root_, path, follow == Follow::yes ? Last::follow : Last::keep);
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
  names.reserve((*node)->children.size());
  for (const Child& child : (*node)->children) names.push_back(*child.name);
  return names;
}

FsResult<void> FileTree::write(std::string_view path, const Blob* bytes, Time now, std::uint16_t mode) {
  const auto place = resolve(root_, path, Last::create);
  if (!place) return std::unexpected(place.error());
  if (place->is_directory()) return std::unexpected(Errno::eisdir);
  if (!has_room(capacity_, *root_, *place, bytes->bytes.size())) return std::unexpected(Errno::enospc);
  Attributes attributes{.mode = mode};
  if (place->entry != nullptr) attributes = place->entry->attributes;
  attributes.mtime = now;
  root_ = rebuild(*store_, *place, make_node(*store_, FileKind::file, bytes, attributes));
  return {};
}

FsResult<void> FileTree::write(std::string_view path, std::string_view bytes, Time now, std::uint16_t mode) {
  return write(path, store_->intern(bytes), now, mode);
}

FsResult<void> FileTree::put(std::string_view path, const Blob* bytes, Attributes attributes) {
  const auto place = resolve(root_, path, Last::entry);
  if (!place) return std::unexpected(place.error());
  if (place->is_directory()) return std::unexpected(Errno::eisdir);
  if (place->slash) return std::unexpected(Errno::enotdir);
  if (!has_room(capacity_, *root_, *place, bytes->bytes.size())) return std::unexpected(Errno::enospc);
  root_ = rebuild(*store_, *place, make_node(*store_, FileKind::file, bytes, attributes));
  return {};
}

FsResult<void> FileTree::graft(std::string_view path, const Node* node, Time) {
  const auto place = resolve(root_, path, Last::entry);
  if (const auto free = refuse_taken(place); !free) return free;
  if (place->slash && node->kind != FileKind::directory) return std::unexpected(Errno::enotdir);
  if (!has_room(capacity_, *root_, *place, node->total_bytes)) return std::unexpected(Errno::enospc);
  root_ = rebuild(*store_, *place, node);
  return {};
}

FsResult<void> FileTree::replant(std::string_view path, const Node* node) {
  const auto place = resolve(root_, path, Last::entry);
  if (!place) return std::unexpected(place.error());
  if (place->is_root()) return std::unexpected(Errno::ebusy);
  root_ = rebuild(*store_, *place, node);
  return {};
}

FsResult<void> FileTree::make_directory(std::string_view path, Time now, std::uint16_t mode) {
  const auto place = resolve(root_, path, Last::entry);
  if (const auto free = refuse_taken(place); !free) return free;
  root_ = rebuild(*store_, *place, make_folder(*store_, mode, now));
  return {};
}

FsResult<void> FileTree::make_directories(std::string_view path, Time now, std::uint16_t mode) {
  if (is_directory(path)) return {};
  if (!path.starts_with('/')) return std::unexpected(path.empty() ? Errno::enoent : Errno::einval);
  FileTree made = *this;
  for (std::size_t end = 1; end <= path.size(); ++end) {
    if (end != path.size() && path[end] != '/') continue;
    const std::string_view prefix = path.substr(0, end);
    const auto present = made.find(prefix);
    if (present && (*present)->kind == FileKind::directory) continue;
    if (present) return std::unexpected(end == path.size() ? Errno::eexist : Errno::enotdir);
    if (present.error() != Errno::enoent) return std::unexpected(present.error());
    if (const auto one = made.make_directory(prefix, now, mode); !one) return one;
  }
  root_ = made.root_;
  return {};
}

FsResult<void> FileTree::make_symlink(std::string_view path, std::string_view target, Time now) {
  if (target.empty()) return std::unexpected(Errno::enoent);
  if (target.size() > kLinkTargetMax) return std::unexpected(Errno::enametoolong);
  const auto place = resolve(root_, path, Last::entry);
  if (const auto free = refuse_taken(place); !free) return free;
  if (place->slash) return std::unexpected(Errno::enoent);
  const Attributes attributes{.mode = 0777, .mtime = now};
  root_ = rebuild(*store_, *place, make_node(*store_, FileKind::symlink, store_->intern(target), attributes));
  return {};
}

FsResult<void> FileTree::rename(std::string_view from, std::string_view to, Time) {
  const auto source = resolve(root_, from, Last::rename);
  if (!source) return std::unexpected(source.error());
  const auto target = resolve(root_, to, Last::rename);
  if (!target) return std::unexpected(target.error());
  if (const auto allowed = refuse_rename(*source, *target); !allowed) return allowed;
  if (source->names == target->names) return {};
  const Node* without = rebuild(*store_, *source, nullptr);
  root_ = rebuild(*store_, place_of(without, target->names), source->entry);
  return {};
}

FsResult<void> FileTree::unlink(std::string_view path, Time) {
  const auto place = resolve(root_, path, Last::entry);
  if (!place) return std::unexpected(place.error());
  if (place->entry == nullptr) return std::unexpected(Errno::enoent);
  if (place->is_directory()) return std::unexpected(Errno::eisdir);
  if (place->slash) return std::unexpected(Errno::enotdir);
  root_ = rebuild(*store_, *place, nullptr);
  return {};
}

FsResult<void> FileTree::remove_directory(std::string_view path, Time) {
  const auto place = resolve(root_, path, Last::entry);
  if (!place) return std::unexpected(place.error());
  if (place->ending == Ending::dot_dot) return std::unexpected(Errno::enotempty);
  if (place->ending == Ending::dot) return std::unexpected(Errno::einval);
  if (place->ending == Ending::root) return std::unexpected(Errno::ebusy);
  if (place->entry == nullptr) return std::unexpected(Errno::enoent);
  if (!place->is_directory()) return std::unexpected(Errno::enotdir);
  if (!place->entry->children.empty()) return std::unexpected(Errno::enotempty);
  root_ = rebuild(*store_, *place, nullptr);
  return {};
}

// As GNU rm does it: "." and ".." are refused.
FsResult<void> FileTree::remove_all(std::string_view path, Time) {
  const auto place = resolve(root_, path, Last::entry);
  if (!place) return unless_missing(place.error());
  if (place->ending == Ending::root) return std::unexpected(Errno::ebusy);
  if (place->ending != Ending::name) return std::unexpected(Errno::einval);
  if (place->entry == nullptr) return {};
  const bool behind_link = place->slash && !place->is_directory();
  const auto emptied = behind_link ? empty_behind_link(*store_, root_, path) : rebuild(*store_, *place, nullptr);
  if (!emptied) return std::unexpected(emptied.error());
  root_ = *emptied;
  return {};
}

FsResult<void> FileTree::set_mode(std::string_view path, std::uint16_t mode) {
  return change_attributes(*store_, root_, path, Last::follow, [&](Attributes& attributes) { attributes.mode = mode; });
}

FsResult<void> FileTree::set_owner(std::string_view path, std::uint32_t uid, std::uint32_t gid) {
  return change_attributes(*store_, root_, path, Last::follow, [&](Attributes& attributes) {
    attributes.uid = uid;
    attributes.gid = gid;
  });
}

FsResult<void> FileTree::set_mtime(std::string_view path, Time mtime) {
  return change_attributes(*store_, root_, path, Last::keep, [&](Attributes& attributes) { attributes.mtime = mtime; });
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
