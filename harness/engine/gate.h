// The gate: a campaign of which only that counts which is new. Not new is what a baseline accepts, and what another
// subject shows as well on the same sequence.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/engine/baseline.h"
#include "harness/engine/campaign.h"

namespace barnacle {

struct GateOptions {
  CampaignOptions campaign;
  Baseline baseline;
  Time today = 0;
  VersionPtr against;  // null: no other subject
};

// The new findings of one invariant.
struct GateFinding {
  std::string invariant;
  Hit hit;        // sequences with a new finding
  Finding first;  // in the first of them
  Scenario scenario;
  Timeline timeline;  // of the scenario, with details; holds new findings of this invariant only. See Gate::show
  std::vector<std::size_t> expired;  // entries of the baseline that accepted its first finding once
  std::size_t steps_as_found = 0;
  bool shrunk = false;  // to the end; false as well where time ran out
};

// What became of an entry of the baseline.
struct EntryUse {
  Hit hit;
  std::string path;  // one that it matched; that of its first sequence
};

struct GateResult {
  Tally played;
  std::vector<GateFinding> findings;  // in registry order
  std::vector<EntryUse> entries;      // one for each of the baseline
  std::uint64_t shared = 0;           // sequences in which both subjects have the same finding
};

class Gate {
 public:
  Gate(const Catalogue& catalogue, VersionPtr subject, GateOptions options);

  const GateOptions& options() const { return options_; }

  // Plays. Of each invariant the first new finding comes out as it was found. `ends_early` is asked from time to time:
  // does what was found so far, new findings of so many invariants, suffice?
  GateResult play(const std::function<void(const CampaignProgress&)>& progress,
                  const std::function<bool(std::size_t found)>& ends_early, const std::atomic<bool>& stop);

  // Makes the finding's scenario as small as it gets until `stop`.
  void shrink(GateFinding& finding, const std::atomic<bool>& stop);

  // Plays its scenario once more, for its timeline.
  void show(GateFinding& finding);

 private:
  class Watcher;

  // The new findings of one invariant in a scenario.
  Timeline play_finding(const Scenario& scenario, const std::string& invariant, bool details);

  const Catalogue& catalogue_;
  VersionPtr subject_;
  GateOptions options_;
  Lab lab_;  // what the timelines of findings hold lives here
};

}  // namespace barnacle
