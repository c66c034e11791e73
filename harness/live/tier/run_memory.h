// Runs of containers that were seen before. A run that meets the same host, image, arguments, environment and volumes,
// and gets the same answers from the API server, does the same again; so it is not started, and its requests are made
// in its place.
//
// Answers count as the same where they differ in nothing but dates, uids and resource versions.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "harness/engine/tier.h"
#include "harness/live/api/handler.h"

namespace barnacle {

class RunMemory {
 public:
  // A request of the run, and what it was told.
  struct Exchange {
    ApiRequest request;
    Hash128 answer;
  };

  // What was so far, before an effect of the run.
  struct Moment {
    Effect next;
    Host host;
    std::size_t exchanges = 0;
    std::size_t notes = 0;
    std::size_t output = 0;  // bytes
    RunRecord so_far;        // counts of restarts
  };

  struct Run {
    RunPtr record;
    HostPtr after;
    std::vector<Exchange> exchanges;
    EffectNotes notes = {};  // all that were taken
    std::string output = {};
    std::vector<Moment> moments = {};  // before effects 1, 2 …; empty where nobody wanted to know
  };
  using Kept = std::shared_ptr<const Run>;

  // The run that this start would be; `cluster` is asked what that run asked, up to `exchanges` of it. Null: unknown.
  Kept recall(Hash128 start, Cluster& cluster) const;
  // The same for a run that ends before it has asked everything.
  static bool ask_again(const Run& run, std::size_t exchanges, Cluster& cluster);
  // All that are known of such a start, whatever they were told.
  std::vector<Kept> of(Hash128 start) const;
  void keep(Hash128 start, Kept run);

 private:
  std::unordered_map<Hash128, std::vector<Kept>, Hash128Hash> runs_;
};

// An answer without its dates, uids and versions.
Hash128 hash_of_answer(const ApiResponse& response);

}  // namespace barnacle
