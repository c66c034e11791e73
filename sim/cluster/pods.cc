// What the controllers of pods share.
#include <algorithm>
#include <tuple>

#include "sim/cluster/access.h"

namespace barnacle {
namespace {

// Letters and digits as the API server draws them, without those that could spell a word.
constexpr std::string_view kSuffixLetters = "bcdfghjklmnpqrstvwxz2456789";
constexpr std::size_t kSuffixLength = 5;

void append_suffix(std::string& name, std::uint64_t order) {
  std::uint64_t bits = Hasher().add(order).finish().low;
  for (std::size_t i = 0; i < kSuffixLength; ++i, bits /= kSuffixLetters.size())
    name += kSuffixLetters[bits % kSuffixLetters.size()];
}

std::string generated_name(const ClusterAccess& access, const Object& owner) {
  for (std::uint64_t draw = access.next_order();; draw += 0x100000000ULL) {
    std::string name;
    name.reserve(owner.name.size() + 1 + kSuffixLength);
    append_suffix(name.append(owner.name).append("-"), draw);
    if (!access.cluster.find(Kind::pod, owner.namespace_, name)) return name;
  }
}

// DaemonSet pods tolerate these without saying so: node agents must run where nothing else does.
bool tolerated_by_daemons(std::string_view key) {
  return key == "node.kubernetes.io/not-ready" || key == "node.kubernetes.io/unreachable" ||
         key == "node.kubernetes.io/unschedulable" || key == "node.kubernetes.io/disk-pressure" ||
         key == "node.kubernetes.io/memory-pressure" || key == "node.kubernetes.io/pid-pressure";
}

bool tolerates_taint(const Toleration& toleration, const Taint& taint) {
  if (!toleration.effect.empty() && toleration.effect != taint.effect) return false;
  if (toleration.key.empty()) return toleration.operation == "Exists";
  if (toleration.key != taint.key) return false;
  return toleration.operation == "Exists" || toleration.value == taint.value;
}

bool tolerates_taint(const PodSpec& spec, const Taint& taint) {
  return std::ranges::any_of(spec.tolerations,
                             [&](const Toleration& toleration) { return tolerates_taint(toleration, taint); });
}

std::tuple<std::string_view, std::string_view, int, std::string_view, std::uint64_t> canonical_key(const Object& pod) {
  const int owner = pod.owners.empty() ? 255 : static_cast<int>(pod.owners.front().kind);
  const std::string_view name = pod.owners.empty() ? base_name(pod) : std::string_view(pod.owners.front().name);
  return {pod_status(pod).node, pod.namespace_, owner, name, pod.creation_order};
}

}  // namespace

std::vector<Taint> Cluster::taints_of(const Object& node) {
  std::vector<Taint> taints = views_of(node).taints;
  if (views_of(node).unschedulable) taints.push_back({"node.kubernetes.io/unschedulable", "", "NoSchedule"});
  if (!node_status(node).ready) taints.push_back({"node.kubernetes.io/not-ready", "", "NoSchedule"});
  return taints;
}

bool tolerates(const PodSpec& spec, const Object& node, bool as_daemon, bool no_execute_only) {
  const BodyViews& views = views_of(node);
  // Nearly all nodes are like this, and controllers ask all the time. What the control plane taints, daemons tolerate.
  if (views.taints.empty() && (as_daemon || (!views.unschedulable && node_status(node).ready))) return true;
  for (const Taint& taint : Cluster::taints_of(node)) {
    if (taint.effect == "PreferNoSchedule" || (no_execute_only && taint.effect != "NoExecute")) continue;
    if (as_daemon && tolerated_by_daemons(taint.key)) continue;
    if (!tolerates_taint(spec, taint)) return false;
  }
  return true;
}

bool has_generated_name(const Object& pod) {
  return pod.kind == Kind::pod && !pod_status(pod).pod_template_hash.empty();
}

std::string_view base_name(const Object& pod) {
  const std::string_view name = pod.name;
  return has_generated_name(pod) ? name.substr(0, name.size() - kSuffixLength - 1) : name;
}

bool canonical_before(const Object& pod, const Object& other) { return canonical_key(pod) < canonical_key(other); }

bool create_pod(ClusterAccess& access, const Object& owner, std::string_view node, const Strings& extra_labels,
                std::vector<std::string> finalizers) {
  const PodTemplate& pod_template = *views_of(owner).pod_template;
  if (!service_account_lives(access.cluster, owner.namespace_, pod_template.spec->service_account)) return false;
  const auto pod = std::make_shared<Object>();
  pod->kind = Kind::pod;
  pod->namespace_ = owner.namespace_;
  pod->name = generated_name(access, owner);
  pod->labels = pod_template.labels;
  if (!extra_labels.empty()) pod->labels.edit().insert(extra_labels.begin(), extra_labels.end());
  pod->annotations = pod_template.annotations;
  pod->owners.edit().push_back({owner.kind, owner.name, owner.uid});
  pod->finalizers = std::move(finalizers);
  pod->body = pod_template.pod_body;
  PodStatus& status = pod->status.emplace<PodStatus>();
  status.node = node;
  status.pod_template_hash = pod_template.hash;
  access.insert(pod);
  return true;
}

}  // namespace barnacle
