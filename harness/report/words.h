// Small words of reports: numbers, lists and foreign text as people read them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace barnacle {

// 1234567 → "1,234,567"
std::string with_thousands(std::uint64_t number);
// A share of a whole: "12.5 %"; "-" where the whole is nothing.
std::string percent(std::uint64_t part, std::uint64_t whole);
// "1 finding", "2 findings"
std::string counted(std::uint64_t number, std::string_view noun);
// Text that somebody else wrote, safe for one line of a terminal: control characters as '?'.
std::string one_line(std::string_view text);
// What a terminal shows of UTF-8 text without wide or combining characters.
std::size_t columns(std::string_view text);

}  // namespace barnacle
