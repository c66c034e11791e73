// Tolerant reading of JSON: a missing key, or a value of another type than wanted, reads as nothing.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/cluster/objects.h"

namespace barnacle {

using Json = nlohmann::json;

// Made before main, so that the first call does what all others do: coverage counts how often each branch is taken.
inline const Json kNull;
inline const Json::array_t kNoElements;

inline const Json& at(const Json& table, std::string_view key) {
  if (!table.is_object()) return kNull;
  const auto found = table.find(key);
  return found == table.end() ? kNull : *found;
}

inline std::string text_at(const Json& table, std::string_view key) {
  const Json& value = at(table, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

inline bool flag_at(const Json& table, std::string_view key) {
  const Json& value = at(table, key);
  return value.is_boolean() && value.get<bool>();
}

inline std::optional<Time> number_at(const Json& table, std::string_view key) {
  const Json& value = at(table, key);
  if (!value.is_number_integer()) return std::nullopt;
  return value.get<Time>();
}

// The elements of a list; none where it is no list.
inline const Json::array_t& elements_at(const Json& table, std::string_view key) {
  const Json& value = at(table, key);
  return value.is_array() ? value.get_ref<const Json::array_t&>() : kNoElements;
}

inline std::vector<std::string> texts_at(const Json& table, std::string_view key) {
  std::vector<std::string> texts;
  for (const Json& element : elements_at(table, key)) {
    if (element.is_string()) texts.push_back(element.get<std::string>());
  }
  return texts;
}

inline Strings strings_at(const Json& table, std::string_view key) {
  Strings strings;
  const Json& value = at(table, key);
  if (!value.is_object()) return strings;
  for (const auto& [name, text] : value.get_ref<const Json::object_t&>()) {
    if (text.is_string()) strings.emplace(name, text.get<std::string>());
  }
  return strings;
}

}  // namespace barnacle
