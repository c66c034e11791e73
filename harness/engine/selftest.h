// The score: each known defect is planted alone in the reference logic, and a random campaign has to notice it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/engine/replay.h"

namespace barnacle {

enum class SelftestEngine : std::uint8_t {
  campaign,  // random sequences
  fuzzer     // tapes that led to new states, changed (tape_search.h)
};

struct SelftestOptions {
  SelftestEngine engine = SelftestEngine::campaign;
  std::vector<Defect> defects;
  int seeds = 20;                    // 1 … seeds
  std::uint64_t sequences = 50'000;  // for each defect and seed, at most
  std::uint64_t canary_sequences = 1'000;
  int max_steps = 24;
  int jobs = 1;
};

struct DefectScore {
  Defect defect{};
  // Of the seeds, how many: its code ran; it changed the world; an invariant said so.
  int reached = 0;
  int triggered = 0;
  int detected = 0;
  std::vector<std::uint64_t> sequences;  // up to the detection, by seed; only of seeds that detected
  std::vector<double> seconds;           // the same as time on this machine; for people
  std::map<std::string, int> caught_by;  // invariants that spoke in the detecting sequence, and for how many seeds
  Scenario minimal;                      // the first seed's sequence, shrunk for the invariant that spoke first
  std::string minimal_invariant;         // empty: none was detected

  std::uint64_t median_sequences() const;  // 0 when nothing was detected
  double median_seconds() const;
};

struct SelftestProgress {
  int done = 0;  // defects × seeds
  int all = 0;
};

// In the order of `defects`; the results but for the seconds depend on nothing but the options.
std::vector<DefectScore> run_selftest(const Catalogue& catalogue, const SelftestOptions& options,
                                      const std::function<void(const SelftestProgress&)>& progress,
                                      const std::atomic<bool>& stop);

}  // namespace barnacle
