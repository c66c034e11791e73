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
#include "harness/engine/tally.h"
#include "harness/scenario/alphabet.h"

namespace barnacle {

// Sequences in a row.
struct Block {
  std::uint64_t first = 0;
  std::uint64_t length = 0;
  auto operator<=>(const Block&) const = default;
};

struct CampaignOptions {
  std::uint64_t seed = 1;
  std::optional<std::uint64_t> sequences;  // none: until `seconds` have passed
  std::optional<double> seconds;
  std::optional<std::vector<Block>> blocks;  // these sequences alone; no block reaches over the end of a theme
  int max_steps = 24;
  bool faults = false;  // draw faults (`faults` of the alphabet)
  int jobs = 1;
  bool shrink = true;
};

struct CampaignFinding {
  Finding finding;             // of the shrunk scenario
  std::uint64_t sequence = 0;  // the first in which the invariant was violated
  std::uint64_t times = 0;     // in how many sequences
  Scenario scenario;           // shrunk
};

struct CampaignResult : Tally {
  std::uint64_t seed = 0;
  std::vector<CampaignFinding> findings;  // one for each invariant, in registry order
  double wall_seconds = 0;                // for people only; in no digest. 0: not measured
  bool interrupted = false;
};

struct CampaignProgress {
  std::uint64_t sequences = 0;
  std::uint64_t steps = 0;
  std::size_t findings = 0;  // distinct invariants so far
};

// `progress` is called from time to time by one thread; `stop` ends the campaign early with what was found so far.
CampaignResult run_campaign(const Catalogue& catalogue, const VersionPtr& subject, const CampaignOptions& options,
                            const std::function<void(const CampaignProgress&)>& progress,
                            const std::atomic<bool>& stop);

// What the owner of a campaign looks at while it plays.
struct CampaignHooks {
  // After each sequence, by the thread that played it, with its memory.
  std::function<void(Lab& lab, std::uint64_t index, const Scenario& scenario, const Timeline& timeline)> played;
  // After each block that was played to its end, by the thread that played it; false ends the campaign.
  std::function<bool(const Block& block, const Tally& tally)> finished;
  std::function<void(const CampaignProgress&)> progress;  // from time to time, by one thread
};

// A campaign for somebody who looks at more of it.
CampaignResult run_campaign(const Catalogue& catalogue, const VersionPtr& subject, const CampaignOptions& options,
                            const CampaignHooks& hooks, const std::atomic<bool>& stop);

// The two halves of a campaign: its sequences, and of each invariant that was violated the first one, shrunk.
Tally play_sequences(const Catalogue& catalogue, const VersionPtr& subject, const CampaignOptions& options,
                     const CampaignHooks& hooks, const std::atomic<bool>& stop);
std::vector<CampaignFinding> findings_of(const Catalogue& catalogue, const VersionPtr& subject,
                                         const CampaignOptions& options, const Tally& tally,
                                         const std::atomic<bool>& stop);

// Says whether a scenario shows what is to be kept: after how many steps.
using Shows = std::function<std::optional<std::size_t>(const Scenario& scenario)>;
// The smallest scenario near one that shows it. Always shows it as well; `stop` ends the search early.
Scenario shrink(Scenario scenario, const Shows& shows, const std::atomic<bool>& stop);

// The smallest scenario near `scenario` that still violates the invariant.
Scenario shrink(Lab& lab, const VersionPtr& subject, Scenario scenario, const std::string& invariant,
                const std::atomic<bool>& stop);

// What a campaign on this subject draws from.
Alphabet alphabet_for(const Catalogue& catalogue, const VersionPtr& subject, int max_steps);
Alphabet alphabet_for(const Catalogue& catalogue, const VersionPtr& subject, const CampaignOptions& options);

// So many sequences in a row share a theme.
inline constexpr std::uint64_t kThemeLength = 4096;

// The scenarios of a campaign by number. The theme of the last one is kept: most sequences follow each other.
class Scenarios {
 public:
  // The alphabet must outlive it.
  Scenarios(const Alphabet& alphabet, const VersionPtr& subject, std::uint64_t seed,
            std::uint64_t theme_length = kThemeLength);
  Scenario at(std::uint64_t index);

 private:
  const Alphabet& alphabet_;
  std::string subject_;
  std::uint64_t seed_;
  std::uint64_t theme_length_;
  std::uint64_t theme_number_ = 0;
  std::optional<Alphabet> theme_;
};

// One of them.
Scenario scenario_of(const Alphabet& alphabet, const VersionPtr& subject, std::uint64_t seed, std::uint64_t index,
                     std::uint64_t theme_length = kThemeLength);

}  // namespace barnacle
