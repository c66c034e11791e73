// The one linear pass in front of toml11: refuses what toml11 3.7.1 cannot bear, before toml11 sees a byte of it.
#pragma once

#include <optional>
#include <string_view>

#include "sim/host/toml.h"

namespace barnacle {

// The first thing in `text` that goes beyond `limits`, is no valid UTF-8 or a forbidden control character, or opens a
// string, array or inline table that is never closed. Nothing when toml11 may read it.
std::optional<TomlError> refuse_toml(std::string_view text, const TomlLimits& limits);

}  // namespace barnacle
