#include "sim/host/toml.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "sim/base/check.h"

namespace barnacle {
namespace {

// Bits that are equal for equal numbers: one zero, one not-a-number.
std::uint64_t number_bits(double number) {
  if (std::isnan(number)) return std::bit_cast<std::uint64_t>(std::numeric_limits<double>::quiet_NaN());
  return std::bit_cast<std::uint64_t>(number == 0 ? 0.0 : number);
}

bool equal_tables(const TomlValue& left, const TomlValue& right) {
  if (left.table().size() != right.table().size()) return false;
  return std::ranges::all_of(left.table(), [&](const auto& entry) {
    const TomlValue* there = right.get(entry.first);
    return there != nullptr && entry.second.equals(*there);
  });
}

Hash128 hash_of_table(const TomlTable& table) {
  // A sum, so that the order of keys does not count.
  Hash128 sum;
  for (const auto& [key, item] : table) {
    const Hash128 entry = Hasher().add(key).add(hash_of(item)).finish();
    sum.low += entry.low;
    sum.high += entry.high;
  }
  return Hasher().add(sum).add(static_cast<std::uint64_t>(table.size())).finish();
}

}  // namespace

const TomlValue* TomlValue::get(std::string_view key) const {
  if (!is_table()) return nullptr;
  const auto entry = std::ranges::find(table(), key, [](const auto& one) { return std::string_view(one.first); });
  return entry == table().end() ? nullptr : &entry->second;
}

const TomlValue* TomlValue::at(std::initializer_list<std::string_view> keys) const {
  const TomlValue* found = this;
  for (const std::string_view key : keys) {
    found = found->get(key);
    if (found == nullptr) return nullptr;
  }
  return found;
}

void TomlValue::set(const std::vector<std::string>& keys, TomlValue added) {
  TomlValue* at = this;
  for (const std::string& key : keys) {
    check(at->is_table(), "a value is set below something that is no table");
    TomlTable& members = at->table();
    auto entry = std::ranges::find(members, key, [](const auto& one) -> const std::string& { return one.first; });
    if (entry == members.end()) entry = members.insert(members.end(), {key, toml_table()});
    at = &entry->second;
  }
  *at = std::move(added);
}

bool TomlValue::equals(const TomlValue& other) const {
  if (value.index() != other.value.index()) return false;
  if (is_table()) return equal_tables(*this, other);
  if (is_array()) {
    return std::ranges::equal(array(), other.array(),
                              [](const TomlValue& a, const TomlValue& b) { return a.equals(b); });
  }
  if (const auto* number = std::get_if<double>(&value)) {
    return number_bits(*number) == number_bits(std::get<double>(other.value));
  }
  if (const auto* boolean = std::get_if<bool>(&value)) return *boolean == std::get<bool>(other.value);
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer == std::get<std::int64_t>(other.value);
  if (const auto* date = std::get_if<TomlDate>(&value)) return *date == std::get<TomlDate>(other.value);
  return string() == other.string();
}

TomlValue toml_string(std::string text) { return {std::move(text), 0}; }
TomlValue toml_table() { return {TomlTable{}, 0}; }

TomlValue toml_array(std::vector<std::string> strings) {
  TomlArray items;
  items.reserve(strings.size());
  for (std::string& text : strings) items.push_back(toml_string(std::move(text)));
  return {std::move(items), 0};
}

Hash128 hash_of(const TomlValue& value) {
  Hasher hasher;
  hasher.add(static_cast<std::uint64_t>(value.value.index()));
  if (value.is_table()) return hasher.add(hash_of_table(value.table())).finish();
  if (value.is_array()) {
    hasher.add(static_cast<std::uint64_t>(value.array().size()));
    for (const TomlValue& item : value.array()) hasher.add(hash_of(item));
    return hasher.finish();
  }
  if (const auto* boolean = std::get_if<bool>(&value.value)) hasher.add(static_cast<std::uint64_t>(*boolean));
  if (const auto* integer = std::get_if<std::int64_t>(&value.value)) hasher.add(static_cast<std::uint64_t>(*integer));
  if (const auto* number = std::get_if<double>(&value.value)) hasher.add(number_bits(*number));
  if (const auto* text = std::get_if<std::string>(&value.value)) hasher.add(*text);
  if (const auto* date = std::get_if<TomlDate>(&value.value)) hasher.add(date->text);
  return hasher.finish();
}

}  // namespace barnacle
