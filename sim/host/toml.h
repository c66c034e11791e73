// TOML: parse (guarded), look up, edit as values, and write the way tomlq (tomlkit) lays it out.
//
// toml11 does the parsing, behind one linear pass that refuses what toml11 cannot bear (see TomlLimits). <toml.hpp> is
// included in toml.cc only; everybody else sees TomlValue.
#pragma once

#include <cstdint>
#include <expected>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "sim/host/store.h"

namespace barnacle {

struct TomlValue;
using TomlArray = std::vector<TomlValue>;
using TomlTable = std::vector<std::pair<std::string, TomlValue>>;  // in the order of the file

// A date or time, kept as the text of the file.
struct TomlDate {
  std::string text;
  bool operator==(const TomlDate&) const = default;
};

struct TomlValue {
  std::variant<bool, std::int64_t, double, std::string, TomlDate, TomlArray, TomlTable> value;
  int line = 0;  // where its key (or the value itself, in an array) stands, counted from 1; 0 when made by an edit

  bool is_table() const { return std::holds_alternative<TomlTable>(value); }
  bool is_array() const { return std::holds_alternative<TomlArray>(value); }
  bool is_string() const { return std::holds_alternative<std::string>(value); }
  const TomlTable& table() const { return std::get<TomlTable>(value); }
  TomlTable& table() { return std::get<TomlTable>(value); }
  const TomlArray& array() const { return std::get<TomlArray>(value); }
  const std::string& string() const { return std::get<std::string>(value); }

  // The member of a table, or null (also when this is no table).
  const TomlValue* get(std::string_view key) const;
  // Walks keys from this table; null where a step is missing or no table.
  const TomlValue* at(std::initializer_list<std::string_view> keys) const;
  // Sets (appending a new key at the end), making tables on the way as jq does. Precondition: no step on the way is a
  // value that is not a table.
  void set(const std::vector<std::string>& keys, TomlValue added);

  // By value; `line` and the order of a table's keys do not count.
  bool equals(const TomlValue& other) const;
};

TomlValue toml_string(std::string text);
// Inline for the sake of clang 19 with libstdc++ 12: a TomlValue must be built and destroyed before anybody touches the
// pair in a TomlTable, or the two go round in a circle and the pair is found incomplete.
inline TomlValue toml_bool(bool value) { return {value, 0}; }
TomlValue toml_array(std::vector<std::string> strings);
TomlValue toml_table();

// What the pass before toml11 refuses. toml11 3.7.1 overflows its stack on 16 kB of '[' and takes 28 s for a table of
// 75,000 keys.
struct TomlLimits {
  std::size_t bytes = 1U << 20;
  int depth = 64;               // brackets and dots
  std::size_t elements = 4096;  // in one container
};

struct TomlError {
  int line = 0;      // from 1; 0 for the file as a whole
  std::string what;  // one line, lower case, no file name
};

// The top-level table.
std::expected<TomlValue, TomlError> parse_toml(std::string_view text, const TomlLimits& limits = {});

// The same for a blob, remembered in its Store.
const std::expected<TomlValue, TomlError>& parse_toml(Store& store, const Blob* blob);

// As `tomlq -i -t` leaves a file: comments gone, tables flattened with a blank line before each header, arrays on one
// line, scalars of a table before its sub-tables. `value` is a table.
std::string write_toml(const TomlValue& value);

// Interns write_toml(value) and remembers its parsed form, so that the next reader need not parse.
const Blob* intern_toml(Store& store, const TomlValue& value);

// Order-independent for tables; order counts in arrays.
Hash128 hash_of(const TomlValue& value);

}  // namespace barnacle
