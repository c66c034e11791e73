#include "sim/deploy/runtime_text.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace barnacle {
namespace {

constexpr std::string_view kMark = "  # kata-deploy";
constexpr std::string_view kMadeMark = "# made by kata-deploy: there was no file";
constexpr std::string_view kJoined = " (joined)";

// Where a part of the text is.
struct Extent {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// Where the brackets of the top-level `imports` are, and what is between them.
struct ListPlace {
  std::size_t open = 0;
  std::size_t close = 0;
  std::size_t last = 0;         // just behind the last character that is neither blank nor comment
  std::vector<Extent> strings;  // with their quotes
};

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_quote(char c) { return c == '"' || c == '\''; }

std::size_t skip_blanks(std::string_view text, std::size_t at) {
  while (at < text.size() && is_blank(text[at])) ++at;
  return at;
}

std::size_t line_end(std::string_view text, std::size_t at) { return std::min(text.find('\n', at), text.size()); }

// Just behind the string that begins here; a string that is not closed ends with its line (a long one with the text).
std::size_t end_of_string(std::string_view text, std::size_t begin) {
  const char quote = text[begin];
  const bool escapes = quote == '"';
  const std::string closing(text.substr(begin).starts_with(std::string(3, quote)) ? 3 : 1, quote);
  std::size_t at = begin + closing.size();
  while (at < text.size() && !text.substr(at).starts_with(closing)) {
    if (closing.size() == 1 && text[at] == '\n') return at;
    at += escapes && text[at] == '\\' ? 2 : 1;
  }
  at = std::min(at + closing.size(), text.size());
  // Up to two quotes may stand right before the closing three.
  for (int extra = 0; closing.size() == 3 && extra < 2 && at < text.size() && text[at] == quote; ++extra) ++at;
  return at;
}

std::optional<ListPlace> scan_list(std::string_view text, std::size_t open) {
  ListPlace place{.open = open, .close = open, .last = open + 1, .strings = {}};
  for (std::size_t at = open + 1; at < text.size();) {
    if (text[at] == ']') {
      place.close = at;
      return place;
    }
    if (text[at] == '#') {
      at = line_end(text, at);
    } else if (is_blank(text[at])) {
      ++at;
    } else {
      const std::size_t end = is_quote(text[at]) ? end_of_string(text, at) : at + 1;
      if (is_quote(text[at])) place.strings.push_back({at, end});
      place.last = at = end;
    }
  }
  return std::nullopt;
}

// The end of the line in which the value that begins here ends: brackets and long strings go over several.
std::size_t end_of_value(std::string_view text, std::size_t at) {
  int depth = 0;
  while (at < text.size() && (depth > 0 || text[at] != '\n')) {
    if (is_quote(text[at])) {
      at = end_of_string(text, at);
    } else if (text[at] == '#') {
      at = line_end(text, at);
    } else {
      if (text[at] == '[' || text[at] == '{') ++depth;
      if (text[at] == ']' || text[at] == '}') --depth;
      ++at;
    }
  }
  return at;
}

// The '=' behind the key that begins here, or the end of its line.
std::size_t end_of_key(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] != '=' && text[at] != '\n')
    at = is_quote(text[at]) ? end_of_string(text, at) : at + 1;
  return std::min(at, text.size());
}

bool names_imports(std::string_view key) {
  while (!key.empty() && is_blank(key.back())) key.remove_suffix(1);
  return key == "imports" || key == "\"imports\"" || key == "'imports'";
}

struct KeyPlace {
  bool found = false;
  std::optional<ListPlace> list = {};  // none although found: no list
};

KeyPlace find_imports(std::string_view text) {
  for (std::size_t at = skip_blanks(text, 0); at < text.size(); at = skip_blanks(text, at)) {
    if (text[at] == '[') break;  // tables begin: the top level is over
    if (text[at] == '#') {
      at = line_end(text, at);
      continue;
    }
    const std::size_t equals = end_of_key(text, at);
    const bool is_imports = names_imports(text.substr(at, equals - at));
    at = std::min(equals + 1, text.size());
    if (equals == text.size() || text[equals] == '\n') continue;
    if (!is_imports) {
      at = end_of_value(text, at);
      continue;
    }
    at = skip_blanks(text, at);
    if (at >= text.size() || text[at] != '[') return {.found = true};
    return {.found = true, .list = scan_list(text, at)};
  }
  return {};
}

// Where the list names the path, whatever its quotes; an empty extent where it does not.
Extent find_item(std::string_view text, const ListPlace& list, std::string_view path) {
  for (const Extent& item : list.strings) {
    if (item.end - item.begin == path.size() + 2 && text.substr(item.begin + 1, path.size()) == path) return item;
  }
  return {};
}

std::string begin_line(std::string_view owner, bool joined) {
  return fmt::format("# BEGIN {}{}\n", owner, joined ? kJoined : std::string_view{});
}
std::string end_line(std::string_view owner) { return fmt::format("# END {}\n", owner); }

// The line, its newline included, from `at` on: npos where no line is that.
std::size_t find_line(std::string_view text, std::string_view line, std::size_t at = 0) {
  for (at = text.find(line, at); at != std::string_view::npos; at = text.find(line, at + 1)) {
    if (at == 0 || text[at - 1] == '\n') break;
  }
  return at;
}

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
  if (find_item(text, list, path).end != 0) return std::string(text);
  const bool empty = list.last == list.open + 1;
  const bool trailing_comma = text[list.last - 1] == ',';
  const std::string added = empty ? item : trailing_comma ? " " + item + "," : ", " + item;
  return std::string(text.substr(0, list.last)).append(added).append(text.substr(list.last));
}

std::string remove_import(std::string_view text, std::string_view path) {
  const KeyPlace key = find_imports(text);
  if (!key.found || !key.list) return std::string(text);
  auto [from, to] = find_item(text, *key.list, path);
  if (to == 0) return std::string(text);
  if (text.substr(0, from).ends_with(", ")) from -= 2;
  else if (text.substr(to).starts_with(", ")) to += 2;
  else if (text.substr(to).starts_with(",")) to += 1;
  const std::string left = cut(text, from, to);
  const std::string marked = fmt::format("imports = []{}\n", kMark);
  const std::size_t line = find_line(left, marked);
  if (line == std::string::npos) return left;
  return cut(left, line, line + marked.size());
}

namespace {

// What follows a block that began with a newline of its own: the newline stays for it, and another release's block
// takes over to remove it.
std::string join_to_rest(std::string_view rest) {
  if (rest.empty()) return {};
  if (!rest.starts_with("# BEGIN ")) return "\n" + std::string(rest);
  const std::size_t end = line_end(rest, 0);
  return "\n" + std::string(rest.substr(0, end)).append(kJoined).append(rest.substr(end));
}

}  // namespace

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
    const std::size_t from = find_line(text, begin_line(owner, joined));
    if (from == std::string_view::npos) continue;
    const std::string end = end_line(owner);
    const std::size_t stop = find_line(text, end, from);
    if (stop == std::string_view::npos) continue;
    const std::string_view rest = text.substr(stop + end.size());
    if (!joined || from == 0) return std::string(text.substr(0, from)).append(rest);
    return std::string(text.substr(0, from - 1)).append(join_to_rest(rest));
  }
  return std::string(text);
}

std::string made_file(int version) { return fmt::format("{}\nversion = {}\n", kMadeMark, version); }

std::optional<std::string> unmake_file(std::string_view text) {
  if (!text.starts_with(kMadeMark)) return std::string(text);
  std::size_t rest = text.find('\n');
  if (rest == std::string_view::npos) return std::nullopt;
  const std::string_view unmarked = text.substr(rest + 1);
  rest = unmarked.find('\n');
  if (rest == std::string_view::npos || rest + 1 == unmarked.size()) return std::nullopt;
  // What somebody wrote into it since is read by the version that stands above it.
  return std::string(unmarked);
}

}  // namespace barnacle
