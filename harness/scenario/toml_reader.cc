#include "harness/scenario/toml_reader.h"

#include <algorithm>
#include <cmath>

#include "harness/scenario/keys.h"
#include "sim/base/dates.h"

namespace barnacle {
namespace {

std::string quoted(std::string_view text) { return "'" + shown(text) + "'"; }

// clang with libstdc++ 12 cannot complete a table's entries unless it met TomlValue's own constructor before.
[[maybe_unused]] void complete_toml_value() { TomlValue value; }

// The value as what it may be, or null.
template <class Type>
const Type* as(const TomlValue& value) {
  return std::holds_alternative<Type>(value.value) ? &std::get<Type>(value.value) : nullptr;
}

// TOML without a null becomes JSON without a null.
std::optional<Values> to_json(const TomlValue& value);

std::optional<Values> array_to_json(const TomlArray& array) {
  Values json = Values::array();
  for (const TomlValue& element : array) {
    std::optional<Values> converted = to_json(element);
    if (!converted) return std::nullopt;
    json.push_back(std::move(*converted));
  }
  return json;
}

std::optional<Values> table_to_json(const TomlTable& table) {
  Values json = Values::object();
  for (const auto& [key, member] : table) {
    std::optional<Values> converted = to_json(member);
    if (!converted) return std::nullopt;
    json[key] = std::move(*converted);
  }
  return json;
}

std::optional<Values> to_json(const TomlValue& value) {
  if (const auto* array = as<TomlArray>(value)) return array_to_json(*array);
  if (const auto* table = as<TomlTable>(value)) return table_to_json(*table);
  if (const auto* date = as<TomlDate>(value)) return Values(date->text);
  if (const auto* flag = as<bool>(value)) return Values(*flag);
  if (const auto* integer = as<std::int64_t>(value)) return Values(*integer);
  if (const auto* text = as<std::string>(value)) return Values(*text);
  const double number = std::get<double>(value.value);
  // JSON knows no infinity and no NaN.
  return std::isfinite(number) ? std::optional<Values>(number) : std::nullopt;
}

}  // namespace

std::string InputError::text() const {
  std::string line_text = shown_path(file);
  if (line > 0) line_text += ":" + std::to_string(line);
  line_text += ": ";
  if (!key.empty()) line_text += shown(key) + ": ";
  line_text += what;
  if (!suggestion.empty()) line_text += " (did you mean '" + suggestion + "'?)";
  return line_text;
}

void Problems::add(int line, std::string_view key, std::string what, std::string_view suggestion) {
  if (first_) return;
  first_ = InputError{file_, line, std::string(key), std::move(what), std::string(suggestion)};
}

void Problems::add_unknown(int line, std::string_view key, std::string_view kind, std::string_view name, Names names) {
  const std::string_view suggestion = nearest_name(name, names).value_or("");
  add(line, key, "unknown " + std::string(kind) + " " + quoted(name), suggestion);
}

TableReader::TableReader(Problems& problems, const TomlValue& table, std::string where,
                         std::vector<std::string_view> keys)
    : problems_(problems), table_(table), where_(std::move(where)), keys_(std::move(keys)) {
  check_keys();
}

void TableReader::check_keys() const {
  std::vector<std::string_view> seen;
  for (const auto& [key, member] : table_.table()) {
    const auto known = std::ranges::find_if(keys_, [&](std::string_view name) { return same_key(name, key); });
    const int line = member.line > 0 ? member.line : table_.line;
    if (known == keys_.end()) {
      problems_.add(line, key, "unknown key of " + where_, nearest_name(key, keys_).value_or(""));
    } else if (std::ranges::find(seen, *known) != seen.end()) {
      problems_.add(line, key, "is given twice");
    } else {
      seen.push_back(*known);
    }
  }
}

const TomlValue* TableReader::find(std::string_view key) const {
  for (const auto& [name, member] : table_.table()) {
    if (same_key(name, key)) return &member;
  }
  return nullptr;
}

void TableReader::error(std::string_view key, std::string what) const {
  const TomlValue* value = find(key);
  problems_.add(value != nullptr && value->line > 0 ? value->line : table_.line, key, std::move(what));
}

void TableReader::require(Names keys) const {
  for (const std::string_view key : keys) {
    if (!has(key)) return problems_.add(table_.line, key, "is missing: " + where_ + " needs it");
  }
}

void TableReader::text(std::string_view key, std::string& into) const {
  const TomlValue* value = find(key);
  if (value == nullptr) return;
  if (!value->is_string()) return error(key, "must be a string");
  into = value->string();
}

std::optional<std::size_t> TableReader::one_of(std::string_view key, std::string_view kind, Names names) const {
  if (!has(key)) return std::nullopt;
  std::string name;
  text(key, name);
  const auto found = std::ranges::find(names, name);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  problems_.add_unknown(find(key)->line, key, kind, name, names);
  return std::nullopt;
}

void TableReader::flag(std::string_view key, bool& into) const {
  const TomlValue* value = find(key);
  if (value == nullptr) return;
  const bool* flag = as<bool>(*value);
  if (flag == nullptr) return error(key, "must be true or false");
  into = *flag;
}

void TableReader::number(std::string_view key, int& into, int least, int greatest) const {
  const TomlValue* value = find(key);
  if (value == nullptr) return;
  const std::int64_t* number = as<std::int64_t>(*value);
  if (number == nullptr) return error(key, "must be an integer");
  if (*number < least || *number > greatest) {
    return error(key, "must be from " + std::to_string(least) + " to " + std::to_string(greatest));
  }
  into = static_cast<int>(*number);
}

void TableReader::texts(std::string_view key, std::vector<std::string>& into) const {
  const TomlValue* value = find(key);
  if (value == nullptr) return;
  if (!value->is_array()) return error(key, "must be an array of strings");
  for (const TomlValue& element : value->array()) {
    if (!element.is_string()) return error(key, "must be an array of strings");
    into.push_back(element.string());
  }
}

void TableReader::strings(std::string_view key, Strings& into) const {
  const TomlValue* value = find(key);
  if (value == nullptr) return;
  if (!value->is_table()) return error(key, "must be a table of strings");
  for (const auto& [name, member] : value->table()) {
    if (!member.is_string()) return error(key, "must be a table of strings");
    into[name] = member.string();
  }
}

void TableReader::date(std::string_view key, std::optional<Time>& into) const {
  const TomlValue* value = find(key);
  if (value == nullptr) return;
  const TomlDate* date = as<TomlDate>(*value);
  if (date == nullptr && !value->is_string()) return error(key, "must be a date");
  into = parse_date(date != nullptr ? date->text : value->string());
  if (!into) error(key, "must be a date such as 2025-05-01 or 2025-05-01T10:00:00Z, not before 1970");
}

void TableReader::duration(std::string_view key, Time& into) const {
  std::string written;
  text(key, written);
  if (!has(key)) return;
  const std::optional<Time> seconds = parse_duration(written);
  if (!seconds) return error(key, "must be a duration such as \"300s\", \"5m\" or \"1h\"");
  into = *seconds;
}

void TableReader::values(std::string_view key, std::optional<Values>& into) const {
  const TomlValue* value = find(key);
  if (value == nullptr) return;
  if (!value->is_table()) return error(key, "must be a table");
  into = to_json(*value);
  if (!into) error(key, "must not hold an infinite number or NaN");
}

std::vector<const TomlValue*> TableReader::tables(std::string_view key) const {
  std::vector<const TomlValue*> tables;
  const TomlValue* value = find(key);
  if (value == nullptr) return tables;
  const bool fits = value->is_array() && std::ranges::all_of(value->array(), &TomlValue::is_table);
  if (!fits) {
    error(key, "must be an array of tables: [[" + std::string(key) + "]]");
    return tables;
  }
  for (const TomlValue& table : value->array()) tables.push_back(&table);
  return tables;
}

}  // namespace barnacle
