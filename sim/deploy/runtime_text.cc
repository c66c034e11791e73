#include "sim/deploy/runtime_text.h"

#include <fmt/format.h>

namespace barnacle {
namespace {

constexpr std::string_view kMark = "  # kata-deploy";
constexpr std::string_view kMadeMark = "# made by kata-deploy: there was no file";
constexpr std::string_view kJoined = " (joined)";

// Where the brackets of the top-level `imports` are.
struct ListPlace {
  std::size_t open = 0;
  std::size_t close = 0;
  std::size_t last = 0;  // just behind the last character that is neither blank nor comment
};

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::size_t end_of_string(std::string_view text, std::size_t quote) {
  std::size_t at = quote + 1;
  while (at < text.size() && text[at] != text[quote] && text[at] != '\n') at += text[at] == '\\' && text[quote] == '"' ? 2 : 1;
  return at;
}

std::optional<ListPlace> scan_list(std::string_view text, std::size_t open) {
  ListPlace place{.open = open, .last = open + 1};
  for (std::size_t at = open + 1; at < text.size(); ++at) {
    if (text[at] == '"' || text[at] == '\'') at = end_of_string(text, at);
    else if (text[at] == '#') {
      at = std::min(text.find('\n', at), text.size());
      continue;
    } else if (text[at] == ']') {
      place.close = at;
      return place;
    } else if (is_blank(text[at])) {
      continue;
    }
    place.last = at + 1;
  }
  return std::nullopt;
}

struct KeyPlace {
  bool found = false;
  std::optional<ListPlace> list = {};  // none although found: no list
};

KeyPlace find_imports(std::string_view text) {
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    std::size_t at = start;
    while (at < end && is_blank(text[at])) ++at;
    if (at < end && text[at] == '[') break;  // tables begin: the top level is over
    if (text.substr(at, end - at).starts_with("imports")) {
      at += std::string_view("imports").size();
      while (at < end && is_blank(text[at])) ++at;
      if (at < end && text[at] == '=') {
        ++at;
        while (at < end && is_blank(text[at])) ++at;
        if (at >= end || text[at] != '[') return {.found = true};
        return {.found = true, .list = scan_list(text, at)};
      }
    }
    start = end + 1;
  }
  return {};
}

std::string begin_line(std::string_view owner, bool joined) {
  return fmt::format("# BEGIN {}{}\n", owner, joined ? kJoined : std::string_view{});
}
std::string end_line(std::string_view owner) { return fmt::format("# END {}\n", owner); }

std::string cut(std::string_view text, std::size_t from, std::size_t to) {
  return std::string(text.substr(0, from)).append(text.substr(to));
}

}  // namespace

std::optional<std::string> add_import(std::string_view text, std::string_view path) {
  const std::string item = fmt::format("\"{}\"", path);
  const KeyPlace key = find_imports(text);
  if (!key.found) return fmt::format("imports = [{}]{}\n{}", item, kMark, text);
  if (!key.list) return std::nullopt;
  const ListPlace& list = *key.list;
  if (text.substr(list.open, list.close - list.open).contains(item)) return std::string(text);
  const bool empty = list.last == list.open + 1;
  const bool trailing_comma = text[list.last - 1] == ',';
  const std::string added = empty ? item : trailing_comma ? " " + item + "," : ", " + item;
  return std::string(text.substr(0, list.last)).append(added).append(text.substr(list.last));
}

std::string remove_import(std::string_view text, std::string_view path) {
  const std::string item = fmt::format("\"{}\"", path);
  const KeyPlace key = find_imports(text);
  if (!key.found || !key.list) return std::string(text);
  const std::size_t at = text.substr(0, key.list->close).find(item, key.list->open);
  if (at == std::string_view::npos) return std::string(text);
  std::size_t from = at;
  std::size_t to = at + item.size();
  if (text.substr(0, from).ends_with(", ")) from -= 2;
  else if (text.substr(to).starts_with(", ")) to += 2;
  else if (text.substr(to).starts_with(",")) to += 1;
  const std::string left = cut(text, from, to);
  const std::string marked = fmt::format("imports = []{}\n", kMark);
  const std::size_t line = left.find(marked);
  if (line == std::string::npos || (line != 0 && left[line - 1] != '\n')) return left;
  return cut(left, line, line + marked.size());
}

std::string put_block(std::string_view text, std::string_view owner, std::string_view body) {
  const bool joined = !text.empty() && text.back() != '\n';
  for (const bool was_joined : {false, true}) {
    const std::string block = begin_line(owner, was_joined) + std::string(body) + end_line(owner);
    if (text.contains(block)) return std::string(text);
  }
  const std::string without = remove_block(text, owner);
  if (without != text) return put_block(without, owner, body);
  return std::string(text) + (joined ? "\n" : "") + begin_line(owner, joined) + std::string(body) + end_line(owner);
}

std::string remove_block(std::string_view text, std::string_view owner) {
  for (const bool joined : {false, true}) {
    const std::string begin = begin_line(owner, joined);
    std::size_t from = text.find(begin);
    if (from == std::string_view::npos || (from != 0 && text[from - 1] != '\n')) continue;
    const std::string end = end_line(owner);
    const std::size_t stop = text.find(end, from);
    if (stop == std::string_view::npos) continue;
    if (joined) --from;
    return cut(text, from, stop + end.size());
  }
  return std::string(text);
}

std::string made_file(int version) { return fmt::format("{}\nversion = {}\n", kMadeMark, version); }

std::optional<std::string> unmake_file(std::string_view text) {
  if (!text.starts_with(kMadeMark)) return std::string(text);
  std::size_t rest = text.find('\n');
  if (rest == std::string_view::npos) return std::nullopt;
  rest = text.find('\n', rest + 1);
  if (rest == std::string_view::npos || rest + 1 == text.size()) return std::nullopt;
  return std::string(text.substr(rest + 1));
}

}  // namespace barnacle
