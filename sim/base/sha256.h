// SHA-256 (FIPS 180-4), for what recordings and payload manifests say of a file's bytes. Not for hashing in hot paths:
// hash.h is an order of magnitude faster.
#pragma once

#include <string>
#include <string_view>

namespace barnacle {

// Lower-case hexadecimal, 64 digits.
std::string sha256_hex(std::string_view bytes);

}  // namespace barnacle
