#include "sim/host/store.h"

#include "sim/base/check.h"
#include "sim/host/node_table.h"

namespace barnacle {

Store::Store() : tables_(std::make_unique<Tables>()) {}
Store::~Store() = default;

const Blob* Store::intern(std::string_view bytes) {
  const Hash128 hash = hash_bytes(bytes);
  const auto [entry, inserted] = tables_->blobs_by_hash.try_emplace(hash, nullptr);
  if (inserted) {
    entry->second = &tables_->blobs.emplace_back(Blob{std::string(bytes), hash});
    tables_->bytes += bytes.size() + sizeof(Blob);
  }
  check(entry->second->bytes.size() == bytes.size(), "two contents have one 128-bit hash");
  return entry->second;
}

std::size_t Store::bytes() const { return tables_->bytes; }

const std::string* NodeTable::intern_name(Store& store, std::string_view name) {
  Store::Tables& tables = *store.tables_;
  const auto known = tables.names.find(name);
  if (known != tables.names.end()) return &*known;
  tables.bytes += sizeof(std::string) + name.size();
  return &*tables.names.emplace(name).first;
}

const Node* NodeTable::intern(Store& store, Node node) {
  Store::Tables& tables = *store.tables_;
  node.state = state_of(node);
  const auto [entry, inserted] = tables.nodes_by_hash.try_emplace(node.state, nullptr);
  if (inserted) {
    tables.bytes += sizeof(Node) + node.children.size() * sizeof(Child);
    entry->second = &tables.nodes.emplace_back(std::move(node));
  } else {
    check(same(*entry->second, node), "two nodes have one 128-bit hash");
  }
  return entry->second;
}

bool NodeTable::same(const Node& a, const Node& b) {
  return a.kind == b.kind && a.attributes == b.attributes && a.blob == b.blob && a.children == b.children;
}

Hash128 NodeTable::state_of(const Node& node) {
  Hasher hasher;
  hasher.add(static_cast<std::uint64_t>(node.kind))
      .add((std::uint64_t{node.attributes.mode} << 32) | node.attributes.uid)
      .add(node.attributes.gid)
      .add(static_cast<std::uint64_t>(node.attributes.mtime));
  if (node.blob != nullptr) hasher.add(node.blob->hash);
  for (const Child& child : node.children) hasher.add(*child.name).add(child.node->state);
  return hasher.finish();
}

}  // namespace barnacle
