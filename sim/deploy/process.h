// Running programs: a start of a container's program to its end, effect by effect, and the memory of runs already seen.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/deploy/frozen_host.h"
#include "sim/deploy/mutation.h"
#include "sim/deploy/part.h"
#include "sim/deploy/settings.h"
#include "sim/deploy/turns.h"

namespace barnacle {

enum class Program : std::uint8_t { install, cleanup, reset };
std::string_view program_name(Program program);

// A fault that strikes inside one run.
struct RunFault {
  enum class What : std::uint8_t {
    cut,     // the run ends right after the effect
    fail,    // the effect is not done, and answers `answer`
    lose,    // the effect is done, and answers `answer` all the same
    tear,    // a write stops half-way and the run ends; of what is renamed into its place nothing is seen
    preempt  // other runs on the node go on before the next effect
  } what = What::cut;
  std::function<bool(int number, const Effect& effect)> strikes;  // asked for each effect, counted from 1
  bool lasting = false;                                           // fail: every effect from then on that it strikes
  int exit_code = 137;                                            // cut: SIGKILL 137, SIGTERM 143
  EffectResult answer;                                            // fail: what the effect answers instead of being done
  std::string answer_text;                                        // fail: for the report
  int until = 0;                                                  // preempt: see Turns
};

// What a run came to, whatever its node is called: texts say kThisNode. Immutable once made; shared by all that repeat
// it.
struct RunRecord {
  struct Seen {
    std::shared_ptr<const Effect> effect;  // shared by all runs that asked the same; null for a live run
    Hash128 view;
    bool leaves_trace = false;  // it changed something, or was refused, which the API server keeps a list of
  };
  Program program = Program::install;
  RunResult result;
  std::vector<Seen> api;            // every API effect with the answer it had, in order
  bool sees_own_traces = false;     // what it left at the API server may show in what it asked later
  Changes changes;                  // mutating effects
  int effects = 0;                  // all of them
  int restarts = 0;                 // of the container runtime
  bool loaded_differently = false;  // some restart loaded another configuration than was running
  bool faulted = false;             // the fault struck
  RunFault::What fault{};           // which kind
  std::string struck;               // which effect it struck, described
  // The first moment at which a restart of the runtime would have left it dead or a handler broken; empty: never.
  std::string unrestartable;
  int unrestartable_effect = 0;
  std::string unrestartable_path;
};
using RunPtr = std::shared_ptr<const RunRecord>;

struct RunRequest {
  Program program = Program::install;
  SettingsPtr settings;
  std::string node;
  Account account;
  Time host_now = 0;       // date stamped on files
  Turns* turns = nullptr;  // that the run shares with others on its node; null: it has the node to itself
};

// Runs programs; repeats of a fault-free run on an equal host that gets equal answers are looked up.
class Runner {
 public:
  explicit Runner(Store& store) : store_(store) {}

  // Runs the program on `host`, which becomes what the run leaves, and against the cluster.
  RunPtr run(const RunRequest& request, HostPtr& host, Cluster& cluster, const RunFault* fault = nullptr);

  // The settings of a version in that environment, read once.
  SettingsPtr settings(const DeployVersion& version, const Strings& environment, Hash128 environment_hash);

  Probe probe;           // of this Runner for good: what it remembers is remembered under it
  bool remember = true;  // false: every effect of every run is performed; nothing else may come of it
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;

 private:
  struct Remembered {
    RunPtr run;
    HostPtr after;
  };
  const Remembered* recall(Hash128 key, const RunRequest& request, Cluster& cluster);
  Remembered perform(const RunRequest& request, const FrozenHost& host, Cluster& cluster);
  RunPtr perform_all(const RunRequest& request, HostPtr& host, Cluster& cluster, const RunFault* fault);

  Store& store_;
  PartMemory parts_;
  HashMap<SettingsPtr> settings_;            // by version and environment
  HashMap<std::vector<Remembered>> memory_;  // by program, settings, date and host, or surroundings
};

}  // namespace barnacle
