#include "harness/engine/operations.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/text.h"

namespace barnacle {
namespace {

struct Operation {
  Lab& lab;
  World& world;
  WorldMachines& machines;
  const VersionPtr& subject;
  const Step& step;
  StepRecord& record;

  // Nothing there to act on: the step changes nothing, and says so.
  void skip(std::string why) const {
    record.applied = false;
    record.message = std::move(why);
  }
};

ChartPtr chart_of(const Operation& op) {
  if (op.step.version.empty()) return op.subject->chart;
  const VersionPtr version = op.lab.catalogue.versions.find(op.step.version);
  return version ? version->chart : op.subject->chart;
}

// By the model, or by the real client.
template <class Model>
void run_helm(const Operation& op, const Model& model) {
  HelmResult result;
  if (op.lab.tier) {
    result = op.lab.tier->helm(op.world.cluster, op.machines, op.step, op.world.helm);
  } else {
    Helm helm(op.world.cluster, op.machines, op.world.helm);
    result = model(helm);
  }
  op.record.exit_status = result.exit_status;
  op.record.refused = result.refused;
  op.record.message = std::move(result.message);
}

void install(const Operation& op) {
  run_helm(op, [&](Helm& helm) {
    return helm.install(op.step.release, op.step.namespace_, chart_of(op), op.step.values.value_or(Values::object()),
                        op.step.options);
  });
}

void upgrade(const Operation& op) {
  const Values* values = op.step.values ? &*op.step.values : nullptr;
  run_helm(op, [&](Helm& helm) {
    return helm.upgrade(op.step.release, op.step.namespace_, chart_of(op), values, op.step.options);
  });
}

void rollback(const Operation& op) {
  run_helm(op, [&](Helm& helm) {
    return helm.rollback(op.step.release, op.step.namespace_, op.step.revision, op.step.options);
  });
}

// The documented pre-condition of an uninstall: workloads of the release are ended first.
void end_workloads(const Operation& op) {
  for (const Workload& workload : op.world.workloads) {
    if (workload.release != op.step.release) continue;
    (void)op.world.cluster.remove({}, Kind::pod, "default", workload.pod);
  }
  std::erase_if(op.world.workloads, [&](const Workload& workload) { return workload.release == op.step.release; });
}

void uninstall(const Operation& op) {
  end_workloads(op);
  run_helm(op, [&](Helm& helm) { return helm.uninstall(op.step.release, op.step.namespace_, op.step.options); });
}

void restart_pod(const Operation& op) {
  int deleted = 0;
  for (const ObjectPtr& daemon_set : op.world.cluster.all(Kind::daemon_set)) {
    if (release_of(*daemon_set) != op.step.release || daemon_set->namespace_ != op.step.namespace_) continue;
    for (const ObjectPtr& pod : op.world.cluster.all(Kind::pod)) {
      const bool owned = !pod->owners.empty() && pod->owners.front().uid == daemon_set->uid;
      const auto& status = std::get<PodStatus>(pod->status);
      if (!owned || (!op.step.node.empty() && status.node != op.step.node)) continue;
      if (op.world.cluster.remove({}, Kind::pod, pod->namespace_, pod->name)) ++deleted;
    }
  }
  if (deleted == 0) op.skip("the release has no pod there");
}

bool require_node(const Operation& op) {
  if (op.world.find_node(op.step.node) != nullptr) return true;
  op.skip(fmt::format("there is no node '{}'", op.step.node));
  return false;
}

template <class Change>
HostPtr changed(const HostPtr& host, const Change& change) {
  Host copy = host->host;
  change(copy);
  return freeze(std::move(copy));
}

void reboot_node(const Operation& op) {
  if (!require_node(op)) return;
  NodeHost& node = *op.world.find_node(op.step.node);
  node.host = changed(node.host, [&](Host& host) { reboot(host, op.world.cluster.now); });
  op.world.cluster.node_rebooted(node.name);
}

void cordon_node(const Operation& op) {
  if (require_node(op)) op.world.cluster.set_unschedulable(op.step.node, !op.step.uncordon);
}

void add_node(const Operation& op) {
  const HostPtr host = host_of_kind(op.lab, op.step.host);
  if (!host) return op.skip(fmt::format("host '{}' cannot be made", op.step.host));
  if (op.world.find_node(op.step.node) != nullptr)
    return op.skip(fmt::format("node '{}' is there already", op.step.node));
  op.world.nodes.push_back({op.step.node, op.step.host, host, host});
  std::ranges::sort(op.world.nodes, {}, &NodeHost::name);
  op.world.cluster.add_node(op.step.node, host->host.runtime.text(), op.step.node_labels);
}

void remove_node(const Operation& op) {
  if (!require_node(op)) return;
  std::erase_if(op.world.nodes, [&](const NodeHost& node) { return node.name == op.step.node; });
  std::erase_if(op.world.workloads, [&](const Workload& workload) { return workload.node == op.step.node; });
  op.world.cluster.remove_node(op.step.node);
}

// The same name, a new disk: whatever was on it is gone; the runtime is that of the image.
void reimage_node(const Operation& op) {
  if (!require_node(op)) return;
  NodeHost& node = *op.world.find_node(op.step.node);
  node.host = host_of_kind(op.lab, node.kind);
  node.baseline = node.host;
  op.world.served.erase(node.name);
  std::erase_if(op.world.workloads, [&](const Workload& workload) { return workload.node == node.name; });
  op.world.cluster.set_runtime_version(node.name, node.host->host.runtime.text());
  op.world.cluster.node_rebooted(node.name);
}

void run_workload(const Operation& op) {
  Object pod;
  pod.kind = Kind::pod;
  pod.namespace_ = "default";
  pod.name = fmt::format("workload-{}", ++op.world.created_workloads);
  nlohmann::json spec = {
      {"runtimeClassName", op.step.handler},
      {"restartPolicy", "Always"},
      {"containers", nlohmann::json::array({{{"name", "work"}, {"image", "registry.example/work:1"}}})}};
  if (!op.step.node.empty()) spec["nodeName"] = op.step.node;
  pod.body = make_body({{"spec", spec}});
  const auto created = op.world.cluster.create({}, std::move(pod));
  if (!created) op.skip(created.error().message);
}

std::string edited(std::string text, const HostEdit& edit) {
  if (edit.kind == HostEditKind::append_line) {
    if (!text.empty() && text.back() != '\n') text.push_back('\n');
    return text + edit.text + "\n";
  }
  const std::size_t at = text.find(edit.replaces);
  if (at != std::string::npos && !edit.replaces.empty()) text.replace(at, edit.replaces.size(), edit.text);
  return text;
}

void apply_edit_to(Host& host, const HostEdit& edit, Time now) {
  FileTree& files = host.files;
  if (edit.kind == HostEditKind::remove_file) {
    (void)files.unlink(edit.path, now);
    return;
  }
  (void)files.make_directories(parent_path(edit.path), now);
  const auto present = files.read(edit.path);
  const std::string before = present ? (*present)->bytes : "";
  const std::string after = edit.kind == HostEditKind::write_file ? edit.text : edited(before, edit);
  if (after != before || !present) (void)files.write(edit.path, after, now);
}

// An operator edits his host, and restarts the runtime where he changed its configuration.
void edit_host(const Operation& op) {
  if (!require_node(op)) return;
  NodeHost& node = *op.world.find_node(op.step.node);
  const HostEdit& edit = op.step.host_edit;
  const bool configures_runtime = edit.path.starts_with("/etc/containerd/") || edit.path.starts_with("/etc/crio/");
  const Time today = op.lab.catalogue.versions.file_date(op.world.cluster.now);
  for (HostPtr* host : {&node.host, &node.baseline}) {
    *host = changed(*host, [&](Host& copy) {
      apply_edit_to(copy, edit, today);
      if (configures_runtime) (void)systemctl(copy, "restart", copy.runtime.unit(), op.world.cluster.now);
    });
  }
}

// What kubectl sends for an operator, and as whom.
struct Hand {
  const char* manager = "";
  nlohmann::json patch = {};
};

Hand hand_of(const ClusterEdit& edit, Time now) {
  switch (edit.kind) {
    case ClusterEditKind::label: return {"kubectl-label", {{"metadata", {{"labels", {{edit.key, edit.value}}}}}}};
    case ClusterEditKind::set: {
      Hand hand{"kubectl-edit"};
      nlohmann::json* place = &hand.patch;
      for (const std::string& name : split(edit.key, '.')) place = &(*place)[name];
      const auto read = nlohmann::json::parse(edit.value, nullptr, false);
      *place = read.is_number() || read.is_boolean() ? read : nlohmann::json(edit.value);
      return hand;
    }
    default: break;
  }
  const nlohmann::json annotations = {{"kubectl.kubernetes.io/restartedAt", fmt::format("{}", now)}};
  return {"kubectl-rollout", {{"spec", {{"template", {{"metadata", {{"annotations", annotations}}}}}}}}};
}

void edit_cluster(const Operation& op) {
  const ClusterEdit& edit = op.step.cluster_edit;
  const auto kind = kind_from_name(edit.object_kind);
  const std::string ns = edit.namespace_.empty() ? op.step.namespace_ : edit.namespace_;
  Cluster& cluster = op.world.cluster;
  if (!kind || !cluster.find(*kind, is_namespaced(*kind) ? ns : "", edit.name)) {
    return op.skip(fmt::format("there is no {} '{}'", edit.object_kind, edit.name));
  }
  const std::string where = is_namespaced(*kind) ? ns : "";
  if (edit.kind == ClusterEditKind::remove) {
    (void)cluster.remove({}, *kind, where, edit.name);
    return;
  }
  const Hand hand = hand_of(edit, cluster.now);
  const auto patched =
      cluster.merge_patch({.namespace_ = {}, .name = {}, .manager = hand.manager}, *kind, where, edit.name, hand.patch);
  if (!patched) op.skip(patched.error().message);
}

void change_runtime(const Operation& op) {
  if (!require_node(op)) return;
  const auto runtime = RuntimeVersion::parse(op.step.runtime);
  if (!runtime) return op.skip(fmt::format("'{}' is no runtime", op.step.runtime));
  NodeHost& node = *op.world.find_node(op.step.node);
  if (runtime->family != node.host->host.runtime.family)
    return op.skip("a node does not change the family of its runtime");
  node.host = with_runtime(node.host, *runtime);
  node.baseline = with_runtime(node.baseline, *runtime);
  op.world.cluster.set_runtime_version(node.name, runtime->text());
  op.world.cluster.node_rebooted(node.name);
}

using Operate = void (*)(const Operation&);

// One row per kind of step.
struct Row {
  StepKind kind;
  Operate operate;
};
constexpr Row kOperations[] = {
    {StepKind::install, install},           {StepKind::upgrade, upgrade},
    {StepKind::rollback, rollback},         {StepKind::uninstall, uninstall},
    {StepKind::restart_pod, restart_pod},   {StepKind::reboot_node, reboot_node},
    {StepKind::cordon_node, cordon_node},   {StepKind::add_node, add_node},
    {StepKind::remove_node, remove_node},   {StepKind::reimage_node, reimage_node},
    {StepKind::run_workload, run_workload}, {StepKind::edit_host, edit_host},
    {StepKind::edit_cluster, edit_cluster}, {StepKind::change_runtime, change_runtime},
};

}  // namespace

HostPtr with_runtime(const HostPtr& host, const RuntimeVersion& runtime) {
  return changed(host, [&](Host& copy) {
    copy.runtime = runtime;
    reboot(copy, 0);
  });
}

void operate(Lab& lab, World& world, WorldMachines& machines, const VersionPtr& subject, const Step& step,
             StepRecord& record) {
  const Operation operation{lab, world, machines, subject, step, record};
  std::ranges::find(kOperations, step.kind, &Row::kind)->operate(operation);
}

}  // namespace barnacle
