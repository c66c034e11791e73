// Pseudo-random numbers that are the same on every machine, compiler and standard library: SplitMix64 spreads a seed,
// xoshiro256** draws from it.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace barnacle {

// The next state and number of SplitMix64.
constexpr std::uint64_t split_mix(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15ULL;
  std::uint64_t mixed = state;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
  return mixed ^ (mixed >> 31);
}

// The seed of the index-th of many independent sequences of one campaign.
constexpr std::uint64_t seed_of_sequence(std::uint64_t campaign_seed, std::uint64_t index) {
  std::uint64_t state = campaign_seed;
  std::uint64_t spread = split_mix(state) ^ index;
  return split_mix(spread);
}

class Xoshiro256 {
 public:
  constexpr explicit Xoshiro256(std::uint64_t seed) {
    for (std::uint64_t& word : state_) word = split_mix(seed);
  }

  constexpr std::uint64_t next() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

  // Below `bound` (not 0), every value equally often: Lemire's multiplication, drawing again in the biased remainder.
  constexpr std::uint64_t below(std::uint64_t bound) {
    unsigned __int128 product = static_cast<unsigned __int128>(next()) * bound;
    if (static_cast<std::uint64_t>(product) < bound) {
      const std::uint64_t threshold = (0 - bound) % bound;
      while (static_cast<std::uint64_t>(product) < threshold) product = static_cast<unsigned __int128>(next()) * bound;
    }
    return static_cast<std::uint64_t>(product >> 64);
  }

 private:
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace barnacle
