#include "harness/engine/text_difference.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace barnacle {
namespace {

std::string toml_text(const TomlValue* value) {
  if (value == nullptr) return "nothing";
  if (value->is_table()) return "a table";
  // Only tables can be written by themselves.
  TomlValue holder = toml_table();
  holder.set({"value"}, *value);
  std::string text = write_toml(holder);
  while (text.ends_with('\n')) text.pop_back();
  return text.substr(std::min(text.size(), std::string_view("value = ").size()));
}

TextDifference differing_below(const TomlValue& left, const TomlValue& right, const std::string& where) {
  std::set<std::string> keys;
  for (const TomlValue* table : {&left, &right}) {
    for (const auto& [key, value] : table->table()) keys.insert(key);
  }
  for (const std::string& key : keys) {
    const TomlValue* a = left.get(key);
    const TomlValue* b = right.get(key);
    if (a != nullptr && b != nullptr && a->equals(*b)) continue;
    const std::string here = where.empty() ? key : where + "." + key;
    if (a != nullptr && b != nullptr && a->is_table() && b->is_table()) return differing_below(*a, *b, here);
    return {here, toml_text(a), toml_text(b)};
  }
  return {};
}

}  // namespace

TextDifference differing_line(std::string_view left, std::string_view right) {
  for (int number = 1;; ++number) {
    const std::string_view a = left.substr(0, left.find('\n'));
    const std::string_view b = right.substr(0, right.find('\n'));
    const bool ends = a.size() == left.size() || b.size() == right.size();
    if (a != b || ends) return {fmt::format("line {}", number), std::string(a), std::string(b)};
    left.remove_prefix(a.size() + 1);
    right.remove_prefix(b.size() + 1);
  }
}

TextDifference differing_key(const TomlValue& left, const TomlValue& right) {
  return left.equals(right) ? TextDifference{} : differing_below(left, right, "");
}

}  // namespace barnacle
