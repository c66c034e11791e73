// Small readings of text that everybody needs.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace barnacle {

// By name: labels, annotations, an environment. Looked up by any text, which need not be a string.
using Strings = std::map<std::string, std::string, std::less<>>;

// The parts between separators, without empty ones.
std::vector<std::string> split(std::string_view text, char separator);

}  // namespace barnacle
