// Two subjects play one scenario, and every step is held against the other's: hosts, API objects, and what became of
// Helm's command and of the containers. Where they part, one of the two is wrong: the real logic and our model of it
// are compared so.
#pragma once

#include <expected>
#include <string>
#include <vector>

#include "harness/engine/simulation.h"

namespace barnacle {

struct Difference {
  int step = 0;       // from 1
  std::string where;  // "node-a /etc/containerd/config.toml plugins.x.y", "RuntimeClass kata-qemu", "helm uninstall"
  std::string left;   // what the subject has there
  std::string right;  // what the other one has
};

// Gives `against` the image tree and date of `subject`: what differs from then on is the logic's own. Both are of the
// catalogue.
void share_payload(Catalogue& catalogue, const std::string& subject, const std::string& against);

// Of the first step after which anything differs, all that does; empty where nothing ever does. Both play on hosts of
// one Lab; `against` is a model. Errors are of the scenario.
std::expected<std::vector<Difference>, std::string> compare(Lab& lab, const VersionPtr& subject,
                                                            const VersionPtr& against, const Scenario& scenario);

}  // namespace barnacle
