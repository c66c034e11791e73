// Where Helm's commands and the programs of containers really run. Without a Tier the model plays both; the live tier
// (harness/live) runs the real client and the real deploy logic. Worlds, steps, invariants and reports are the same.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "harness/scenario/scenario.h"
#include "sim/deploy/process.h"
#include "sim/deploy/version.h"

namespace barnacle {

// One start of the deploy logic: what the model is told, and the pod as the API server has it.
struct ProgramStart {
  RunRequest request;
  ObjectPtr pod;
};

class Tier {
 public:
  virtual ~Tier() = default;

  // One of Helm's commands (install, upgrade, rollback, uninstall), run to its end; moves the cluster's clock while it
  // waits. The cluster's API is asked as the client asks it, its release Secrets hold Revisions afterwards.
  // `major`: of the client.
  virtual HelmResult helm(Cluster& cluster, Machines& machines, const Step& step, int major) = 0;

  // The deploy logic behind an image; null for other images.
  virtual VersionPtr version_of_image(const std::string& image) const = 0;
  // The label that is "true" on the nodes that the subject serves; empty: it has none.
  virtual std::string_view node_label() const = 0;

  // What the pod's environment says, as far as invariants ask.
  virtual SettingsPtr settings(const Version& version, const PodSpec& spec) = 0;

  // Runs the program on `host`, which becomes what it leaves; it may change `cluster` through its API.
  virtual RunPtr run(const ProgramStart& start, HostPtr& host, Cluster& cluster, const RunFault* fault) = 0;

  // From now on runs are watched effect by effect, for somebody who is going to cut them everywhere.
  virtual void watch_effects(bool) {}
};

}  // namespace barnacle
