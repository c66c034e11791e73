// The garbage collectors: dependents without an owner, foreground and orphaning deletions, pods without a node, and
// what a terminating namespace holds.
#include <algorithm>

#include "sim/cluster/access.h"

namespace barnacle {
namespace {

bool lost_all_owners(const Cluster& cluster, const Object& object) {
  return !object.owners.empty() && std::ranges::none_of(object.owners, [&](const OwnerReference& owner) {
    return owner_of(cluster, owner) != nullptr;
  });
}

bool lost_its_node(const Cluster& cluster, const Object& object) {
  if (object.kind != Kind::pod) return false;
  const PodStatus& status = pod_status(object);
  return !status.node.empty() && find_node(cluster, status.node) == nullptr;
}

bool in_terminating_namespace(const Cluster& cluster, const Object& object) {
  if (object.namespace_.empty()) return false;
  const ObjectPtr ns = cluster.find(Kind::namespace_, "", object.namespace_);
  return ns && ns->deletion_time.has_value();
}

bool any_namespace_terminates(const Cluster& cluster) {
  return std::ranges::any_of(cluster.of_kind(Kind::namespace_),
                             [](const ObjectPtr& ns) { return ns->deletion_time.has_value(); });
}

std::vector<ObjectPtr> dependents_of(const Cluster& cluster, const Object& owner) {
  std::vector<ObjectPtr> dependents;
  for (const ObjectPtr& object : cluster.objects()) {
    if (is_owned_by(*object, owner)) dependents.push_back(object);
  }
  return dependents;
}

void finish_foreground(ClusterAccess& access, const ObjectPtr& owner) {
  const std::vector<ObjectPtr> dependents = dependents_of(access.cluster, *owner);
  for (const ObjectPtr& object : dependents) access.begin_deletion(object, Propagation::background);
  if (dependents_of(access.cluster, *owner).empty()) access.remove_finalizer(owner, kForegroundFinalizer);
}

void finish_orphaning(ClusterAccess& access, const ObjectPtr& owner) {
  for (const ObjectPtr& object : dependents_of(access.cluster, *owner)) {
    Draft orphan = draft_of(*object);
    std::erase_if(orphan->owners.edit(), [&](const OwnerReference& reference) { return reference.uid == owner->uid; });
    access.put(std::move(orphan));
  }
  access.remove_finalizer(owner, kOrphanFinalizer);
}

void finish_namespace(ClusterAccess& access, const ObjectPtr& ns) {
  const bool empty = std::ranges::none_of(access.cluster.objects(),
                                          [&](const ObjectPtr& object) { return object->namespace_ == ns->name; });
  if (empty) access.remove_finalizer(ns, kNamespaceFinalizer);
}

// No kubelet will ever confirm the end of a pod whose node is gone.
void drop_pod(ClusterAccess& access, const ObjectPtr& pod) {
  ObjectPtr stored = pod;
  if (!is_finished(pod_status(*pod))) {
    Draft draft = draft_of(*pod);
    PodStatus& status = pod_status(*draft);
    status.phase = PodPhase::failed;
    status.container = ContainerState::terminated;
    status.restart_at.reset();
    stored = access.put_status(std::move(draft));
  }
  if (!stored->deletion_time) access.begin_deletion(stored, Propagation::background);
  else access.finish_deletion(stored);
}

void collect(ClusterAccess& access, const ObjectPtr& object) {
  if (lost_its_node(access.cluster, *object)) {
    drop_pod(access, object);
  } else if (!object->deletion_time) {
    access.begin_deletion(object, Propagation::background);
  } else if (has_finalizer(*object, kForegroundFinalizer)) {
    finish_foreground(access, object);
  } else if (has_finalizer(*object, kOrphanFinalizer)) {
    finish_orphaning(access, object);
  } else if (has_finalizer(*object, kNamespaceFinalizer)) {
    finish_namespace(access, object);
  }
}

bool needs_collecting(const Cluster& cluster, const Object& object, bool namespaces_terminate) {
  if (object.deletion_time) {
    return has_finalizer(object, kForegroundFinalizer) || has_finalizer(object, kOrphanFinalizer) ||
           has_finalizer(object, kNamespaceFinalizer) ||
           (lost_its_node(cluster, object) && !is_finished(pod_status(object)));
  }
  return lost_all_owners(cluster, object) || lost_its_node(cluster, object) ||
         (namespaces_terminate && in_terminating_namespace(cluster, object));
}

}  // namespace

void collect_garbage(ClusterAccess& access) {
  const bool namespaces_terminate = any_namespace_terminates(access.cluster);
  std::vector<ObjectPtr> found;
  for (const ObjectPtr& object : access.cluster.objects()) {
    if (needs_collecting(access.cluster, *object, namespaces_terminate)) found.push_back(object);
  }
  for (const ObjectPtr& object : found) {
    // Collecting one may have changed or taken another.
    const ObjectPtr stored = access.cluster.find(object->kind, object->namespace_, object->name);
    if (stored && stored->uid == object->uid) collect(access, stored);
  }
}

}  // namespace barnacle
