// The intern tables behind a Store; for store.cc and tree.cc only. Nothing is read off the order of a table.
#pragma once

#include <deque>
#include <set>

#include "sim/base/hash_map.h"
#include "sim/host/tree.h"

namespace barnacle {

struct Store::Tables {
  std::deque<Blob> blobs;
  std::deque<Node> nodes;
  std::set<std::string, std::less<>> names;
  HashMap<const Blob*> blobs_by_hash;
  HashMap<const Node*> nodes_by_hash;
  std::size_t bytes = 0;
};

class NodeTable {
 public:
  static const std::string* intern_name(Store& store, std::string_view name);
  // `node.state` is filled in here. Its children, blob and names are of the same Store.
  static const Node* intern(Store& store, Node node);
  // The directory with these attributes and entries; null where there was none yet.
  static const Node* find_directory(Store& store, const Attributes& attributes, Hash128 listing);

  // An entry's share of Node::listing.
  static Hash128 with_entry(Hash128 listing, std::string_view name, const Node& node);
  static Hash128 without_entry(Hash128 listing, std::string_view name, const Node& node);

 private:
  static bool same(const Node& a, const Node& b);
  static Hash128 state_of(FileKind kind, const Attributes& attributes, Hash128 contents);
};

}  // namespace barnacle
