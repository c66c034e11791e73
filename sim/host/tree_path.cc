#include "sim/host/tree_path.h"

#include <algorithm>
#include <cstring>

#include "sim/base/check.h"

namespace barnacle {
namespace {

constexpr int kLinkLimit = 40;  // Linux' MAXSYMLINKS
constexpr std::size_t kNameMax = 255;
constexpr std::size_t kPathMax = 4096;  // with the zero byte that ends it

class Walker {
 public:
  Walker(const Node* root, Last last) : last_(last) { place_.directories.push_back(root); }

  FsResult<TreePlace> walk(std::string_view path) {
    place_.slash = ends_with_slash(path);
    push_parts(path);
    while (!parts_.empty()) {
      const std::string_view name = parts_.back();
      parts_.pop_back();
      const auto stepped = step(name);
      if (!stepped) return std::unexpected(stepped.error());
      if (*stepped) return std::move(place_);
    }
    enter_last_directory();
    return std::move(place_);
  }

 private:
  // The parts of a path, last first, on top of what is still to be walked.
  void push_parts(std::string_view path) {
    std::size_t end = path.size();
    while (end > 0) {
      const std::size_t slash = path.rfind('/', end - 1);
      const std::size_t start = slash == std::string_view::npos ? 0 : slash + 1;
      if (start < end) parts_.push_back(path.substr(start, end - start));
      if (slash == std::string_view::npos) break;
      end = slash;
    }
  }

  // True when the walk ends here, at a name.
  FsResult<bool> step(std::string_view name) {
    if (name == ".") {
      place_.ending = Ending::dot;
      return false;
    }
    if (name == "..") {
      climb();
      return false;
    }
    if (parts_.empty() && last_ == Last::create && place_.slash) return std::unexpected(Errno::eisdir);
    if (name.size() > kNameMax && !(parts_.empty() && last_ == Last::rename))
      return std::unexpected(Errno::enametoolong);
    const Node* next = child_of(*place_.directories.back(), name);
    if (next != nullptr && next->kind == FileKind::symlink && follows()) return follow(next->blob->bytes);
    place_.names.push_back(name);
    if (parts_.empty()) {
      place_.entry = next;
      place_.ending = Ending::name;
      return true;
    }
    if (next == nullptr) return std::unexpected(Errno::enoent);
    if (next->kind != FileKind::directory) return std::unexpected(Errno::enotdir);
    place_.directories.push_back(next);
    return false;
  }

  bool follows() const {
    return !parts_.empty() || last_ == Last::follow || last_ == Last::create || (last_ == Last::keep && place_.slash);
  }

  FsResult<bool> follow(std::string_view target) {
    if (++links_ > kLinkLimit) return std::unexpected(Errno::eloop);
    if (target.empty()) return std::unexpected(Errno::enoent);
    // A target's last slash is the path's if the link was the last name.
    if (parts_.empty()) place_.slash = place_.slash || ends_with_slash(target);
    if (target.front() == '/') {
      place_.directories.resize(1);
      place_.names.clear();
      place_.ending = Ending::root;
    }
    push_parts(target);
    return false;
  }

  void climb() {
    place_.ending = Ending::dot_dot;
    if (place_.names.empty()) return;  // the root is its own parent
    place_.directories.pop_back();
    place_.names.pop_back();
  }

  // A path that ends with "." or ".." (or is the root) means the directory that the walk stands in.
  void enter_last_directory() {
    place_.entry = place_.directories.back();
    place_.directories.pop_back();
  }

  Last last_;
  TreePlace place_;
  std::vector<std::string_view> parts_;
  int links_ = 0;
};

}  // namespace

bool TreePlace::name_too_long() const { return !names.empty() && names.back().size() > kNameMax; }

std::uint32_t tag_of(std::string_view name) {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  const std::size_t length = std::min(name.size(), sizeof first);
  std::memcpy(&first, name.data(), length);
  std::memcpy(&last, name.data() + name.size() - length, length);
  return static_cast<std::uint32_t>(((first * 31 + last) * 0x9e3779b97f4a7c15ULL) >> 32) +
         static_cast<std::uint32_t>(name.size());
}

const Node* child_of(const Node& directory, std::string_view name) {
  const std::uint32_t tag = tag_of(name);
  for (const Child& child : directory.children) {
    if (child.tag == tag && *child.name == name) return child.node;
  }
  return nullptr;
}

FsResult<TreePlace> resolve(const Node* root, std::string_view path, Last last) {
  if (path.empty()) return std::unexpected(Errno::enoent);
  if (path.front() != '/') return std::unexpected(Errno::einval);
  if (path.size() >= kPathMax) return std::unexpected(Errno::enametoolong);
  return Walker(root, last).walk(path);
}

FsResult<TreePlace> resolve_existing(const Node* root, std::string_view path, Last last) {
  auto place = resolve(root, path, last);
  if (!place) return place;
  if (place->entry == nullptr) return std::unexpected(Errno::enoent);
  if (place->slash && !place->is_directory()) return std::unexpected(Errno::enotdir);
  return place;
}

std::optional<const Node*> find_plain(const Node* root, std::string_view path) {
  if (path.empty() || path.front() != '/' || path.back() == '/' || path.size() >= kPathMax) return std::nullopt;
  const Node* at = root;
  for (std::size_t start = 1; start <= path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string_view name = path.substr(start, end - start);
    start = end + 1;
    if (name.empty()) continue;
    if (name == "." || name == ".." || name.size() > kNameMax || at->kind != FileKind::directory) return std::nullopt;
    at = child_of(*at, name);
    if (at == nullptr || at->kind == FileKind::symlink) return std::nullopt;
  }
  return at;
}

TreePlace place_of(const Node* root, const std::vector<std::string_view>& names) {
  TreePlace place;
  place.names = names;
  place.entry = root;
  for (const std::string_view name : names) {
    check(place.is_directory(), "a path leads through what is no directory");
    place.directories.push_back(place.entry);
    place.entry = child_of(*place.entry, name);
  }
  place.ending = names.empty() ? Ending::root : Ending::name;
  return place;
}

}  // namespace barnacle
