// Where interned file contents and tree nodes live, and the memo tables that hang on them.
//
// Everything handed out (Blob*, Node*) stays valid and unchanged for the life of the Store. A Store belongs to one
// thread. It only grows; a campaign makes a new one between two sequences once bytes() passes its limit.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <typeindex>
#include <unordered_map>

#include "sim/base/hash.h"

namespace barnacle {

// Contents of a file. Equal bytes are the same pointer within one Store.
struct Blob {
  std::string bytes;
  Hash128 hash;
};

struct Node;  // sim/host/tree.h

class Store {
 public:
  Store();
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  const Blob* intern(std::string_view bytes);

  // Approximate memory held by interned values, in bytes.
  std::size_t bytes() const;

  // A module's own memo tables, made on first use: store.attachment<TomlCache>(). The type is the key.
  template <class T>
  T& attachment() {
    std::shared_ptr<void>& slot = attachments_[std::type_index(typeid(T))];
    if (!slot) slot = std::make_shared<T>();
    return *static_cast<T*>(slot.get());
  }

 private:
  friend class NodeTable;
  struct Tables;
  std::unique_ptr<Tables> tables_;
  std::unordered_map<std::type_index, std::shared_ptr<void>> attachments_;
};

}  // namespace barnacle
