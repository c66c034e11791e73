#include "sim/helm/readiness.h"

#include "sim/cluster/views.h"

namespace barnacle {
namespace {

int allowed_unavailable(const UpdateStrategy& strategy, int desired) {
  if (!strategy.percent) return strategy.max_unavailable;
  return (desired * strategy.max_unavailable + 99) / 100;
}

}  // namespace

bool daemon_set_ready(const Cluster& cluster, std::string_view ns, std::string_view name) {
  const ObjectPtr daemon_set = cluster.find(Kind::daemon_set, ns, name);
  if (!daemon_set) return false;
  const UpdateStrategy& strategy = daemon_set->body->views->update_strategy;
  const DaemonSetCounts counts = cluster.counts_of(*daemon_set);
  if (!counts.observed) return false;
  if (strategy.on_delete) return true;
  return counts.updated == counts.desired &&
         counts.available >= counts.desired - allowed_unavailable(strategy, counts.desired);
}

}  // namespace barnacle
