// Small readings of text that everybody needs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace barnacle {

// The parts between separators, without empty ones.
std::vector<std::string> split(std::string_view text, char separator);

}  // namespace barnacle
