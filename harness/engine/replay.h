// Replays a scenario step by step, judges every step by every invariant, and keeps the timeline.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "harness/engine/simulation.h"
#include "harness/invariants/contract.h"
#include "harness/invariants/invariant.h"

namespace barnacle {

// Who brought the offending path about.
struct Author {
  std::string release;
  int revision = 0;
  int step = 0;  // from 1; 0: unknown
  std::string node;
  std::string pod;
  int effect = 0;         // number in its run, from 1
  std::string what;       // "replace /opt/kata-cicd/…/configuration-qemu.toml"
  std::string line = {};  // of a real script: "/opt/kata-artifacts/scripts/kata-deploy.sh:370"
};

struct Finding {
  std::string invariant;
  int step = 0;  // after which it was seen, from 1
  Violation violation;
  Author by;
};

struct StepOutcome {
  int index = 0;  // from 1
  StepKind kind = StepKind::install;
  std::string result;  // "ok", "skipped: …", "refused: …", "exit 1: …"
  bool applied = true;
  bool refused = false;  // by Helm, or by every pod that ran
  Hash128 digest;        // rolling
  StepRecord record;
  std::vector<Disturbance> disturbances;  // what struck in it
  std::vector<std::string> host_changes;  // of the step, by Obs, "node-a ~ /etc/…"; filled with `details`
};

// How often an invariant was asked, and how often what it speaks of was there; by registry index.
struct Counted {
  std::vector<std::uint64_t> asked;
  std::vector<std::uint64_t> spoke;
  bool operator==(const Counted&) const = default;
};

struct Timeline {
  std::vector<StepOutcome> steps;
  std::vector<Finding> findings;  // each (invariant, node, path) once, where it was first seen
  Hash128 digest;
  Counted counted;
  World end;
};

struct ReplayOptions {
  bool details = false;                                                  // host changes of each step
  std::string only_invariant;                                            // judge by this one alone; empty: by all
  bool stop_at_first = false;                                            // after the first step with a finding
  std::function<void(const World& world, const Step& step)> watch = {};  // sees the world after each step; may be empty
};

// Errors are of the scenario: an unknown subject, host or version, or a node that cannot be made.
std::expected<Timeline, std::string> replay(Lab& lab, const VersionPtr& subject, const Scenario& scenario,
                                            const ReplayOptions& options = {});

// Checks names in a scenario against what there is; empty when all is well, else one line "step 2: unknown host 'x' …".
std::string unknown_names(const Catalogue& catalogue, const Scenario& scenario);

// The subject of "model:kata-3.16.0" or "model:kata"; null for an unknown one.
VersionPtr find_subject(const VersionLibrary& versions, const std::string& subject);
std::string subject_name(const Version& version);  // "model:kata-3.16.0"

// "install kata-deploy-cicd {suffix: cicd, shims: qemu}": a step in one line.
std::string describe_step(const Step& step);
std::string describe_change(const EffectNote& note);

}  // namespace barnacle
