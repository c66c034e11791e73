// Many scenarios from one seed. Sequence i of seed s is always the same, whichever thread plays it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/engine/replay.h"
#include "harness/scenario/alphabet.h"

namespace barnacle {

struct CampaignOptions {
  std::uint64_t seed = 1;
  std::optional<std::uint64_t> sequences;  // none: until `seconds` have passed
  std::optional<double> seconds;
  int max_steps = 24;
  bool faults = false;                     // draw faults (`faults` of the alphabet)
  int jobs = 1;
  bool shrink = true;
};

struct CampaignFinding {
  Finding finding;             // of the shrunk scenario
  std::uint64_t sequence = 0;  // the first in which the invariant was violated
  std::uint64_t times = 0;     // in how many sequences
  Scenario scenario;           // shrunk
};

struct CampaignResult {
  std::uint64_t seed = 0;
  std::uint64_t sequences = 0;
  std::uint64_t steps = 0;           // played
  std::uint64_t applied = 0;
  std::uint64_t installs = 0;
  std::uint64_t refused_installs = 0;
  std::map<std::string, std::uint64_t> steps_by_kind;
  std::uint64_t disturbed = 0;       // sequences in which a fault struck
  std::map<std::string, std::uint64_t> faults;  // steps in which one struck, by its name
  Counted counted;                   // by registry index
  std::vector<CampaignFinding> findings;  // one for each invariant, in registry order
  Hash128 digest;                    // of all sequences, whatever the order in which they were played
  double wall_seconds = 0;           // for people only; in no digest
  bool interrupted = false;
};

struct CampaignProgress {
  std::uint64_t sequences = 0;
  std::uint64_t steps = 0;
  std::size_t findings = 0;          // distinct invariants so far
};

// `progress` is called from time to time by one thread; `stop` ends the campaign early with what was found so far.
CampaignResult run_campaign(const Catalogue& catalogue, const VersionPtr& subject, const CampaignOptions& options,
                            const std::function<void(const CampaignProgress&)>& progress, const std::atomic<bool>& stop);

// The smallest scenario near `scenario` that still violates the invariant.
Scenario shrink(Lab& lab, const VersionPtr& subject, Scenario scenario, const std::string& invariant, const std::atomic<bool>& stop);

// What a campaign on this subject draws from.
Alphabet alphabet_for(const Catalogue& catalogue, const VersionPtr& subject, int max_steps);

// So many sequences in a row share a theme.
inline constexpr std::uint64_t kThemeLength = 4096;

// The scenario of sequence `index` of a campaign.
Scenario scenario_of(const Alphabet& alphabet, const VersionPtr& subject, std::uint64_t seed, std::uint64_t index, std::uint64_t theme_length = kThemeLength);

}  // namespace barnacle
