#include "sim/host/runtime_load.h"

#include <algorithm>

namespace barnacle {
namespace {

bool is_of_kind(const TomlValue& value, TomlKind kind) {
  switch (kind) {
    case TomlKind::boolean: return std::holds_alternative<bool>(value.value);
    case TomlKind::integer: return std::holds_alternative<std::int64_t>(value.value);
    case TomlKind::string: return value.is_string();
    case TomlKind::strings: return value.is_array() && std::ranges::all_of(value.array(), &TomlValue::is_string);
    case TomlKind::table: return value.is_table();
  }
  return false;
}

std::string_view expected_kind(TomlKind kind) {
  switch (kind) {
    case TomlKind::boolean: return "a bool";
    case TomlKind::integer: return "an integer";
    case TomlKind::string: return "a string";
    case TomlKind::strings: return "an array of strings";
    case TomlKind::table: return "a table";
  }
  return "";
}

// In the order of TomlValue's alternatives.
std::string_view actual_kind(const TomlValue& value) {
  constexpr std::string_view kNames[] = {"a bool", "an integer", "a float", "a string",
                                         "a date", "an array",   "a table"};
  return kNames[value.value.index()];
}

}  // namespace

void merge_toml(TomlValue& into, const TomlValue& from) {
  if (!into.is_table() || !from.is_table()) {
    into = from;
    return;
  }
  for (const auto& [key, value] : from.table()) {
    const auto entry =
        std::ranges::find(into.table(), key, [](const auto& one) -> const std::string& { return one.first; });
    if (entry == into.table().end()) {
      into.table().emplace_back(key, value);
    } else {
      merge_toml(entry->second, value);
    }
  }
}

std::string wrong_type(const TomlValue& table, std::span<const DecodedKey> keys, std::string_view where) {
  for (const DecodedKey& decoded : keys) {
    const TomlValue* value = table.get(decoded.key);
    if (value == nullptr || is_of_kind(*value, decoded.kind)) continue;
    std::string what(where);
    if (!what.empty()) what += '.';
    return what.append(decoded.key)
        .append(": expected ")
        .append(expected_kind(decoded.kind))
        .append(", got ")
        .append(actual_kind(*value));
  }
  return {};
}

std::string text_at(const TomlValue& table, std::initializer_list<std::string_view> keys) {
  const TomlValue* value = table.at(keys);
  return value != nullptr && value->is_string() ? value->string() : std::string();
}

}  // namespace barnacle
