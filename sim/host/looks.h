// Remembers what a function of a file tree came to, by all that it looked at.
//
// Such a function sees the tree through a Looker alone, so that what it looks at next depends on nothing but what it
// has seen. What is remembered is therefore a tree of decisions: what to look at, and for each thing that was found
// there how it went on. Asking again costs the same looks, and none of the work between them.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/hash_map.h"
#include "sim/host/tree.h"

namespace barnacle {

// A look at one path, and what it found. Blobs and nodes are interned: the same pointer is the same thing.
struct Look {
  enum class At : std::uint8_t { contents, node, link_itself };
  struct Found {
    const void* what = nullptr;  // a Blob or a Node
    Errno error{};               // where there is none
    bool operator==(const Found&) const = default;
  };
  struct FoundHash {
    std::size_t operator()(const Found& found) const {
      return AddressHash()(found.what) + static_cast<std::size_t>(found.error);
    }
  };

  std::string path;
  At at = At::node;
  bool operator==(const Look&) const = default;

  Found take(const FileTree& files) const {
    if (at == At::contents) return found(files.read(path));
    return found(files.find(path, at == At::node ? Follow::yes : Follow::no));
  }
  template <class T>
  static Found found(const FsResult<const T*>& result) {
    return result ? Found{.what = *result} : Found{.error = result.error()};
  }
};

class Looker {
 public:
  explicit Looker(const FileTree& files) : files_(files) {}

  FsResult<const Blob*> read(std::string_view path) {
    return noted({std::string(path), Look::At::contents}, files_.read(path));
  }
  FsResult<const Node*> find(std::string_view path, Follow follow = Follow::yes) {
    return noted({std::string(path), follow == Follow::yes ? Look::At::node : Look::At::link_itself},
                 files_.find(path, follow));
  }
  Store& store() const { return files_.store(); }

  struct Seen {
    Look look;
    Look::Found found;
    bool operator==(const Seen&) const = default;
  };
  const std::vector<Seen>& seen() const { return seen_; }

 private:
  template <class T>
  FsResult<const T*> noted(Look look, FsResult<const T*> result) {
    const Seen seen{std::move(look), Look::found(result)};
    if (std::ranges::count(seen_, seen) == 0) seen_.push_back(seen);
    return result;
  }

  const FileTree& files_;
  std::vector<Seen> seen_;
};

// For trees of one Store, and no longer than that.
template <class Result>
class LookMemory {
 public:
  // What `function` makes of the tree. Often several ask of one tree before it changes.
  template <class Function>
  const Result& of(const FileTree& files, Function function) {
    if (last_tree_ != files.root()) {
      last_ = &look_up(files, function);
      last_tree_ = files.root();
    }
    return *last_;
  }

 private:
  // Either the next look or, at the end, the result.
  struct Place {
    std::optional<Look> look;
    tsl::robin_map<Look::Found, std::unique_ptr<Place>, Look::FoundHash> next;
    std::optional<Result> result;
  };

  template <class Function>
  const Result& look_up(const FileTree& files, Function& function) {
    Place* at = &first_;
    while (at->look) {
      const auto next = at->next.find(at->look->take(files));
      if (next == at->next.end()) break;
      at = next->second.get();
    }
    if (at->result) return *at->result;
    Looker looker(files);
    Result result = function(looker);
    return place_of(looker.seen()).result.emplace(std::move(result));
  }

  Place& place_of(const std::vector<Looker::Seen>& seen) {
    Place* at = &first_;
    for (const auto& [look, found] : seen) {
      at->look = look;
      std::unique_ptr<Place>& next = at->next[found];
      if (!next) next = std::make_unique<Place>();
      at = next.get();
    }
    return *at;
  }

  Place first_;
  const Node* last_tree_ = nullptr;
  const Result* last_ = nullptr;
};

}  // namespace barnacle
