// What every file of a fuzz target has: one property over bytes, callable by libFuzzer and by replay_main.cc alike.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

// Returns 0; a property that does not hold ends the process (SIGABRT) after one paragraph on standard error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace barnacle::fuzz {

[[noreturn]] inline void refuse_to_go_on(std::string_view text) {
  fmt::print(stderr, "barnacle: property violated: {}\n", text);
  std::fflush(stderr);
  std::abort();
}

// Ends the process unless the property holds. The text says which one, and shows the values.
template <class... Arguments>
void require(bool holds, fmt::format_string<Arguments...> text, Arguments&&... arguments) {
  if (!holds) refuse_to_go_on(fmt::format(text, std::forward<Arguments>(arguments)...));
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes are read as characters
  return size == 0 ? std::string_view{} : std::string_view(reinterpret_cast<const char*>(data), size);
}

}  // namespace barnacle::fuzz
