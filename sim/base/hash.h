// 128-bit hashes (XXH3) of bytes and of values. Equal input, equal hash, on every machine and build.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace barnacle {

struct Hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  auto operator<=>(const Hash128&) const = default;
};

Hash128 hash_bytes(std::string_view bytes);

// Lower-case hexadecimal, 32 digits, high half first.
std::string to_hex(Hash128 hash);

// Folds values into one hash. Order counts; strings are length-prefixed, so that ("a","bc") and ("ab","c") differ.
class Hasher {
 public:
  Hasher& add(std::uint64_t value) {
    low_ = mix(low_ ^ value, 0x9e3779b97f4a7c15ULL);
    high_ = mix(high_ + value, 0xc2b2ae3d27d4eb4fULL) ^ low_;
    return *this;
  }
  Hasher& add(Hash128 value) { return add(value.low).add(value.high); }
  Hasher& add(std::string_view text) { return add(static_cast<std::uint64_t>(text.size())).add(hash_bytes(text)); }
  Hasher& add(const char* text) { return add(std::string_view(text)); }
  Hash128 finish() const { return {mix(low_, 0xff51afd7ed558ccdULL), mix(high_, 0xc4ceb9fe1a85ec53ULL)}; }

 private:
  // The 64×64→128 multiply and fold of wyhash: both halves of the product count.
  static std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
    const unsigned __int128 product =
        static_cast<unsigned __int128>(a ^ 0x2d358dccaa6c78a5ULL) * (b ^ 0x8bb84b93962eacc9ULL);
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }
  std::uint64_t low_ = 0x243f6a8885a308d3ULL;
  std::uint64_t high_ = 0x13198a2e03707344ULL;
};

struct Hash128Hash {
  std::size_t operator()(const Hash128& hash) const { return static_cast<std::size_t>(hash.low); }
};

}  // namespace barnacle
