// Every sequence of steps up to a length, over the steps of a scenario ("letters"). Worlds that are one by their
// canonical hash are gone on from once: what follows from them is the same (Explorer::check_pair puts that to the
// test).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/engine/replay.h"

namespace barnacle {

struct ExploreOptions {
  int depth = 4;
  int faults = 1;  // letters with a fault in one sequence, at most
  // Sequences that differ in nothing but the names of equal nodes count once, where for each letter the alphabet has
  // its twin on the other node. (The model takes nodes in the order of their names; at rest that makes no difference,
  // which a test holds against the whole of a smaller alphabet.)
  bool symmetry = true;
  std::size_t memory_bytes = std::size_t{4} << 30;  // of the process
  std::optional<double> seconds;
  std::uint64_t congruence_pairs = 0;  // pairs of worlds with one hash to go on from both
};

struct ExploreLevel {
  std::uint64_t worlds = 0;       // new at this depth
  std::uint64_t transitions = 0;  // steps played to get there
  std::uint64_t idle = 0;         // of these: found nothing to act on, or were refused
};

struct ExploreFinding {
  Finding finding;
  Scenario scenario;  // its shortest sequence
};

// A world as it was reached.
struct Reached {
  std::uint32_t parent = 0;  // index of the world before; of the first world: its own
  std::uint16_t letter = 0;
  std::uint16_t depth = 0;
  std::uint8_t faults = 0;  // letters with a fault so far
  bool broken = false;      // the sequence is no longer its own twin: all letters are free from here on
  Hash128 key;
};

struct ExploreReport {
  std::vector<ExploreLevel> levels;      // [0]: the first world
  std::vector<Reached> reached;          // all worlds, in the order in which they were found
  std::vector<ExploreFinding> findings;  // one for each invariant
  std::string stopped;                   // why it ended early: "memory", "time", "interrupted"; empty: it did not
  std::uint64_t pairs = 0;               // checked for congruence
  std::vector<std::string> incongruent;  // pairs that went on differently, each with its sequences
  std::uint64_t worlds() const;
  std::uint64_t transitions() const;
};

struct ExploreProgress {
  int depth = 0;
  std::uint64_t worlds = 0;
  std::uint64_t transitions = 0;
  std::size_t findings = 0;
};

// `resume`: worlds that an earlier exploration of the same alphabet reached, to go on from; empty: from the start.
// `finished` is told of every depth that is complete. Errors are of the alphabet.
std::expected<ExploreReport, std::string> explore(const Catalogue& catalogue, const VersionPtr& subject,
                                                  const Scenario& alphabet, const ExploreOptions& options,
                                                  const ExploreReport& resume,
                                                  const std::function<void(const ExploreProgress&)>& progress,
                                                  const std::function<void(const ExploreReport&)>& finished,
                                                  const std::atomic<bool>& stop);

// A file to resume from: what was reached, for this subject, alphabet and bound of faults. Reading one that does not
// fit is an error, in one line.
std::string explore_state_text(const VersionPtr& subject, const Scenario& alphabet, const ExploreOptions& options,
                               const ExploreReport& report);
std::expected<ExploreReport, std::string> read_explore_state(const std::string& text, const VersionPtr& subject,
                                                             const Scenario& alphabet, const ExploreOptions& options);

}  // namespace barnacle
