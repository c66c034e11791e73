#include "sim/host/observe.h"

#include <algorithm>
#include <vector>

#include "sim/base/hash_map.h"
#include "sim/host/toml.h"
#include "sim/host/tree.h"

namespace barnacle {
namespace {

struct Observed {
  AddressMap<Blob, Hash128> toml;
  AddressMap<Node, Hash128> nodes[2];  // [1]: of files whose name ends in ".toml"
};

bool is_toml(std::string_view name) { return name.ends_with(".toml"); }

// Its top-level imports in byte order, and each of them once: a runtime loads a file once however often it is named.
void make_imports_a_set(TomlValue& whole) {
  for (auto& [key, value] : whole.table()) {
    if (key != "imports" || !value.is_array()) continue;
    TomlArray items = value.array();
    if (!std::ranges::all_of(items, &TomlValue::is_string)) return;
    std::ranges::sort(items, {}, &TomlValue::string);
    const auto repeated = std::ranges::unique(items, {}, &TomlValue::string);
    items.erase(repeated.begin(), repeated.end());
    value.value = std::move(items);
  }
}

Hash128 by_value(Store& store, const Blob* blob) {
  const auto& parsed = parse_toml(store, blob);
  if (!parsed) return blob->hash;
  if (parsed->get("imports") == nullptr) return hash_of(*parsed);
  TomlValue whole = *parsed;
  make_imports_a_set(whole);
  return hash_of(whole);
}

Hash128 seen_node(Store& store, Observed& memory, std::string_view name, const Node* node);

Hash128 compute(Store& store, Observed& memory, std::string_view name, const Node* node) {
  Hasher hasher;
  hasher.add(static_cast<std::uint64_t>(node->kind));
  if (node->kind == FileKind::symlink) return hasher.add(node->blob->hash).finish();  // Linux gives all links one mode
  hasher.add((std::uint64_t{node->attributes.mode} << 32) | node->attributes.uid).add(node->attributes.gid);
  if (node->kind == FileKind::file) return hasher.add(observed_contents(store, name, node->blob)).finish();
  for (const Child& child : node->children) {
    if (is_backup(*child.name)) continue;
    hasher.add(*child.name).add(seen_node(store, memory, *child.name, child.node));
  }
  return hasher.finish();
}

Hash128 seen_node(Store& store, Observed& memory, std::string_view name, const Node* node) {
  auto& known = memory.nodes[node->kind == FileKind::file && is_toml(name)];
  const auto found = known.find(node);
  if (found != known.end()) return found->second;
  const Hash128 hash = compute(store, memory, name, node);
  known.emplace(node, hash);
  return hash;
}

}  // namespace

Hash128 observed_contents(Store& store, std::string_view name, const Blob* blob) {
  if (!is_toml(name)) return blob->hash;
  auto& toml = store.attachment<Observed>().toml;
  const auto known = toml.find(blob);
  if (known != toml.end()) return known->second;
  const Hash128 hash = by_value(store, blob);
  toml.emplace(blob, hash);
  return hash;
}

Hash128 seen_hash(Store& store, const Node* node) { return seen_hash(store, "", node); }

Hash128 seen_hash(Store& store, std::string_view name, const Node* node) {
  return seen_node(store, store.attachment<Observed>(), name, node);
}

bool is_backup(std::string_view name) { return name.ends_with(".bak"); }

}  // namespace barnacle
