// Virtual time. Nothing in the simulation reads a wall clock, and nothing sleeps.
#pragma once

#include <cstdint>

namespace barnacle {

// Seconds since 1970-01-01T00:00:00Z.
using Time = std::int64_t;

}  // namespace barnacle
