// Every mutating effect of the reference logic dropped, repeated and swapped with the next one, in turn.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/engine/replay.h"

namespace barnacle {

struct MutantOptions {
  std::uint64_t seed = 1;
  std::uint64_t sequences = 600;    // in which the effects are looked for
  std::size_t tries = 16;           // sequences for each mutant, of those that have its effect
  std::optional<EffectPlace> only;  // mutants of this place alone; none: of all
  int max_steps = 24;
  int jobs = 1;
};

struct MutantScore {
  Mutation mutation;
  enum class Fate : std::uint8_t {
    killed,      // an invariant spoke
    equivalent,  // in no sequence any world differed from the unmutated logic's
    survived     // worlds differed, and no invariant minded
  } fate = Fate::equivalent;
  std::string invariant;       // that killed it first
  std::uint64_t sequence = 0;  // in which it was killed, or first made a difference
  std::size_t tried = 0;       // sequences
};

// In the order of their places. Depends on nothing but the options.
std::vector<MutantScore> run_mutants(const Catalogue& catalogue, const MutantOptions& options,
                                     const std::function<void(std::size_t done, std::size_t all)>& progress,
                                     const std::atomic<bool>& stop);

}  // namespace barnacle
