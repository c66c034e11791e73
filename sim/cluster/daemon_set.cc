// The DaemonSet controller: one pod on each node that fits, replaced node by node when the template changes.
#include <algorithm>

#include "sim/cluster/access.h"

namespace barnacle {
namespace {

// Where pods are kept, and, more strictly, where new ones are put: a taint NoSchedule keeps new pods away only.
bool may_stay(const PodSpec& spec, const Object& node) {
  return includes(node.labels, spec.node_selector) && tolerates(spec, node, true, true);
}
bool may_start(const PodSpec& spec, const Object& node) {
  return includes(node.labels, spec.node_selector) && tolerates(spec, node, true);
}

// A container starts and fails at one instant here, but on a real node it runs for a while and is available meanwhile
// if it has no readiness probe; the rollout takes that moment to walk on. So of a new pod it is enough to have been
// started.
bool was_available(const Object& pod) {
  const PodStatus& status = pod_status(pod);
  if (pod_spec_of(pod)->readiness_probe) return status.container == ContainerState::running && status.settled;
  return status.starts > 0;
}

bool is_available(const Object& pod) {
  const PodStatus& status = pod_status(pod);
  if (pod.deletion_time || status.container != ContainerState::running) return false;
  return status.settled || !pod_spec_of(pod)->readiness_probe;
}

// Of one set, on one node.
struct NodePods {
  const Object* pod = nullptr;  // the oldest that is not being deleted
  bool leaving = false;         // another one is still going
};

NodePods pods_on(const Cluster& cluster, const Object& set, std::string_view node) {
  NodePods found;
  for (const ObjectPtr& pod : cluster.of_kind(Kind::pod)) {
    if (pod_status(*pod).node != node || !is_owned_by(*pod, set)) continue;
    if (pod->deletion_time) found.leaving = true;
    else if (found.pod == nullptr || pod->creation_order < found.pod->creation_order) found.pod = pod.get();
  }
  return found;
}

// A node as the set sees it.
struct Place {
  const Object* node;
  NodePods pods;
  bool may_stay;
  bool may_start;
};
using Places = std::vector<Place>;

Places places_of(const Cluster& cluster, const Object& set) {
  const PodSpec& spec = *views_of(set).pod_template->spec;
  const auto nodes = cluster.of_kind(Kind::node);
  Places places;
  places.reserve(nodes.size());
  for (const ObjectPtr& node : nodes) {
    const bool start = may_start(spec, *node);
    places.push_back({node.get(), pods_on(cluster, set, node->name), start || may_stay(spec, *node), start});
  }
  return places;
}

// What one look at the cluster wants done; decided before anything is changed.
struct Plan {
  std::vector<const Object*> create_on;  // nodes
  std::vector<ObjectPtr> remove;
};

void plan_removal(const Cluster& cluster, const Object* pod, Plan& plan) {
  plan.remove.push_back(cluster.find(Kind::pod, pod->namespace_, pod->name));
}

// Pods whose node is gone are the garbage collector's.
void plan_misplaced(const Cluster& cluster, const Object& set, const Places& places, Plan& plan) {
  for (const ObjectPtr& pod : cluster.of_kind(Kind::pod)) {
    if (pod->deletion_time || !is_owned_by(*pod, set)) continue;
    const PodStatus& status = pod_status(*pod);
    const auto place = std::ranges::find_if(places, [&](const Place& one) { return one.node->name == status.node; });
    if (place == places.end()) continue;
    const bool surplus = place->pods.pod != pod.get();
    if (!place->may_stay || surplus || is_finished(status)) plan.remove.push_back(pod);
  }
}

int allowed_unavailable(const UpdateStrategy& strategy, int desired) {
  const int limit = strategy.percent ? (strategy.max_unavailable * desired + 99) / 100 : strategy.max_unavailable;
  return std::max(limit, 1);
}

// Old pods that are not available are replaced at once; of the available ones as many as the limit leaves, by node
// name.
void plan_rollout(const Cluster& cluster, const Object& set, const Places& places, Plan& plan) {
  const PodTemplate& pod_template = *views_of(set).pod_template;
  std::vector<const Object*> candidates;
  int desired = 0;
  int unavailable = 0;
  for (const Place& place : places) {
    const Object* pod = place.pods.pod;
    if (!place.may_stay || (pod == nullptr && !place.may_start)) continue;
    ++desired;
    if (pod == nullptr) {
      ++unavailable;
    } else if (pod_status(*pod).pod_template_hash == pod_template.hash) {
      if (!was_available(*pod)) ++unavailable;
    } else if (is_available(*pod)) {
      candidates.push_back(pod);
    } else {
      ++unavailable;
      plan_removal(cluster, pod, plan);
    }
  }
  for (const Object* pod : candidates) {
    if (unavailable >= allowed_unavailable(views_of(set).update_strategy, desired)) break;
    ++unavailable;
    plan_removal(cluster, pod, plan);
  }
}

void plan_missing(const Places& places, Plan& plan) {
  for (const Place& place : places) {
    if (place.node->deletion_time || !place.may_start) continue;
    // A new pod waits until the old one is gone: both would want the same host.
    if (place.pods.pod == nullptr && !place.pods.leaving) plan.create_on.push_back(place.node);
  }
}

// Pods that an orphaning deletion left behind belong to the next DaemonSet whose selector matches them.
void adopt(ClusterAccess& access, const Object& set) {
  const Strings& selector = views_of(set).match_labels;
  if (selector.empty()) return;
  std::vector<ObjectPtr> orphans;
  for (const ObjectPtr& pod : access.cluster.of_kind(Kind::pod)) {
    if (pod->owners.empty() && !pod->deletion_time && pod->namespace_ == set.namespace_ &&
        includes(pod->labels, selector)) {
      orphans.push_back(pod);
    }
  }
  for (const ObjectPtr& pod : orphans) {
    Draft adopted = draft_of(*pod);
    adopted->owners.edit().push_back({set.kind, set.name, set.uid});
    access.put(std::move(adopted));
  }
}

void control_daemon_set(ClusterAccess& access, const ObjectPtr& set) {
  if (set->deletion_time || !views_of(*set).pod_template) return;
  adopt(access, *set);
  Plan plan;
  {
    const Places places = places_of(access.cluster, *set);
    plan_misplaced(access.cluster, *set, places, plan);
    plan_missing(places, plan);
    if (!views_of(*set).update_strategy.on_delete) plan_rollout(access.cluster, *set, places, plan);
  }
  for (const ObjectPtr& pod : plan.remove) {
    // The same pod may be planned for two reasons.
    const ObjectPtr stored = access.cluster.find(Kind::pod, pod->namespace_, pod->name);
    if (stored) access.begin_deletion(stored, Propagation::background);
  }
  // Removing and creating pods leaves the nodes as they are.
  for (const Object* node : plan.create_on) create_pod(access, *set, node->name, {}, {});
  if (std::get<DaemonSetStatus>(set->status).observed_generation != set->generation) {
    Draft observed = draft_of(*set);
    observed->status = DaemonSetStatus{set->generation};
    access.put_status(std::move(observed));
  }
}

}  // namespace

void control_daemon_sets(ClusterAccess& access) {
  for (std::size_t index = 0;; ++index) {
    const auto sets = access.cluster.of_kind(Kind::daemon_set);
    if (index >= sets.size()) break;
    control_daemon_set(access, ObjectPtr(sets[index]));
  }
}

DaemonSetCounts Cluster::counts_of(const Object& set) const {
  DaemonSetCounts counts;
  if (!views_of(set).pod_template) return counts;
  const PodTemplate& pod_template = *views_of(set).pod_template;
  for (const ObjectPtr& node : of_kind(Kind::node)) {
    if (!may_start(*pod_template.spec, *node)) continue;
    ++counts.desired;
    const Object* pod = pods_on(*this, set, node->name).pod;
    if (pod == nullptr) continue;
    if (pod_status(*pod).pod_template_hash == pod_template.hash) ++counts.updated;
    if (is_available(*pod)) ++counts.available;
  }
  counts.observed = std::get<DaemonSetStatus>(set.status).observed_generation == set.generation;
  return counts;
}

}  // namespace barnacle
