// Where two texts first differ, for people: by value where both are TOML, else by line.
#pragma once

#include <string>
#include <string_view>

#include "sim/host/toml.h"

namespace barnacle {

struct TextDifference {
  std::string at;  // "line 12", or a key: "plugins.x.runtimes.kata-qemu.snapshotter"; empty: none
  std::string left;
  std::string right;
};

TextDifference differing_line(std::string_view left, std::string_view right);
// Nothing where both are equal by value.
TextDifference differing_key(const TomlValue& left, const TomlValue& right);

}  // namespace barnacle
