// Machines come, go, are cordoned and reboot.
#include "sim/base/check.h"
#include "sim/cluster/access.h"
#include "sim/cluster/json_read.h"

namespace barnacle {
namespace {

// A pod that may not restart its container has failed; in all others it starts at once, as a kubelet that has just come
// up remembers no back-off.
void stop_without_a_word(ClusterAccess& access, const ObjectPtr& pod) {
  if (is_finished(pod_status(*pod))) return;
  Draft draft = draft_of(*pod);
  PodStatus& status = pod_status(*draft);
  const bool ran = status.container == ContainerState::running;
  status.settled = status.stuck = false;
  status.restart_at.reset();
  status.back_off_s = 0;
  status.container = ContainerState::waiting;
  if (ran && pod_spec_of(*pod)->restart_policy == "Never") {
    status.exits.edit().push_back({137, "", false, access.now()});
    status.container = ContainerState::terminated;
    status.phase = PodPhase::failed;
  }
  if (status == pod_status(*pod)) return;
  access.finish_deletion(access.put_status(std::move(draft)));
}

ObjectPtr existing_node(const Cluster& cluster, std::string_view name) {
  ObjectPtr node = cluster.find(Kind::node, "", name);
  check(node != nullptr, "the node exists");
  return node;
}

}  // namespace

void Cluster::add_node(std::string_view name, std::string_view runtime_version, Strings labels) {
  static const BodyPtr kPlainNode = make_body({{"spec", Json::object()}});
  check(find(Kind::node, "", name) == nullptr, "a node is added once");
  const auto node = std::make_shared<Object>();
  node->kind = Kind::node;
  node->name = name;
  labels.try_emplace("kubernetes.io/hostname", name);
  labels.try_emplace("kubernetes.io/os", "linux");
  node->labels = std::move(labels);
  node->body = kPlainNode;
  node->status = NodeStatus{std::string(runtime_version), true, {}};
  ClusterAccess(*this).insert(node);
}

void Cluster::remove_node(std::string_view name) {
  ClusterAccess access(*this);
  access.erase(*existing_node(*this, name));
  collect_garbage(access);
}

void Cluster::set_unschedulable(std::string_view name, bool cordoned) {
  const ObjectPtr node = existing_node(*this, name);
  if (views_of(*node).unschedulable == cordoned) return;
  Json body = node->json();
  if (cordoned) body["spec"]["unschedulable"] = true;
  else body["spec"].erase("unschedulable");
  Draft draft = draft_of(*node);
  draft->body = make_body(std::move(body));
  ++draft->generation;
  ClusterAccess(*this).put(std::move(draft));
}

void Cluster::set_runtime_version(std::string_view name, std::string_view text) {
  const ObjectPtr node = existing_node(*this, name);
  if (node_status(*node).runtime_version == text) return;
  Draft draft = draft_of(*node);
  node_status(*draft).runtime_version = text;
  ClusterAccess(*this).put_status(std::move(draft));
}

void Cluster::node_rebooted(std::string_view node) {
  ClusterAccess access(*this);
  for (const ObjectPtr& pod : all(Kind::pod)) {
    if (pod_status(*pod).node == node) stop_without_a_word(access, pod);
  }
}

}  // namespace barnacle
