#include "sim/host/observe.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "sim/host/toml.h"
#include "sim/host/tree.h"

namespace barnacle {
namespace {

struct Observed {
  std::unordered_map<const Blob*, Hash128> toml;
  std::unordered_map<const Node*, Hash128> nodes[2];  // [1]: of files whose name ends in ".toml"
};

bool is_toml(std::string_view name) { return name.ends_with(".toml"); }

// Its top-level imports in byte order, and each of them once: a runtime loads a file once however often it is named.
void make_imports_a_set(TomlValue& whole) {
  for (auto& [key, value] : whole.table()) {
    if (key != "imports" || !value.is_array()) continue;
    TomlArray items = value.array();
    if (!std::ranges::all_of(items, &TomlValue::is_string)) return;
    std::ranges::sort(items, {}, [](const TomlValue& item) { return item.string(); });
    value.value = std::move(items);
  }
}

Hash128 by_value(Store& store, const Blob* blob) {
  const auto& parsed = parse_toml(store, blob);
  if (!parsed) return blob->hash;
  TomlValue whole = *parsed;
  make_imports_a_set(whole);
  return hash_of(whole);
}

Hash128 seen_node(Store& store, Observed& memory, const Node* node, bool toml) {
  const auto known = memory.nodes[toml].find(node);
  if (known != memory.nodes[toml].end()) return known->second;
  Hasher hasher;
  hasher.add(static_cast<std::uint64_t>(node->kind));
  if (node->kind != FileKind::symlink) hasher.add((std::uint64_t{node->attributes.mode} << 32) | node->attributes.uid).add(node->attributes.gid);
  if (node->kind == FileKind::symlink) hasher.add(node->blob->hash);
  if (node->kind == FileKind::file) hasher.add(observed_contents(store, toml ? ".toml" : "", node->blob));
  for (const Child& child : node->children) {
    if (is_backup(*child.name)) continue;
    hasher.add(*child.name).add(seen_node(store, memory, child.node, child.node->kind == FileKind::file && is_toml(*child.name)));
  }
  return memory.nodes[toml][node] = hasher.finish();
}

}  // namespace

Hash128 observed_contents(Store& store, std::string_view name, const Blob* blob) {
  if (!is_toml(name)) return blob->hash;
  auto& toml = store.attachment<Observed>().toml;
  const auto [entry, inserted] = toml.try_emplace(blob);
  if (inserted) entry->second = by_value(store, blob);
  return entry->second;
}

Hash128 seen_hash(Store& store, const Node* node) { return seen_node(store, store.attachment<Observed>(), node, false); }

bool is_backup(std::string_view name) { return name.ends_with(".bak"); }

}  // namespace barnacle
