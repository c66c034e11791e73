// For tests: whether this build has AddressSanitizer, under which the same work takes ten times as long.
#pragma once

namespace barnacle {

#ifdef __SANITIZE_ADDRESS__
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace barnacle
