// The canonical hash: what decides the future counts, and nothing else.
#include <algorithm>

#include "sim/cluster/access.h"

namespace barnacle {
namespace {

void add_strings(Hasher& hasher, const Strings& strings) {
  hasher.add(static_cast<std::uint64_t>(strings.size()));
  for (const auto& [key, value] : strings) hasher.add(key).add(value);
}

void add_flag(Hasher& hasher, bool flag) { hasher.add(std::uint64_t{flag ? 1U : 0U}); }
void add_number(Hasher& hasher, std::int64_t number) { hasher.add(static_cast<std::uint64_t>(number)); }

// Remaining time; what is due is due, however long.
void add_timer(Hasher& hasher, std::optional<Time> at, Time now) {
  add_number(hasher, at ? std::max<Time>(*at - now, 0) : -1);
}

bool counts_restarts(const Cluster& cluster, const Object& pod) {
  if (pod_spec_of(pod)->restart_policy != "OnFailure" || pod.owners.empty()) return false;
  return pod.owners.front().kind == Kind::job && owner_of(cluster, pod.owners.front()) != nullptr;
}

void add_status(Hasher& hasher, const Cluster& cluster, const Object& pod, const PodStatus& status) {
  hasher.add(status.node).add(status.pod_template_hash.text());
  hasher.add(static_cast<std::uint64_t>(status.phase) * 16 + static_cast<std::uint64_t>(status.container));
  add_flag(hasher, status.settled);
  add_flag(hasher, status.stuck);
  // How often it started matters where a Job counts restarts; otherwise only whether it ever did.
  add_number(hasher, counts_restarts(cluster, pod) ? status.starts : std::min(status.starts, 1));
  if (is_finished(status)) return;
  const bool running = status.container == ContainerState::running;
  const Time age = cluster.now - status.started_at;
  const bool forgiven = running && age >= kForgivenAfter;
  add_timer(hasher, status.restart_at, cluster.now);
  add_number(hasher, forgiven ? 0 : status.back_off_s);
  if (running && status.back_off_s > 0) add_number(hasher, std::min(age, kForgivenAfter));
}

void add_last_exit(Hasher& hasher, const PodStatus& status) {
  if (status.exits.empty()) return;
  add_number(hasher, status.exits.back().exit_code);
  add_flag(hasher, status.exits.back().refused);
}

void add_status(Hasher& hasher, const Cluster& cluster, const Object& job, const JobStatus& status) {
  add_number(hasher, status.succeeded);
  add_number(hasher, status.failed);
  hasher.add(status.condition).add(status.reason);
  const JobSpec& spec = views_of(job).job;
  if (!status.condition.empty()) {
    if (spec.ttl_s && status.finished) add_timer(hasher, *status.finished + *spec.ttl_s, cluster.now);
    return;
  }
  add_timer(hasher, status.next_pod_at, cluster.now);
  if (spec.active_deadline_s) add_timer(hasher, status.started + *spec.active_deadline_s, cluster.now);
  if (!spec.one_pod_per_node) return;
  for (const ObjectPtr& node : cluster.of_kind(Kind::node))
    add_timer(hasher, next_pod_on_node(cluster, job, node->name), cluster.now);
}

void add_status(Hasher& hasher, const Cluster& cluster, const NodeStatus& status) {
  hasher.add(status.runtime_version);
  add_flag(hasher, status.ready);
  add_timer(hasher, status.posts_at, cluster.now);
}

void add_object(Hasher& hasher, const Cluster& cluster, const Object& object) {
  hasher.add(content_hash(object));
  add_flag(hasher, object.deletion_time.has_value());
  for (const OwnerReference& owner : object.owners) add_flag(hasher, owner_of(cluster, owner) != nullptr);
  if (const auto* pod = std::get_if<PodStatus>(&object.status)) {
    add_status(hasher, cluster, object, *pod);
    add_last_exit(hasher, *pod);
  } else if (const auto* job = std::get_if<JobStatus>(&object.status)) {
    add_status(hasher, cluster, object, *job);
  } else if (const auto* node = std::get_if<NodeStatus>(&object.status)) {
    add_status(hasher, cluster, *node);
  } else if (const auto* set = std::get_if<DaemonSetStatus>(&object.status)) {
    add_flag(hasher, set->observed_generation == object.generation);
  }
}

void add_pods(Hasher& hasher, const Cluster& cluster) {
  std::vector<const Object*> pods;
  for (const ObjectPtr& pod : cluster.of_kind(Kind::pod)) pods.push_back(pod.get());
  std::ranges::sort(pods, [](const Object* a, const Object* b) { return canonical_before(*a, *b); });
  for (const Object* pod : pods) add_object(hasher, cluster, *pod);
}

}  // namespace

Hash128 content_hash(const Object& object) {
  return object.content_hash.ask([&] { return hash_of_content(object); });
}

Hash128 hash_of_content(const Object& object) {
  Hasher hasher;
  hasher.add(static_cast<std::uint64_t>(object.kind)).add(object.namespace_);
  hasher.add(object.kind == Kind::pod ? base_name(object) : std::string_view(object.name));
  add_strings(hasher, object.labels);
  add_strings(hasher, object.annotations);
  hasher.add(static_cast<std::uint64_t>(object.owners.size()));
  for (const OwnerReference& owner : object.owners) hasher.add(static_cast<std::uint64_t>(owner.kind)).add(owner.name);
  hasher.add(static_cast<std::uint64_t>(object.finalizers.size()));
  for (const std::string& finalizer : object.finalizers) hasher.add(finalizer);
  if (object.field_owners) hasher.add(hash_of(*object.field_owners));
  return hasher.add(object.body->hash).add(object.payload_hash).finish();
}

Hash128 Cluster::hash() const {
  Hasher hasher;
  // Kubelets post at multiples of ten seconds.
  add_number(hasher, now % 10);
  hasher.add(static_cast<std::uint64_t>(objects_.size()));
  for (const ObjectPtr& object : objects_) {
    if (object->kind != Kind::pod) add_object(hasher, *this, *object);
  }
  add_pods(hasher, *this);
  return hasher.finish();
}

}  // namespace barnacle
