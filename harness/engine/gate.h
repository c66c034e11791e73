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
  Hit hit;                         // sequences with a new finding
  Scenario scenario;
  Timeline timeline;               // of the scenario, with details; holds new findings of this invariant only
  std::vector<std::size_t> expired;  // entries of the baseline that accepted its first finding once
  std::size_t steps_as_found = 0;
  bool shrunk = false;             // to the end; false as well where time ran out
};

// What became of an entry of the baseline.
struct EntryUse {
  Hit hit;
  std::string path;  // one that it matched; that of its first sequence
};

struct GateResult {
  Tally played;
  std::vector<GateFinding> findings;   // in registry order
  std::vector<EntryUse> entries;       // one for each of the baseline
  std::uint64_t shared = 0;            // sequences in which both subjects have the same finding
};

class Gate {
 public:
  Gate(const Catalogue& catalogue, VersionPtr subject, GateOptions options);

  const GateOptions& options() const { return options_; }

  // Plays, and shows of each invariant the first new finding as it was found. `ends_early` is asked from time to time: does
  // what was found so far (something new or nothing) suffice?
  GateResult play(const std::function<void(const CampaignProgress&)>& progress, const std::function<bool(bool found)>& ends_early,
                  const std::atomic<bool>& stop);

  // Makes the finding's scenario as small as it gets until `stop`.
  void shrink(GateFinding& finding, const std::atomic<bool>& stop);

 private:
  class Watcher;

  Timeline play_finding(const Scenario& scenario, const std::string& invariant);
  void show_as_found(GateFinding& finding);

  const Catalogue& catalogue_;
  VersionPtr subject_;
  GateOptions options_;
  Lab lab_;  // what the timelines of findings hold lives here
};

}  // namespace barnacle
