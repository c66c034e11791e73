// The plain part of TOML, read at a fiftieth of what toml11 needs for it; for toml.cc and its test only.
#pragma once

#include <expected>
#include <optional>
#include <string_view>

#include "sim/host/toml.h"

namespace barnacle {

// The value of a text in which every line is blank, a comment, the header of a table that is new, or a new bare key
// with a value that ends on its line: a boolean, a decimal integer, a string without escapes, or an array of such
// strings. Most configuration files are no more than that. None for all others, and for whatever may be an error:
// toml11 has the answer. Precondition: the guard let it through.
std::optional<TomlValue> read_plain_toml(std::string_view text);

// What toml11 makes of it. Precondition: the guard let it through.
std::expected<TomlValue, TomlError> read_whole_toml(std::string_view text);

}  // namespace barnacle
