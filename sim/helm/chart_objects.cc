#include "sim/helm/chart_objects.h"

#include <algorithm>
#include <utility>
#include "sim/cluster/json_read.h"

namespace barnacle {
namespace {

Object make_object(Kind kind, std::string ns, std::string name, BodyPtr body) {
  Object object;
  object.kind = kind;
  object.namespace_ = std::move(ns);
  object.name = std::move(name);
  object.body = std::move(body);
  return object;
}

Object make_object(Kind kind, std::string ns, std::string name, Json body) {
  return make_object(kind, std::move(ns), std::move(name), make_body(std::move(body)));
}

Json rule(std::string_view group, std::string_view resource, std::initializer_list<std::string_view> verbs) {
  Json rule = Json::object();
  rule["apiGroups"].push_back(group);
  rule["resources"].push_back(resource);
  rule["verbs"] = verbs;
  return rule;
}

Json rules_of(const ChartFacts& facts, PodRole role) {
  Json rules = Json::array();
  rules.push_back(rule("", "nodes", {"get", "patch"}));
  rules.push_back(
      rule("node.k8s.io", "runtimeclasses", {"create", "delete", "get", "list", "patch", "update", "watch"}));
  if (facts.feature_rules) {
    rules.push_back(rule("apiextensions.k8s.io", "customresourcedefinitions", {"get", "list"}));
    const std::string_view change = role == PodRole::install ? "create" : "delete";
    rules.push_back(rule("nfd.k8s-sigs.io", "nodefeaturerules", {change, "get", "list", "watch"}));
  }
  if (facts.may_list_daemon_sets) {
    rules.push_back(rule("apps", "daemonsets", {"get", "list", "watch"}));
  } else if (role == PodRole::cleanup) {
    rules.push_back(rule("apps", "daemonsets", {"list"}));
  }
  return rules;
}

std::string containerd_directory(const ChartContext& context) {
  const std::string distribution = text_at(context.values, "k8sDistribution");
  if (distribution == "rke2") return "/var/lib/rancher/rke2/agent/etc/containerd/";
  if (distribution == "k3s") return "/var/lib/rancher/k3s/agent/etc/containerd/";
  if (distribution == "k0s") return context.facts.k0s_directory;
  if (distribution == "microk8s" && context.facts.microk8s_directory) return "/var/snap/microk8s/current/args/";
  return "/etc/containerd/";
}

// {"name": …, key: value}: a list of braces would be copied level by level.
Json named(std::string_view name, const char* key, Json value) {
  Json entry = Json::object();
  entry["name"] = name;
  entry[key] = std::move(value);
  return entry;
}

Json host_path_volume(std::string_view name, std::string_view path) {
  Json host_path = Json::object();
  host_path["path"] = path;
  return named(name, "hostPath", std::move(host_path));
}

Json mount(std::string_view name, std::string_view path) { return named(name, "mountPath", path); }

Json environment(const ChartContext& context, PodRole role) {
  Json env = Json::array();
  env.push_back({{"name", "NODE_NAME"}, {"valueFrom", {{"fieldRef", {{"fieldPath", "spec.nodeName"}}}}}});
  for (auto& [name, value] : pod_environment(context.facts, context.environment, role))
    env.push_back(named(name, "value", std::move(value)));
  return env;
}

Json container(const ChartContext& context, PodRole role) {
  const bool install = role == PodRole::install;
  std::string tag = text_at(context.values, {"image", "tag"});
  if (tag.empty()) tag = context.facts.version;
  const std::string program = "/opt/kata-artifacts/scripts/kata-deploy.sh ";
  return {{"name", install ? "kube-kata" : "kube-kata-cleanup"},
          {"image", text_at(context.values, {"image", "reference"}) + ":" + tag},
          {"command", Json::array({"bash", "-c", program + (install ? "install" : "cleanup")})},
          {"env", environment(context, role)},
          {"securityContext", {{"privileged", true}}},
          {"volumeMounts", Json::array({mount("crio-conf", "/etc/crio/"), mount("containerd-conf", "/etc/containerd/"),
                                        mount("host", "/host/")})}};
}

// The parts that the DaemonSet's pods and the Job's have in common.
Json pod_spec(const ChartContext& context, PodRole role, const std::string& account) {
  return {{"serviceAccountName", account},
          {"hostPID", true},
          {"containers", Json::array({container(context, role)})},
          {"volumes", Json::array({host_path_volume("crio-conf", "/etc/crio/"),
                                   host_path_volume("containerd-conf", containerd_directory(context)),
                                   host_path_volume("host", "/")})}};
}

void copy_value(const ChartContext& context, std::string_view name, Json& spec) {
  const Values& value = value_at(context.values, {name});
  if (holds(value)) spec[std::string(name)] = value;
}

Object runtime_class(const ChartContext& context, std::string name, std::string handler, const ShimFacts& shim) {
  const bool gpu_tee = shim.name == "qemu-nvidia-gpu-snp" || shim.name == "qemu-nvidia-gpu-tdx";
  const std::string memory = gpu_tee ? context.facts.gpu_tee_memory : std::string(shim.memory);
  return make_object(Kind::runtime_class, "", std::move(name),
                     {{"handler", std::move(handler)},
                      {"overhead", {{"podFixed", {{"memory", memory}, {"cpu", shim.cpu}}}}},
                      {"scheduling", {{"nodeSelector", {{"katacontainers.io/kata-runtime", "true"}}}}}});
}

// env.defaultShim, else the default of the first architecture that has one.
std::string default_shim(const Values& values) {
  std::string shim = text_at(values, {"env", "defaultShim"});
  for (const Arch& arch : kArches) {
    if (shim.empty()) shim = text_at(values, {"defaultShim", arch.kubernetes});
  }
  return shim;
}

void add_default_runtime_class(const ChartContext& context, std::vector<Object>& objects) {
  if (!context.suffix.empty() || !holds(value_at(context.values, {"runtimeClasses", "createDefault"}))) return;
  const std::string shim_name = default_shim(context.values);
  const ShimFacts* shim = find_shim(shim_name);
  if (shim == nullptr || shim->memory.empty()) return;
  objects.push_back(
      runtime_class(context, text_at(context.values, {"runtimeClasses", "defaultName"}), "kata-" + shim_name, *shim));
}

BodyPtr role_body(const ChartFacts& facts, PodRole role) {
  Json body = Json::object();
  body["rules"] = rules_of(facts, role);
  return make_body(std::move(body));
}

}  // namespace

RoleBodies::RoleBodies(const ChartFacts& facts)
    : install(role_body(facts, PodRole::install)), cleanup(role_body(facts, PodRole::cleanup)) {}

Object service_account(const ChartContext& context, std::string name) {
  return make_object(Kind::service_account, context.namespace_, std::move(name), Json::object());
}

Object cluster_role(const ChartContext& context, std::string name, PodRole role) {
  const BodyPtr& body = role == PodRole::install ? context.roles.install : context.roles.cleanup;
  return make_object(Kind::cluster_role, "", std::move(name), body);
}

Object cluster_role_binding(const ChartContext& context, std::string name, const std::string& role,
                            const std::string& account) {
  const Json subject{{"kind", "ServiceAccount"}, {"name", account}, {"namespace", context.namespace_}};
  return make_object(Kind::cluster_role_binding, "", std::move(name),
                     {{"roleRef", {{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "ClusterRole"}, {"name", role}}},
                      {"subjects", Json::array({subject})}});
}

Object daemon_set(const ChartContext& context) {
  const std::string name = context.named("kata-deploy");
  Json spec = pod_spec(context, PodRole::install, context.named("kata-deploy-sa"));
  if (context.facts.node_selector) copy_value(context, "nodeSelector", spec);
  if (context.facts.tolerations) copy_value(context, "tolerations", spec);
  const Json labels{{"name", name}};
  return make_object(Kind::daemon_set, context.namespace_, name,
                     {{"spec",
                       {{"selector", {{"matchLabels", labels}}},
                        {"template", {{"metadata", {{"labels", labels}}}, {"spec", std::move(spec)}}},
                        {"updateStrategy", {{"type", "RollingUpdate"}, {"rollingUpdate", {{"maxUnavailable", 1}}}}}}}});
}

Object cleanup_job(const ChartContext& context) {
  Json pod = pod_spec(context, PodRole::cleanup, context.named("kata-deploy-sa") + "-cleanup");
  pod["restartPolicy"] = "Never";
  Json spec = Json::object();
  if (context.facts.clean_every_node) {
    // Neither a label taken away nor a taint put on since the installation may hide a node.
    spec["onePodPerNode"] = true;
    pod["tolerations"] = Json::array({{{"operator", "Exists"}}});
  } else {
    if (context.facts.node_selector_on_job) copy_value(context, "nodeSelector", pod);
    if (context.facts.tolerations) copy_value(context, "tolerations", pod);
  }
  spec["template"] = {{"metadata", {{"labels", {{"role", "cleanup"}}}}}, {"spec", std::move(pod)}};
  return make_object(Kind::job, context.namespace_, context.named("kata-deploy") + "-cleanup",
                     {{"spec", std::move(spec)}});
}

void add_runtime_classes(const ChartContext& context, std::vector<Object>& objects) {
  if (!context.facts.chart_runtime_classes || !holds(value_at(context.values, {"runtimeClasses", "enabled"}))) return;
  for (const std::string& shim_name : runtime_class_shims(context.facts, context.values)) {
    const ShimFacts* shim = find_shim(shim_name);
    if (shim == nullptr || shim->memory.empty()) continue;
    const std::string handler = context.named("kata-" + shim_name);
    objects.push_back(runtime_class(context, handler, handler, *shim));
  }
  add_default_runtime_class(context, objects);
}

}  // namespace barnacle
