// The linear pass before toml11: refuses what toml11 3.7.1 cannot bear, with the line where it stands.
#pragma once

#include <optional>

#include "sim/host/toml.h"

namespace barnacle {

// Nothing when the text may be given to the parser.
std::optional<TomlError> refuse_toml(std::string_view text, const TomlLimits& limits);

}  // namespace barnacle
