// Reads the JSON of a PodSpec. One container is all that the charts here have; of several, the first counts.
#include "sim/cluster/json_read.h"
#include "sim/cluster/views.h"

namespace barnacle {
namespace {

Strings read_environment(const Json& container) {
  Strings environment;
  for (const Json& variable : elements_at(container, "env")) {
    const std::string field = text_at(at(at(variable, "valueFrom"), "fieldRef"), "fieldPath");
    environment[text_at(variable, "name")] = field.empty() ? text_at(variable, "value") : "fieldRef:" + field;
  }
  return environment;
}

std::vector<std::string> read_host_paths(const Json& spec) {
  std::vector<std::string> paths;
  for (const Json& volume : elements_at(spec, "volumes")) {
    const Json& host_path = at(volume, "hostPath");
    const std::string type = text_at(host_path, "type");
    if (host_path.is_object() && (type.empty() || type == "DirectoryOrCreate"))
      paths.push_back(text_at(host_path, "path"));
  }
  return paths;
}

std::vector<Toleration> read_tolerations(const Json& spec) {
  std::vector<Toleration> tolerations;
  for (const Json& toleration : elements_at(spec, "tolerations")) {
    const std::string operation = text_at(toleration, "operator");
    tolerations.push_back({text_at(toleration, "key"), operation.empty() ? "Equal" : operation,
                           text_at(toleration, "value"), text_at(toleration, "effect")});
  }
  return tolerations;
}

Hash128 hash_of(const Strings& strings) {
  Hasher hasher;
  for (const auto& [key, value] : strings) hasher.add(key).add(value);
  return hasher.finish();
}

}  // namespace

PodSpec read_pod_spec(const Json& spec) {
  PodSpec read;
  const Json::array_t& containers = elements_at(spec, "containers");
  if (!containers.empty()) {
    const Json& container = containers.front();
    read.container = text_at(container, "name");
    read.image = text_at(container, "image");
    read.command = texts_at(container, "command");
    for (std::string& argument : texts_at(container, "args")) read.command.push_back(std::move(argument));
    read.env = read_environment(container);
    read.readiness_probe = at(container, "readinessProbe").is_object();
  }
  read.host_paths = read_host_paths(spec);
  read.service_account = text_at(spec, "serviceAccountName");
  if (read.service_account.empty()) read.service_account = text_at(spec, "serviceAccount");
  read.restart_policy = text_at(spec, "restartPolicy");
  if (read.restart_policy.empty()) read.restart_policy = "Always";
  read.runtime_class = text_at(spec, "runtimeClassName");
  read.node_selector = strings_at(spec, "nodeSelector");
  read.tolerations = read_tolerations(spec);
  read.termination_grace_s = static_cast<int>(number_at(spec, "terminationGracePeriodSeconds").value_or(30));
  read.host_pid = flag_at(spec, "hostPID");
  read.env_hash = hash_of(read.env);
  return read;
}

const PodSpec* pod_spec_of(const Object& object) {
  const BodyViews& views = *object.body->views;
  if (object.kind == Kind::pod) return views.pod.get();
  return views.pod_template ? views.pod_template->spec.get() : nullptr;
}

}  // namespace barnacle
