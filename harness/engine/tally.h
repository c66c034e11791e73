// What sequences came to, as sums: parts may be added in any order.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "harness/engine/replay.h"

namespace barnacle {

// The sequences in which an invariant was violated.
struct Hit {
  std::uint64_t sequence = 0;  // the first of them
  std::uint64_t times = 0;     // in how many
  bool operator==(const Hit&) const = default;
};

struct Tally {
  std::uint64_t sequences = 0;
  std::uint64_t steps = 0;  // played
  std::uint64_t applied = 0;
  std::uint64_t installs = 0;
  std::uint64_t refused_installs = 0;
  std::map<std::string, std::uint64_t> steps_by_kind;
  std::uint64_t disturbed = 0;                  // sequences in which a fault struck
  std::map<std::string, std::uint64_t> faults;  // steps in which one struck, by its name
  Counted counted;                              // by registry index
  Hash128 digest;                               // of all sequences: a sum, so that their order does not count
  std::map<std::string, Hit> hits;              // by invariant
  bool operator==(const Tally&) const = default;
};

// One more sequence.
void count(Tally& tally, const Timeline& timeline, std::uint64_t index);
void add(Tally& total, const Tally& part);
void add(std::map<std::string, Hit>& total, const std::string& invariant, const Hit& part);

}  // namespace barnacle
