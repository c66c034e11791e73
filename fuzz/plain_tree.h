// A file system as a plain map from path to entry: the slow, obvious answer to what sim/host/tree.h must do.
//
// Paths are absolute, end with a name that is neither "." nor "..", and have no slash behind it: what the kernel says
// of the others is the business of sim/host/tree_kernel_test.cc.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/host/tree.h"

namespace barnacle::fuzz {

struct PlainEntry {
  FileKind kind = FileKind::directory;
  Attributes attributes{.mode = 0755};
  std::string text;  // a file's contents, a link's target
};

class PlainTree {
 public:
  PlainTree() { entries_[""] = {}; }

  // By canonical path, the root being "": no entry of it is a link's name followed by more.
  const std::map<std::string, PlainEntry>& entries() const { return entries_; }
  std::uint64_t total_bytes() const;  // of files

  void set_capacity(std::uint64_t bytes) { capacity_ = bytes; }

  FsResult<const PlainEntry*> find(std::string_view path, Follow follow) const;
  FsResult<std::string> read(std::string_view path) const;
  FsResult<void> write(std::string_view path, std::string_view text, Time now, std::uint16_t mode);
  FsResult<void> put(std::string_view path, std::string_view text, Attributes attributes);
  FsResult<void> make_directory(std::string_view path, Time now, std::uint16_t mode);
  FsResult<void> make_directories(std::string_view path, Time now, std::uint16_t mode);
  FsResult<void> make_symlink(std::string_view path, std::string_view target, Time now);
  FsResult<void> rename(std::string_view from, std::string_view to);
  FsResult<void> unlink(std::string_view path);
  FsResult<void> remove_directory(std::string_view path);
  FsResult<void> remove_all(std::string_view path);
  // The attributes of what a path leads to, to be changed.
  FsResult<Attributes*> attributes(std::string_view path, Follow follow);

 private:
  // The canonical path; what it names need not be there, but the directory that it would be in is.
  FsResult<std::string> resolve(std::string_view path, Follow follow) const;
  FsResult<std::string> resolve_existing(std::string_view path, Follow follow) const;
  FsResult<std::string> resolve_new(std::string_view path) const;
  const PlainEntry* entry(const std::string& place) const;
  bool has_children(const std::string& place) const;
  bool has_room(const std::string& place, std::size_t bytes) const;
  void erase(const std::string& place);

  std::map<std::string, PlainEntry> entries_;
  std::optional<std::uint64_t> capacity_;
};

}  // namespace barnacle::fuzz
