#include "sim/deploy/region.h"

#include <algorithm>

namespace barnacle {
namespace {

bool is_below(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

const Node* node_at(const FileTree& files, const std::string& path) {
  const auto node = files.find(path, Follow::no);
  return node ? *node : nullptr;
}

Hash128 state_of(const Node* node) { return node == nullptr ? Hash128{} : node->state; }

}  // namespace

std::optional<Region> Region::of(const Host& host, const Settings& settings) {
  if (!settings.prefix.empty() || host.files.has_capacity()) return std::nullopt;
  const auto loaded = load_runtime_configuration(host.files, host.runtime);
  if (!loaded) return std::nullopt;
  Region region;
  region.folders_ = {settings.destination(), "/etc", "/run"};
  Hasher hasher;
  for (const std::string& folder : region.folders_) hasher.add(state_of(node_at(host.files, folder)));
  // What the runtime reads elsewhere: other releases' drop-ins, and whether their handlers' files are there.
  hasher.add((*loaded)->hash).add((*loaded)->contents);
  for (const BrokenHandler& broken : broken_handlers(host.files, **loaded)) hasher.add(broken.handler).add(broken.path);
  const auto release = host.files.read("/etc/os-release");
  hasher.add(release ? (*release)->hash : Hash128{}).add(host.machine_hash());
  region.key_ = hasher.finish();
  for (const std::string& path : (*loaded)->files) region.loaded_.push_back(path);
  for (std::string& path : needed_paths(**loaded)) region.loaded_.push_back(std::move(path));
  return region;
}

bool Region::contains(std::string_view path) const {
  return std::ranges::any_of(folders_, [&](const std::string& folder) { return is_below(path, folder); });
}

bool Region::knows(std::string_view path) const { return contains(path) || std::ranges::find(loaded_, path) != loaded_.end(); }

std::optional<FileTree> Region::replanted(const FileTree& files, const FileTree& after) const {
  FileTree result = files;
  for (const std::string& folder : folders_) {
    if (!result.replant(folder, node_at(after, folder))) return std::nullopt;
  }
  return result;
}

bool Region::kept(const Host& host, const Host& after) const {
  const std::optional<FileTree> files = replanted(host.files, after.files);
  if (!files || !(*files == after.files)) return false;
  const auto loaded = load_runtime_configuration(after.files, after.runtime);
  if (!loaded) return false;
  const auto known = [this](const std::string& path) { return knows(path); };
  return std::ranges::all_of((*loaded)->files, known) && std::ranges::all_of(needed_paths(**loaded), known);
}

std::optional<Host> Region::transplanted(const Host& host, const Host& after) const {
  std::optional<FileTree> files = replanted(host.files, after.files);
  if (!files) return std::nullopt;
  Host result = after;
  result.files = std::move(*files);
  return result;
}

}  // namespace barnacle
