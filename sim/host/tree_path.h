// Where a path leads in a tree, as the kernel walks it; for tree.cc only.
#pragma once

#include <bit>
#include <cstring>
#include <string_view>
#include <vector>

#include "sim/host/tree.h"

namespace barnacle {

// What becomes of a symbolic link that is the last name of a path.
enum class Last : std::uint8_t {
  follow,  // it is followed: open, stat, chmod
  create,  // it is followed, and a slash behind the last name refused (EISDIR) before that is looked up: open to write
  keep,    // it is meant itself, unless a slash follows it: lstat, utimensat
  entry,   // it is meant itself: whatever makes or removes entries
  rename,  // it is meant itself, and refuse_rename looks at the length of its name: the kernel looks at others first
};

// What a path ends with. Who changes entries refuses all but a name, each call with an error of its own.
enum class Ending : std::uint8_t { name, dot, dot_dot, root };

// The directories from the root down to the entry's parent, the names on the way, and the entry.
struct TreePlace {
  std::vector<const Node*> directories;  // [0] is the root; the last one is the parent
  std::vector<std::string_view> names;   // names[i] is an entry of directories[i]; the last one is the entry's
  const Node* entry = nullptr;           // null: nothing there (its parent is)
  Ending ending = Ending::root;
  bool slash = false;  // a slash follows the last name

  bool is_root() const { return names.empty(); }
  bool name_too_long() const;
  bool is_directory() const { return entry != nullptr && entry->kind == FileKind::directory; }
};

inline bool ends_with_slash(std::string_view path) { return path.ends_with('/'); }

template <class Word>
Word word_at(std::string_view text, std::size_t at) {
  Word word = 0;
  std::memcpy(&word, text.data() + at, sizeof(Word));
  return word;
}

// A word on a name (Children::Name::tag), for a first look. A name of less than kTagWhole bytes shares it with no
// other: it is the name's own bytes, taken in two parts that overlap, with the length above them. Of a longer one (the
// highest bit set) it is a mixture of the first eight bytes, the last eight and the length.
inline constexpr std::size_t kTagWhole = 8;

inline std::uint64_t tag_of(std::string_view name) {
  static_assert(std::endian::native == std::endian::little, "a name's first byte is the lowest");
  const std::size_t length = name.size();
  if (length >= kTagWhole) {
    const auto first = word_at<std::uint64_t>(name, 0);
    const auto last = word_at<std::uint64_t>(name, length - 8);
    return ((first * 31 + last + length) * 0x9e3779b97f4a7c15ULL) | (std::uint64_t{1} << 63U);
  }
  std::uint64_t bytes = 0;
  if (length >= 4) {
    bytes = word_at<std::uint32_t>(name, 0) | std::uint64_t{word_at<std::uint32_t>(name, length - 4)}
                                                  << (8 * (length - 4));
  } else if (length >= 2) {
    bytes = word_at<std::uint16_t>(name, 0) | std::uint64_t{word_at<std::uint16_t>(name, length - 2)}
                                                  << (8 * (length - 2));
  } else if (length == 1) {
    bytes = word_at<std::uint8_t>(name, 0);
  }
  return bytes | (std::uint64_t{length} << 56U);
}

// Whether names that share a tag are one.
inline bool same_name(std::string_view a, std::string_view b) {
  if (a.size() < kTagWhole) return true;
  if (a.size() != b.size()) return false;
  if (a.size() > 16) return a == b;
  return word_at<std::uint64_t>(a, 0) == word_at<std::uint64_t>(b, 0) &&
         word_at<std::uint64_t>(a, a.size() - 8) == word_at<std::uint64_t>(b, b.size() - 8);
}

// ENOENT, ENOTDIR, ELOOP and ENAMETOOLONG for what is on the way to the entry; EINVAL for a path that is not absolute.
// The names are parts of `path` and of link targets, and live as long as these.
FsResult<TreePlace> resolve(const Node* root, std::string_view path, Last last);

// The same for something that has to be there: ENOENT if it is not, ENOTDIR if a slash follows what is no directory.
FsResult<TreePlace> resolve_existing(const Node* root, std::string_view path, Last last);

// What resolve_existing would find there. Most look-ups end here, without a place being made.
FsResult<const Node*> find_existing(const Node* root, std::string_view path, Last last);

// The place that another place's names lead to in this tree. Precondition: all of them but the last are directories.
TreePlace place_of(const Node* root, const std::vector<std::string_view>& names);

}  // namespace barnacle
