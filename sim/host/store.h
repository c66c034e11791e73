// Where interned file contents and tree nodes live, and the memo tables that hang on them.
//
// Everything handed out (Blob*, Node*) stays valid and unchanged for the life of the Store. A Store belongs to one
// thread. It only grows; a campaign makes a new one between two sequences once bytes() passes its limit.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

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
    for (const Attachment& present : attachments_) {
      if (present.type == &kType<T>) return *static_cast<T*>(present.tables.get());
    }
    const Attachment& made = attachments_.emplace_back(&kType<T>, std::make_shared<T>());
    return *static_cast<T*>(made.tables.get());
  }

 private:
  friend class NodeTable;
  struct Tables;
  struct Attachment {
    const char* type;  // the address of that type's kType
    std::shared_ptr<void> tables;
  };
  template <class T>
  static constexpr char kType = 0;

  std::unique_ptr<Tables> tables_;
  std::vector<Attachment> attachments_;  // a dozen: looked through faster than a type's name is hashed
};

}  // namespace barnacle
