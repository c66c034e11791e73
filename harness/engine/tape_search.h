// A fuzzer's search in one process: tapes that led to new states are kept, and changed or crossed step by step. What
// libFuzzer does for the lifecycle target without its view of the code; for the score, which needs hundreds of short
// runs.
#pragma once

#include <unordered_set>
#include <vector>

#include "harness/engine/world.h"
#include "harness/scenario/alphabet.h"
#include "harness/scenario/choices.h"
#include "harness/scenario/tape_steps.h"

namespace barnacle {

class TapeSearch {
 public:
  // The same alphabet, seed and states seen give the same sequences.
  TapeSearch(const Alphabet& alphabet, std::uint64_t seed);

  // The sequence to play next; then every world that it comes to is shown to saw().
  Scenario next();
  void saw(const World& world, const Step& step);

  std::size_t kept() const { return pool_.size(); }

 private:
  fuzz::Bytes fresh();
  fuzz::Bytes changed();

  const Alphabet& alphabet_;
  SeededChoices random_;
  fuzz::Bytes present_;
  bool new_state_ = false;  // the present tape led to one
  std::vector<fuzz::Bytes> pool_;
  std::unordered_set<Hash128, Hash128Hash> states_;
};

}  // namespace barnacle
