#include "sim/host/tree_path.h"

#include <algorithm>
#include <optional>

#include "sim/base/check.h"

namespace barnacle {
namespace {

constexpr int kLinkLimit = 40;  // Linux' MAXSYMLINKS
constexpr std::size_t kNameMax = 255;
constexpr std::size_t kPathMax = 4096;  // with the zero byte that ends it

class Walker {
 public:
  Walker(const Node* root, Last last) : last_(last) {
    place_.directories.reserve(kUsualDepth);
    place_.names.reserve(kUsualDepth);
    place_.directories.push_back(root);
  }

  FsResult<TreePlace> walk(std::string_view path) {
    place_.slash = ends_with_slash(path);
    walk_first(path);
    while (!rest_.empty()) {
      const auto stepped = step(next_name());
      if (!stepped) return std::unexpected(stepped.error());
      if (*stepped) return std::move(place_);
    }
    enter_last_directory();
    return std::move(place_);
  }

 private:
  static constexpr std::size_t kUsualDepth = 8;

  static std::string_view from_first_name(std::string_view text) {
    return text.substr(std::min(text.find_first_not_of('/'), text.size()));
  }

  std::string_view next_name() {
    const std::string_view name = rest_.substr(0, rest_.find('/'));
    rest_ = from_first_name(rest_.substr(name.size()));
    if (rest_.empty() && !behind_.empty()) {
      rest_ = behind_.back();
      behind_.pop_back();
    }
    return name;
  }

  // A text without a name leads nowhere.
  void walk_first(std::string_view text) {
    text = from_first_name(text);
    if (text.empty()) return;
    if (!rest_.empty()) behind_.push_back(rest_);
    rest_ = text;
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
    if (rest_.empty() && last_ == Last::create && place_.slash) return std::unexpected(Errno::eisdir);
    if (name.size() > kNameMax && !(rest_.empty() && last_ == Last::rename))
      return std::unexpected(Errno::enametoolong);
    const Node* next = place_.directories.back()->children.find(name);
    if (next != nullptr && next->kind == FileKind::symlink && follows()) return follow(next->blob->bytes);
    place_.names.push_back(name);
    if (rest_.empty()) {
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
    return !rest_.empty() || last_ == Last::follow || last_ == Last::create || (last_ == Last::keep && place_.slash);
  }

  FsResult<bool> follow(std::string_view target) {
    if (++links_ > kLinkLimit) return std::unexpected(Errno::eloop);
    if (target.empty()) return std::unexpected(Errno::enoent);
    // A target's last slash is the path's if the link was the last name.
    if (rest_.empty()) place_.slash = place_.slash || ends_with_slash(target);
    if (target.front() == '/') {
      place_.directories.resize(1);
      place_.names.clear();
      place_.ending = Ending::root;
    }
    walk_first(target);
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
  std::string_view rest_;                 // of the path, or of the link's target that is being walked
  std::vector<std::string_view> behind_;  // what is walked after that: it stood behind the link
  int links_ = 0;
};

// Why no walk begins with this path.
std::optional<Errno> refuse_path(std::string_view path) {
  if (path.empty()) return Errno::enoent;
  if (path.front() != '/') return Errno::einval;
  if (path.size() >= kPathMax) return Errno::enametoolong;
  return std::nullopt;
}

bool is_dots(std::string_view name) { return name == "." || name == ".."; }

FsResult<const Node*> find_by_place(const Node* root, std::string_view path, Last last) {
  const auto place = resolve_existing(root, path, last);
  if (!place) return std::unexpected(place.error());
  return place->entry;
}

}  // namespace

const Node* Children::find(std::string_view name) const {
  const std::uint64_t tag = tag_of(name);
  for (const Name& one : *names_) {
    if (one.tag == tag && same_name(name, *one.text)) return nodes_[&one - names_->data()];
  }
  return nullptr;
}

bool TreePlace::name_too_long() const { return !names.empty() && names.back().size() > kNameMax; }

FsResult<TreePlace> resolve(const Node* root, std::string_view path, Last last) {
  if (const auto refused = refuse_path(path)) return std::unexpected(*refused);
  return Walker(root, last).walk(path);
}

FsResult<TreePlace> resolve_existing(const Node* root, std::string_view path, Last last) {
  auto place = resolve(root, path, last);
  if (!place) return place;
  if (place->entry == nullptr) return std::unexpected(Errno::enoent);
  if (place->slash && !place->is_directory()) return std::unexpected(Errno::enotdir);
  return place;
}

FsResult<const Node*> find_existing(const Node* root, std::string_view path, Last last) {
  if (const auto refused = refuse_path(path)) return std::unexpected(*refused);
  const Node* at = root;
  for (std::string_view rest = path; !rest.empty();) {
    rest.remove_prefix(1);  // the slash
    const std::string_view name = rest.substr(0, rest.find('/'));
    rest.remove_prefix(name.size());
    if (name.empty()) continue;
    if (at->kind == FileKind::symlink || is_dots(name)) return find_by_place(root, path, last);
    if (at->kind == FileKind::file) return std::unexpected(Errno::enotdir);
    if (name.size() > kNameMax) return std::unexpected(Errno::enametoolong);
    at = at->children.find(name);
    if (at == nullptr) return std::unexpected(Errno::enoent);
  }
  if (at->kind == FileKind::symlink && (last != Last::keep || ends_with_slash(path)))
    return find_by_place(root, path, last);
  if (at->kind == FileKind::file && ends_with_slash(path)) return std::unexpected(Errno::enotdir);
  return at;
}

TreePlace place_of(const Node* root, const std::vector<std::string_view>& names) {
  TreePlace place;
  place.names = names;
  place.entry = root;
  for (const std::string_view name : names) {
    check(place.is_directory(), "a path leads through what is no directory");
    place.directories.push_back(place.entry);
    place.entry = place.entry->children.find(name);
  }
  place.ending = names.empty() ? Ending::root : Ending::name;
  return place;
}

}  // namespace barnacle
