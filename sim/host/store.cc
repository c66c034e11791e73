#include "sim/host/store.h"

#include "sim/base/check.h"
#include "sim/host/node_table.h"

namespace barnacle {

Store::Store() : tables_(std::make_unique<Tables>()) { tables_->nodes_by_state.max_load_factor(0.8F); }
Store::~Store() = default;

const Blob* Store::intern(std::string_view bytes) {
  const Hash128 hash = hash_bytes(bytes);
  const auto [entry, inserted] = tables_->blobs_by_hash.try_emplace(hash, nullptr);
  if (inserted) {
    entry.value() = &tables_->blobs.emplace_back(Blob{std::string(bytes), hash});
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
  node.state = state_of(node.kind, node.attributes, node.blob != nullptr ? node.blob->hash : node.listing);
  if (const Node* known = find(store, node.state)) {
    check(same(*known, node), "two nodes have one 128-bit hash");
    return known;
  }
  return add(store, std::move(node));
}

const Node* NodeTable::add(Store& store, Node&& node) {
  Store::Tables& tables = *store.tables_;
  tables.bytes += sizeof(Node) + node.children.size() * sizeof(Child);
  return *tables.nodes_by_state.insert(&tables.nodes.emplace_back(std::move(node))).first;
}

bool NodeTable::same(const Node& a, const Node& b) {
  return a.kind == b.kind && a.attributes == b.attributes && a.blob == b.blob && a.children == b.children;
}

const Node* NodeTable::find(Store& store, Hash128 state) {
  const auto& nodes = store.tables_->nodes_by_state;
  const auto known = nodes.find(state);
  return known == nodes.end() ? nullptr : *known;
}

NodeTable::Listed NodeTable::relisted(const Node& directory, std::string_view name, const Hash128* before,
                                      const Hash128* after) {
  Hash128 listing = directory.listing;
  const Hasher named = Hasher().add(name);
  if (before != nullptr) {
    const Hash128 entry = Hasher(named).add(*before).finish();
    listing = {listing.low - entry.low, listing.high - entry.high};
  }
  if (after != nullptr) {
    const Hash128 entry = Hasher(named).add(*after).finish();
    listing = {listing.low + entry.low, listing.high + entry.high};
  }
  return {listing, state_of(FileKind::directory, directory.attributes, listing)};
}

Hash128 NodeTable::state_of(FileKind kind, const Attributes& attributes, Hash128 contents) {
  Hasher hasher;
  hasher.add((std::uint64_t{attributes.mode} << 32) | attributes.uid);
  hasher.add((static_cast<std::uint64_t>(kind) << 32) | attributes.gid);
  hasher.add(static_cast<std::uint64_t>(attributes.mtime)).add(contents);
  return hasher.finish();
}

}  // namespace barnacle
