#include "sim/deploy/surroundings.h"

#include <algorithm>

#include "sim/base/check.h"

namespace barnacle {
namespace {

// The folder that holds the destination and its neighbours; null where it is no plain directory.
const Node* neighbourhood(const FileTree& files, const std::string& destination) {
  const std::string folder(parent_path(destination));
  if (folder == "/") return nullptr;
  const auto node = files.find(folder, Follow::no);
  return node && (*node)->kind == FileKind::directory ? *node : nullptr;
}

bool has_neighbours(const Node& folder, std::string_view own_name) {
  return std::ranges::any_of(folder.children, [&](const Child& child) { return *child.name != own_name; });
}

// Whether a handler would find there what it needs.
void add_needed(Hasher& hasher, const FileTree& files, const std::string& path) {
  const auto node = files.find(path);
  hasher.add(path).add(node ? std::uint64_t{1} + static_cast<std::uint64_t>((*node)->kind) : std::uint64_t{0});
  hasher.add(node ? std::uint64_t{(*node)->attributes.mode & 0111U} : std::uint64_t{0});
}

void add_contents(Hasher& hasher, const FileTree& files, const std::string& path) {
  const auto text = files.read(path);
  hasher.add(path).add(text ? (*text)->hash : Hash128{});
}

Hash128 without_folder(const Host& host, const std::string& folder) {
  Host rest = host;
  const auto done = rest.files.replant(folder, nullptr);
  check(done.has_value(), "a folder that is there can be taken away");
  return rest.state_hash();
}

}  // namespace

bool is_aside(const std::string& path, const std::string& destination) {
  return !is_below(path, destination) && is_below(path, parent_path(destination));
}

std::optional<Surroundings> surroundings_of(const Host& host, const std::string& destination) {
  const Node* folder = neighbourhood(host.files, destination);
  if (folder == nullptr || host.files.has_capacity() || !has_neighbours(*folder, base_name(destination)))
    return std::nullopt;
  const auto loads = load_runtime_configuration(host.files, host.runtime);
  if (!loads) return std::nullopt;
  Surroundings around;
  Hasher hasher;
  hasher.add(without_folder(host, std::string(parent_path(destination))));
  hasher.add((std::uint64_t{folder->attributes.mode} << 32) | folder->attributes.uid).add(folder->attributes.gid);
  hasher.add(static_cast<std::uint64_t>(folder->attributes.mtime));
  const auto own = host.files.find(destination, Follow::no);
  hasher.add(own ? (*own)->state : Hash128{});
  for (const std::string& path : (*loads)->files) {
    if (!is_aside(path, destination)) continue;
    add_contents(hasher, host.files, path);
    around.named.insert(path);
  }
  for (const std::string& path : (*loads)->needed) {
    if (!is_aside(path, destination)) continue;
    add_needed(hasher, host.files, path);
    around.named.insert(path);
  }
  around.hash = hasher.finish();
  return around;
}

HostPtr among_neighbours_of(const FrozenHost& present, const FrozenHost& left, const std::string& destination) {
  Host host = left.host;
  const auto own = left.host.files.find(destination, Follow::no);
  const std::string folder(parent_path(destination));
  const auto neighbours = present.host.files.find(folder, Follow::no);
  check(neighbours.has_value(), "neighbours have a folder");
  auto done = host.files.replant(folder, *neighbours);
  if (done) done = host.files.replant(destination, own ? *own : nullptr);
  check(done.has_value(), "a destination stands beside its neighbours");
  return freeze(std::move(host));
}

}  // namespace barnacle
