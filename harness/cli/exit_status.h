// How the program ends.
#pragma once

namespace barnacle {

inline constexpr int kNothingFound = 0;
inline constexpr int kFinding = 1;
inline constexpr int kBadInput = 2;       // or wrong usage, or an output that cannot be written
inline constexpr int kInternalFault = 3;  // of Barnacle itself: an internal check, or two plays that differ

}  // namespace barnacle
