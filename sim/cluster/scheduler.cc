// The scheduler: a pod without a node goes to the first node that fits, among those where its owner has tried least.
#include <algorithm>

#include "sim/cluster/access.h"

namespace barnacle {
namespace {

bool fits(const PodSpec& spec, const Object& node) {
  return includes(node.labels, spec.node_selector) && tolerates(spec, node);
}

// A retry spreads: pods that the same owner had on the node before, finished ones too.
std::ptrdiff_t tried_on(const Cluster& cluster, const Object& pod, std::string_view node) {
  if (pod.owners.empty()) return 0;
  return std::ranges::count_if(cluster.of_kind(Kind::pod), [&](const ObjectPtr& other) {
    return pod_status(*other).node == node && !other->owners.empty() && other->owners.front() == pod.owners.front();
  });
}

const Object* choose_node(const Cluster& cluster, const Object& pod) {
  const Object* best = nullptr;
  std::ptrdiff_t best_tries = 0;
  const PodSpec* spec = pod_spec_of(pod);
  for (const ObjectPtr& node : cluster.of_kind(Kind::node)) {
    if (!fits(*spec, *node)) continue;
    const std::ptrdiff_t tries = tried_on(cluster, pod, node->name);
    if (best != nullptr && tries >= best_tries) continue;
    best = node.get();
    best_tries = tries;
  }
  return best;
}

bool is_waiting(const Object& pod) {
  return pod_status(pod).node.empty() && !pod.deletion_time && !is_finished(pod_status(pod));
}

}  // namespace

void schedule_pods(ClusterAccess& access) {
  std::vector<ObjectPtr> waiting;
  for (const ObjectPtr& pod : access.cluster.of_kind(Kind::pod)) {
    if (is_waiting(*pod)) waiting.push_back(pod);
  }
  std::ranges::sort(waiting, [](const ObjectPtr& a, const ObjectPtr& b) { return canonical_before(*a, *b); });
  for (const ObjectPtr& pod : waiting) {
    const Object* node = choose_node(access.cluster, *pod);
    if (node == nullptr) continue;
    Draft scheduled = draft_of(*pod);
    pod_status(*scheduled).node = node->name;
    access.put_status(std::move(scheduled));
  }
}

}  // namespace barnacle
