// Dates and durations as scenario files write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/base/clock.h"

namespace barnacle {

// "2025-05-01", "2025-05-01T10:00:00Z", "2025-05-01 10:00:00+02:00"; without an offset it is UTC, fractions of a second
// are dropped. Nothing for everything else and for years before 1970.
std::optional<Time> parse_date(std::string_view text);
// The shortest form that parse_date reads back.
std::string date_text(Time time);

// "1h", "5m", "300s", "1h30m", in seconds. Nothing for everything else and for more than ten years.
std::optional<Time> parse_duration(std::string_view text);
std::string duration_text(Time seconds);

}  // namespace barnacle
