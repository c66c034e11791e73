// Plays steps: World → World. What happened inside a step is in its StepRecord.
#pragma once

#include <expected>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "harness/engine/tier.h"
#include "harness/engine/world.h"
#include "sim/base/hash_map.h"

namespace barnacle {

struct Lab;
class PlayedSteps;

// Everything that stays the same over a campaign: presets, host kinds, subject.
struct Catalogue {
  VersionLibrary versions;
  std::string hosts_folder;
  std::vector<HostKind> host_kinds;
  // Of a live subject: makes the tier that plays it, one for each Lab. Empty: the model.
  std::function<std::unique_ptr<Tier>(Lab& lab)> make_tier = {};
  bool knows_host(const std::string& kind) const;
};

// One start of a program in a step.
struct RunEvent {
  std::string node;
  std::string pod;
  std::string namespace_;
  std::string owner;  // the DaemonSet or Job
  std::string release;
  int revision = 0;  // the release's at that time
  VersionPtr version;
  SettingsPtr settings;
  // Of a live subject: the pod as it was when it was started, and the cluster then. Else null.
  ObjectPtr pod_object;
  std::shared_ptr<const Cluster> surroundings;
  RunPtr run;
  HostPtr before;
  HostPtr after;
};

// What the run printed, with its node's name in it.
std::vector<std::string> log_of(const RunEvent& event);
std::string last_line(const RunEvent& event);

struct StepRecord {
  const Step* step = nullptr;
  bool applied = true;   // the step had something to act on
  bool refused = false;  // Helm (or the API) refused it and nothing was changed
  bool at_rest = true;   // the world came to rest in time
  int exit_status = 0;   // of Helm
  std::string message;   // Helm's error, or what the step did
  std::vector<RunEvent> runs;
  std::vector<std::string> denied;  // API requests answered 401 or 403
  std::vector<std::string> killed_workloads;
  Time started = 0;
};

// The working memory of one thread: interned values and remembered runs. Made anew when it has grown too large.
struct Lab {
  explicit Lab(const Catalogue& all);
  ~Lab();
  const Catalogue& catalogue;
  Store store;
  Runner runner;
  std::map<std::string, HostPtr> fresh_hosts;  // by kind and runtime
  HashMap<HostPtr> fresh_installs;             // see fresh_install
  std::shared_ptr<void> invariant_memory;      // the invariants' own
  std::unique_ptr<Tier> tier;                  // null: the model
  std::unique_ptr<PlayedSteps> played;         // of the tier
};

// A scenario's start: its nodes, the namespaces, the date. Errors name the node.
std::expected<World, std::string> start_world(Lab& lab, const Scenario& scenario);

HostPtr host_of_kind(Lab& lab, const std::string& kind);

StepRecord play_step(Lab& lab, World& world, const VersionPtr& subject, const Step& step);

// Runs a program on `host` where the subject is played: by the model or by the live tier.
RunPtr run_program(Lab& lab, const ProgramStart& start, HostPtr& host, Cluster& cluster,
                   const RunFault* fault = nullptr);

// What installs in this order, one after the other, leave on `baseline`; null where one of them does not settle within
// three starts. Every release as it served.
HostPtr fresh_install(Lab& lab, const HostPtr& baseline, std::span<const Served* const> releases);

// The release that an object belongs to by Helm's annotations; empty when none.
const std::string& release_of(const Object& object);

}  // namespace barnacle
