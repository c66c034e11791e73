#include "fuzz/plain_tree.h"

#include <deque>
#include <iterator>
#include <utility>

namespace barnacle::fuzz {
namespace {

constexpr int kLinkLimit = 40;

std::deque<std::string> parts_of(std::string_view path) {
  std::deque<std::string> parts;
  std::string part;
  for (const char c : path) {
    if (c != '/') {
      part += c;
    } else if (!part.empty()) {
      parts.push_back(std::exchange(part, {}));
    }
  }
  if (!part.empty()) parts.push_back(part);
  return parts;
}

std::string parent_of(const std::string& place) { return place.empty() ? place : place.substr(0, place.rfind('/')); }

bool is_below(const std::string& inner, const std::string& outer) { return inner.starts_with(outer + "/"); }

bool is_directory(const PlainEntry* entry) { return entry != nullptr && entry->kind == FileKind::directory; }

}  // namespace

const PlainEntry* PlainTree::entry(const std::string& place) const {
  const auto found = entries_.find(place);
  return found == entries_.end() ? nullptr : &found->second;
}

bool PlainTree::has_children(const std::string& place) const {
  for (const auto& [path, entry] : entries_) {
    if (is_below(path, place)) return true;
  }
  return false;
}

std::uint64_t PlainTree::total_bytes() const {
  std::uint64_t total = 0;
  for (const auto& [path, entry] : entries_) {
    if (entry.kind == FileKind::file) total += entry.text.size();
  }
  return total;
}

bool PlainTree::has_room(const std::string& place, std::size_t bytes) const {
  const PlainEntry* old = entry(place);
  const std::uint64_t before = old != nullptr && old->kind == FileKind::file ? old->text.size() : 0;
  return !capacity_ || bytes <= before || total_bytes() - before + bytes <= *capacity_;
}

FsResult<std::string> PlainTree::resolve(std::string_view path, Follow follow) const {
  std::deque<std::string> parts = parts_of(path);
  std::string place;
  for (int links = 0; !parts.empty();) {
    const std::string name = parts.front();
    parts.pop_front();
    if (name == "..") {
      place = parent_of(place);
      continue;
    }
    const std::string next = place + "/" + name;
    const PlainEntry* there = entry(next);
    if (there != nullptr && there->kind == FileKind::symlink && (!parts.empty() || follow == Follow::yes)) {
      if (++links > kLinkLimit) return std::unexpected(Errno::eloop);
      if (there->text.starts_with('/')) place.clear();
      std::deque<std::string> target = parts_of(there->text);
      parts.insert(parts.begin(), target.begin(), target.end());
      continue;
    }
    if (!parts.empty() && there == nullptr) return std::unexpected(Errno::enoent);
    if (!parts.empty() && there->kind != FileKind::directory) return std::unexpected(Errno::enotdir);
    place = next;
  }
  return place;
}

FsResult<std::string> PlainTree::resolve_existing(std::string_view path, Follow follow) const {
  auto place = resolve(path, follow);
  if (place && entry(*place) == nullptr) return std::unexpected(Errno::enoent);
  return place;
}

FsResult<std::string> PlainTree::resolve_new(std::string_view path) const {
  auto place = resolve(path, Follow::no);
  if (place && entry(*place) != nullptr) return std::unexpected(Errno::eexist);
  return place;
}

FsResult<const PlainEntry*> PlainTree::find(std::string_view path, Follow follow) const {
  const auto place = resolve_existing(path, follow);
  if (!place) return std::unexpected(place.error());
  return entry(*place);
}

FsResult<std::string> PlainTree::read(std::string_view path) const {
  const auto found = find(path, Follow::yes);
  if (!found) return std::unexpected(found.error());
  if ((*found)->kind == FileKind::directory) return std::unexpected(Errno::eisdir);
  return (*found)->text;
}

FsResult<void> PlainTree::write(std::string_view path, std::string_view text, Time now, std::uint16_t mode) {
  const auto place = resolve(path, Follow::yes);
  if (!place) return std::unexpected(place.error());
  const PlainEntry* old = entry(*place);
  if (is_directory(old)) return std::unexpected(Errno::eisdir);
  if (!has_room(*place, text.size())) return std::unexpected(Errno::enospc);
  Attributes attributes = old == nullptr ? Attributes{.mode = mode} : old->attributes;
  attributes.mtime = now;
  entries_[*place] = {FileKind::file, attributes, std::string(text)};
  return {};
}

FsResult<void> PlainTree::put(std::string_view path, std::string_view text, Attributes attributes) {
  const auto place = resolve(path, Follow::no);
  if (!place) return std::unexpected(place.error());
  if (is_directory(entry(*place))) return std::unexpected(Errno::eisdir);
  if (!has_room(*place, text.size())) return std::unexpected(Errno::enospc);
  entries_[*place] = {FileKind::file, attributes, std::string(text)};
  return {};
}

FsResult<void> PlainTree::make_directory(std::string_view path, Time now, std::uint16_t mode) {
  const auto place = resolve_new(path);
  if (!place) return std::unexpected(place.error());
  entries_[*place] = {FileKind::directory, {.mode = mode, .mtime = now}, {}};
  return {};
}

FsResult<void> PlainTree::make_directories(std::string_view path, Time now, std::uint16_t mode) {
  const std::map<std::string, PlainEntry> before = entries_;
  const auto fail = [&](Errno error) -> FsResult<void> {
    entries_ = before;
    return std::unexpected(error);
  };
  std::string prefix;
  const std::deque<std::string> parts = parts_of(path);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    prefix += "/" + parts[i];
    const auto found = find(prefix, Follow::yes);
    if (found && is_directory(*found)) continue;
    if (found) return fail(i + 1 == parts.size() ? Errno::eexist : Errno::enotdir);
    if (found.error() != Errno::enoent) return fail(found.error());
    if (const auto made = make_directory(prefix, now, mode); !made) return fail(made.error());
  }
  return {};
}

FsResult<void> PlainTree::make_symlink(std::string_view path, std::string_view target, Time now) {
  const auto place = resolve_new(path);
  if (!place) return std::unexpected(place.error());
  entries_[*place] = {FileKind::symlink, {.mode = 0777, .mtime = now}, std::string(target)};
  return {};
}

FsResult<void> PlainTree::rename(std::string_view from, std::string_view to) {
  const auto source = resolve(from, Follow::no);
  if (!source) return std::unexpected(source.error());
  const auto target = resolve(to, Follow::no);
  if (!target) return std::unexpected(target.error());
  const PlainEntry* moved = entry(*source);
  const PlainEntry* there = entry(*target);
  if (moved == nullptr) return std::unexpected(Errno::enoent);
  if (is_below(*target, *source)) return std::unexpected(Errno::einval);
  if (is_below(*source, *target)) return std::unexpected(Errno::enotempty);
  if (*source == *target) return {};
  if (there != nullptr && is_directory(moved) && !is_directory(there)) return std::unexpected(Errno::enotdir);
  if (!is_directory(moved) && is_directory(there)) return std::unexpected(Errno::eisdir);
  if (is_directory(there) && has_children(*target)) return std::unexpected(Errno::enotempty);
  std::map<std::string, PlainEntry> renamed;
  for (const auto& [path, entry] : entries_) {
    if (path == *source || is_below(path, *source)) renamed[*target + path.substr(source->size())] = entry;
  }
  erase(*source);
  for (auto& [path, entry] : renamed) entries_[path] = entry;
  return {};
}

FsResult<void> PlainTree::unlink(std::string_view path) {
  const auto place = resolve_existing(path, Follow::no);
  if (!place) return std::unexpected(place.error());
  if (is_directory(entry(*place))) return std::unexpected(Errno::eisdir);
  erase(*place);
  return {};
}

FsResult<void> PlainTree::remove_directory(std::string_view path) {
  const auto place = resolve_existing(path, Follow::no);
  if (!place) return std::unexpected(place.error());
  if (!is_directory(entry(*place))) return std::unexpected(Errno::enotdir);
  if (has_children(*place)) return std::unexpected(Errno::enotempty);
  erase(*place);
  return {};
}

FsResult<void> PlainTree::remove_all(std::string_view path) {
  const auto place = resolve(path, Follow::no);
  if (place) {
    erase(*place);
  } else if (place.error() != Errno::enoent && place.error() != Errno::enotdir) {
    return std::unexpected(place.error());
  }
  return {};
}

FsResult<Attributes*> PlainTree::attributes(std::string_view path, Follow follow) {
  const auto place = resolve_existing(path, follow);
  if (!place) return std::unexpected(place.error());
  return &entries_[*place].attributes;
}

void PlainTree::erase(const std::string& place) {
  std::erase_if(entries_, [&](const auto& item) { return item.first == place || is_below(item.first, place); });
}

}  // namespace barnacle::fuzz
