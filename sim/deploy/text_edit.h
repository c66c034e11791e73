// Edits of configuration text, as sed and jq would make them: pure functions from text to text, remembered per Store by
// (contents, edit), so that the thousandth identical edit is a hash lookup.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/host/store.h"
#include "sim/host/toml.h"

namespace barnacle {

struct TextEdit {
  Hash128 id;  // of what it does
  std::function<const Blob*(Store& store, const Blob* before)> apply;
};

const Blob* apply_edit(Store& store, const Blob* before, const TextEdit& edit);

// s/from/to/g and s/from/to/ (the first one on each line); both literal.
TextEdit substitute_all(std::string from, std::string to);
TextEdit substitute_first_per_line(std::string from, std::string to);

// Every line  key = "…"  gets `addition` before its last quote. With `unless`: only lines that do not contain it.
TextEdit append_to_string(std::string key, std::string addition, std::string unless = "");
// Every line  key = […]  gets `, addition` (or only it, in an empty list) before its last bracket.
TextEdit append_to_list(std::string key, std::string addition);
// Every line  key = […]  gets this text between its brackets.
TextEdit set_list(std::string key, std::string items);

enum class Commented : std::uint8_t { only, also, never };
// Every line that begins with the key (commented out with '#', or not, as `commented` says) and has a '=' becomes  key
// = value.
TextEdit set_line(std::string key, std::string value, Commented commented);

// jq: the value at this path becomes `value`; the file is laid out anew. Text that does not parse stays as it is.
TextEdit set_value(std::vector<std::string> path, TomlValue value);

// Moves paths below `from` to `to`, only where a path really ends or goes on with '/' ("/opt/kata-x" is not below
// "/opt/kata").
TextEdit relocate_paths(std::string from, std::string to);

// Reads of text, as grep does.
bool has_line(std::string_view text, const std::function<bool(std::string_view line)>& predicate);

}  // namespace barnacle
