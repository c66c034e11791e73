// The intern tables behind a Store; for store.cc and tree.cc only. Nothing is read off the order of a table.
#pragma once

#include <tsl/robin_set.h>

#include <deque>
#include <set>

#include "sim/base/hash_map.h"
#include "sim/host/tree.h"

namespace barnacle {

struct Store::Tables {
  // A node is looked up by its state, and what the table keeps of that is a short hash of it: a place in the table has
  // half the size, and of nodes with another state hardly one is touched.
  struct State {
    static const Hash128& of(const Hash128& state) { return state; }
    static const Hash128& of(const Node* node) { return node->state; }
  };
  struct StateHash {
    std::size_t operator()(const auto& one) const { return static_cast<std::size_t>(State::of(one).low); }
  };
  struct SameState {
    using is_transparent = void;
    bool operator()(const auto& a, const auto& b) const { return State::of(a) == State::of(b); }
  };

  std::deque<Blob> blobs;
  std::deque<Node> nodes;
  std::set<std::string, std::less<>> names;
  HashMap<const Blob*> blobs_by_hash;
  tsl::robin_set<const Node*, StateHash, SameState, std::allocator<const Node*>, true> nodes_by_state;
  std::size_t bytes = 0;
};

class NodeTable {
 public:
  static const std::string* intern_name(Store& store, std::string_view name);
  // `node.state` is filled in here. Its children, blob and names are of the same Store.
  static const Node* intern(Store& store, Node node);
  // The node in that state; null where there was none yet.
  static const Node* find(Store& store, Hash128 state);
  // The same as intern for a node whose state is filled in, and known to nobody yet.
  static const Node* add(Store& store, Node&& node);

  // What a directory comes to by its entries.
  struct Listed {
    Hash128 listing;
    Hash128 state;
  };
  // With a node of another state (null: none) in the place of the one that has this name.
  static Listed relisted(const Node& directory, std::string_view name, const Hash128* before, const Hash128* after);

 private:
  static bool same(const Node& a, const Node& b);
  static Hash128 state_of(FileKind kind, const Attributes& attributes, Hash128 contents);
};

}  // namespace barnacle
