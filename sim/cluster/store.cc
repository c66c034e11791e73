// The store: a sorted vector of shared objects.
#include <algorithm>
#include <iterator>
#include <memory>
#include <span>
#include <tuple>

#include "sim/base/check.h"
#include "sim/cluster/access.h"

namespace barnacle {
namespace {

constexpr std::size_t kDeparted = 256;
constexpr std::size_t kDenials = 64;

bool is_called(const Object& object, std::string_view ns, std::string_view name) {
  return object.name == name && object.namespace_ == ns;
}

void start_status(Object& object, Time now) {
  switch (object.kind) {
    case Kind::pod: {
      PodStatus status;
      if (const auto* given = std::get_if<PodStatus>(&object.status)) status = *given;
      if (status.node.empty()) status.node = views_of(object).node_name;
      object.status = std::move(status);
      break;
    }
    case Kind::job:
      object.status = JobStatus{.succeeded = 0,
                                .failed = 0,
                                .condition = "",
                                .reason = "",
                                .next_pod_at = {},
                                .started = now,
                                .finished = {}};
      break;
    case Kind::daemon_set: object.status = DaemonSetStatus{}; break;
    case Kind::node:
      if (!std::holds_alternative<NodeStatus>(object.status)) object.status = NodeStatus{};
      break;
    default: object.status = std::monostate{}; break;
  }
}

ObjectPtr first_namespace(const char* name, std::uint64_t number) {
  Object object;
  object.kind = Kind::namespace_;
  object.name = name;
  object.uid = object.resource_version = object.creation_order = number;
  object.body = make_body(nlohmann::json::object());
  return std::make_shared<const Object>(std::move(object));
}

}  // namespace

Cluster::Cluster() {
  static const std::vector<ObjectPtr> kFirst{first_namespace("default", 1), first_namespace("kube-system", 2)};
  objects_ = kFirst;
  shift_kinds_behind(Kind::namespace_, std::ssize(kFirst));
  next_uid_ = next_resource_version_ = next_order_ = kFirst.size() + 1;
}

void Cluster::shift_kinds_behind(Kind kind, std::ptrdiff_t by) {
  for (std::size_t behind = static_cast<std::size_t>(kind) + 1; behind <= kKindCount; ++behind)
    kind_begin_[behind] += static_cast<std::size_t>(by);
}

// There are few of a kind: to compare all is quicker than to search.
const ObjectPtr& Cluster::find(Kind kind, std::string_view ns, std::string_view name) const {
  static const ObjectPtr kNone;
  for (const ObjectPtr& object : of_kind(kind)) {
    if (is_called(*object, ns, name)) return object;
  }
  return kNone;
}

std::vector<ObjectPtr> Cluster::all(Kind kind) const {
  const auto range = of_kind(kind);
  return {range.begin(), range.end()};
}

std::vector<ObjectPtr> Cluster::pods_of(const Object& owner) const {
  std::vector<ObjectPtr> pods;
  for (const ObjectPtr& pod : of_kind(Kind::pod)) {
    if (is_owned_by(*pod, owner)) pods.push_back(pod);
  }
  std::ranges::sort(pods, {}, [](const ObjectPtr& pod) { return pod->creation_order; });
  return pods;
}

std::vector<ObjectPtr>::iterator ClusterAccess::place_of(const Object& stored) {
  const std::span<const ObjectPtr> kind = cluster.of_kind(stored.kind);
  const auto found = std::ranges::find_if(
      kind, [&](const ObjectPtr& object) { return is_called(*object, stored.namespace_, stored.name); });
  check(found != kind.end() && (*found)->uid == stored.uid, "only a stored object is replaced or erased");
  return cluster.objects_.begin() + (&*found - cluster.objects_.data());
}

ObjectPtr ClusterAccess::insert(Draft draft) {
  Object& object = *draft;
  check(!cluster.find(object.kind, object.namespace_, object.name), "an object is inserted once");
  const auto key = [](const ObjectPtr& other) { return std::tie(other->namespace_, other->name); };
  const std::span<const ObjectPtr> kind = cluster.of_kind(object.kind);
  const auto behind = std::ranges::upper_bound(kind, std::tie(object.namespace_, object.name), {}, key);
  object.uid = cluster.next_uid_++;
  object.resource_version = cluster.next_resource_version_++;
  object.creation_order = cluster.next_order_++;
  object.generation = 1;
  object.created = cluster.now;
  object.deletion_time.reset();
  start_status(object, cluster.now);
  object.content_hash.forget();
  cluster.shift_kinds_behind(object.kind, 1);
  return *cluster.objects_.insert(cluster.objects_.begin() + (std::to_address(behind) - cluster.objects_.data()),
                                  std::move(draft));
}

ObjectPtr ClusterAccess::put(Draft draft) {
  draft->content_hash.forget();
  return put_status(std::move(draft));
}

ObjectPtr ClusterAccess::put_status(Draft draft) {
  const auto place = place_of(*draft);
  draft->resource_version = cluster.next_resource_version_++;
  *place = std::move(draft);
  return *place;
}

void ClusterAccess::erase(const Object& stored) {
  const auto place = place_of(stored);
  ++cluster.next_resource_version_;
  cluster.shift_kinds_behind(stored.kind, -1);
  if (stored.kind == Kind::pod) {
    if (cluster.departed_pods_.size() == kDeparted) cluster.departed_pods_.erase(cluster.departed_pods_.begin());
    cluster.departed_pods_.push_back(*place);
  }
  cluster.objects_.erase(place);
}

void ClusterAccess::note_denial(std::string text) {
  ++cluster.denial_count_;
  if (cluster.denied_.size() == kDenials) cluster.denied_.erase(cluster.denied_.begin());
  cluster.denied_.push_back(std::move(text));
}

bool has_finalizer(const Object& object, std::string_view finalizer) {
  return std::ranges::find(object.finalizers, finalizer) != object.finalizers.end();
}

bool is_owned_by(const Object& object, const Object& owner) {
  return std::ranges::any_of(object.owners,
                             [&](const OwnerReference& reference) { return reference.uid == owner.uid; });
}

const Object* owner_of(const Cluster& cluster, const OwnerReference& reference) {
  for (const ObjectPtr& object : cluster.of_kind(reference.kind)) {
    if (object->uid == reference.uid) return object.get();
  }
  return nullptr;
}

const Object* find_node(const Cluster& cluster, std::string_view name) {
  return cluster.find(Kind::node, "", name).get();
}

bool includes(const Strings& all, const Strings& wanted) {
  return std::ranges::all_of(wanted, [&](const auto& entry) {
    const auto found = all.find(entry.first);
    return found != all.end() && found->second == entry.second;
  });
}

}  // namespace barnacle
