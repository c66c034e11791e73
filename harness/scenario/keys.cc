#include "harness/scenario/keys.h"

#include <algorithm>
#include <vector>

namespace barnacle {
namespace {

constexpr std::size_t kLongestCompared = 64;
constexpr std::size_t kLongestShown = 60;

char folded(char c) { return c == '_' ? '-' : c; }

// Insertions, removals, replacements and swaps of neighbours that turn one text into the other.
std::size_t typing_distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> before_last, last(right.size() + 1), current(right.size() + 1);
  for (std::size_t column = 0; column <= right.size(); ++column) last[column] = column;
  for (std::size_t row = 1; row <= left.size(); ++row) {
    current[0] = row;
    for (std::size_t column = 1; column <= right.size(); ++column) {
      const bool equal = folded(left[row - 1]) == folded(right[column - 1]);
      current[column] = std::min({last[column] + 1, current[column - 1] + 1, last[column - 1] + (equal ? 0 : 1)});
      const bool swapped =
          row > 1 && column > 1 && left[row - 1] == right[column - 2] && left[row - 2] == right[column - 1];
      if (swapped) current[column] = std::min(current[column], before_last[column - 2] + 1);
    }
    before_last = last;
    last = current;
  }
  return last[right.size()];
}

}  // namespace

bool same_key(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, [](char a, char b) { return folded(a) == folded(b); });
}

std::optional<std::string_view> nearest_name(std::string_view name, std::span<const std::string_view> known) {
  if (name.empty() || name.size() > kLongestCompared) return std::nullopt;
  std::optional<std::string_view> nearest;
  std::size_t best = std::max<std::size_t>(1, std::min<std::size_t>(3, name.size() / 3)) + 1;
  for (const std::string_view candidate : known) {
    const std::size_t distance = typing_distance(name, candidate);
    if (distance >= best) continue;
    best = distance;
    nearest = candidate;
  }
  return nearest;
}

std::string shown_path(std::string_view path) {
  std::string line(path);
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return line;
}

std::string shown(std::string_view text) {
  if (text.size() <= kLongestShown) return shown_path(text);
  std::size_t end = kLongestShown;
  // A character of several bytes is not cut in two.
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U) --end;
  return shown_path(text.substr(0, end)) + "…";
}

}  // namespace barnacle
