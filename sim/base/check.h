// Assertions that stay on in every build. One that fails is a fault of Barnacle itself (exit status 3), never of a
// subject.
#pragma once

#include <source_location>
#include <stdexcept>
#include <string>
#include <string_view>

namespace barnacle {

// Thrown by check(); caught in main only.
class InternalError : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

inline void check(bool condition, std::string_view what, std::source_location where = std::source_location::current()) {
  if (condition) return;
  throw InternalError(std::string(where.file_name()) + ":" + std::to_string(where.line()) + ": " + std::string(what));
}

}  // namespace barnacle
