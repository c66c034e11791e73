// What `--wait` waits for.
#pragma once

#include <string_view>

#include "sim/cluster/cluster.h"

namespace barnacle {

// As Helm judges a rolling update: the controller has seen the newest template, every node that the DaemonSet selects
// has a pod of it, and no more than maxUnavailable of them are not ready. (With maxUnavailable 1 and one node no pod
// need be ready at all.) A DaemonSet that is not there is not ready.
bool daemon_set_ready(const Cluster& cluster, std::string_view ns, std::string_view name);

}  // namespace barnacle
