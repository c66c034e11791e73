#include "harness/live/tier/container.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "sim/cluster/json_read.h"

namespace barnacle {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kKubeconfig = "/run/barnacle/kubeconfig";

// metadata.labels['x']
std::string keyed(const Strings& strings, std::string_view path) {
  const std::size_t open = path.find('\'');
  const std::size_t close = path.rfind('\'');
  if (open == std::string_view::npos || close <= open) return "";
  const auto found = strings.find(std::string(path.substr(open + 1, close - open - 1)));
  return found == strings.end() ? "" : found->second;
}

std::string downward(const Object& pod, const std::string& path) {
  const auto& status = std::get<PodStatus>(pod.status);
  if (path == "spec.nodeName" || path == "status.hostIP") return path == "status.hostIP" ? "127.0.0.1" : status.node;
  if (path == "metadata.name") return pod.name;
  if (path == "metadata.namespace") return pod.namespace_;
  if (path == "metadata.uid") return fmt::format("{:08x}-0000-4000-8000-000000000000", pod.uid);
  if (path == "status.podIP") return "127.0.0.1";
  if (path == "spec.serviceAccountName") return text_at(at(pod.json(), "spec"), "serviceAccountName");
  if (path.starts_with("metadata.labels")) return keyed(pod.labels, path);
  if (path.starts_with("metadata.annotations")) return keyed(pod.annotations, path);
  return "";
}

// A key of a ConfigMap or Secret.
std::string referenced(const Cluster& cluster, Kind kind, const std::string& ns, const json& reference) {
  const ObjectPtr object = cluster.find(kind, ns, text_at(reference, "name"));
  return object ? text_at(at(object->json(), "data"), text_at(reference, "key").c_str()) : "";
}

// $(NAME) of an earlier variable.
std::string expanded(std::string value, const std::map<std::string, std::string>& env) {
  for (std::size_t at = value.find("$("); at != std::string::npos; at = value.find("$(", at + 1)) {
    const std::size_t end = value.find(')', at);
    if (end == std::string::npos) break;
    const auto found = env.find(value.substr(at + 2, end - at - 2));
    if (found != env.end()) value.replace(at, end + 1 - at, found->second);
  }
  return value;
}

std::map<std::string, std::string> environment_of(const Object& pod, const json& container, const Cluster& cluster) {
  std::map<std::string, std::string> env;
  for (const json& one : elements_at(container, "env")) {
    const json& source = at(one, "valueFrom");
    const std::string name = text_at(one, "name");
    if (!at(source, "fieldRef").is_null()) env[name] = downward(pod, text_at(source["fieldRef"], "fieldPath"));
    else if (!at(source, "configMapKeyRef").is_null())
      env[name] = referenced(cluster, Kind::config_map, pod.namespace_, source["configMapKeyRef"]);
    else env[name] = expanded(text_at(one, "value"), env);
  }
  return env;
}

std::expected<void, std::string> write_whole(const fs::path& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary);
  out << text;
  out.close();
  if (!out) return std::unexpected(fmt::format("{}: cannot be written", file.string()));
  fs::permissions(file,
                  fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read | fs::perms::others_read);
  return {};
}

std::string kubeconfig(const Object& pod, std::uint16_t port) {
  return fmt::format(
      "apiVersion: v1\nkind: Config\nclusters:\n- name: simulated\n  cluster:\n"
      "    server: http://127.0.0.1:{}/_as/system:serviceaccount:{}:{}\n"
      "contexts:\n- name: pod\n  context: {{cluster: simulated, user: pod, namespace: {}}}\n"
      "current-context: pod\nusers:\n- name: pod\n  user: {{}}\n",
      port, pod.namespace_, account_of(pod).name, pod.namespace_);
}

class ContainerBuilder {
 public:
  ContainerBuilder(const Object& pod, const Cluster& cluster, const ContainerPlace& place)
      : pod_(pod), cluster_(cluster), place_(place), pod_spec_(at(pod.json(), "spec")) {}

  std::expected<SandboxSpec, std::string> build() {
    const json& container = at(pod_spec_, "containers").at(0);
    spec_.node = place_.node;
    spec_.argv = texts_at(container, "command");
    std::ranges::copy(texts_at(container, "args"), std::back_inserter(spec_.argv));
    spec_.env = environment_of(pod_, container, cluster_);
    spec_.env["HOME"] = "/root";
    spec_.env["KUBECONFIG"] = kKubeconfig;
    spec_.env["KUBERNETES_SERVICE_HOST"] = "127.0.0.1";
    spec_.env["KUBERNETES_SERVICE_PORT"] = std::to_string(place_.api_port);
    spec_.hostname = pod_.name;
    spec_.host_pid = flag_at(pod_spec_, "hostPID");
    spec_.api_port = place_.api_port;
    if (const std::string cwd = text_at(container, "workingDir"); !cwd.empty()) spec_.cwd = cwd;
    for (const json& mount : elements_at(container, "volumeMounts")) {
      if (auto added = add_mount(mount); !added) return std::unexpected(added.error());
    }
    if (auto done = add_file(kKubeconfig, "kubeconfig", kubeconfig(pod_, place_.api_port)); !done)
      return std::unexpected(done.error());
    return std::move(spec_);
  }

 private:
  using Done = std::expected<void, std::string>;

  Done add_file(const std::string& at, const std::string& name, const std::string& text) {
    const fs::path file = place_.volumes / name;
    if (Done done = write_whole(file, text); !done) return done;
    spec_.mounts.push_back({.at = at, .from = file, .read_only = true});
    return {};
  }

  Done add_mount(const json& mount) {
    const std::string name = text_at(mount, "name");
    const auto& volumes = elements_at(pod_spec_, "volumes");
    const auto volume = std::ranges::find_if(volumes, [&](const json& one) { return text_at(one, "name") == name; });
    if (volume == volumes.end()) return std::unexpected(fmt::format("volume {} is not in the pod", name));
    const bool read_only = flag_at(mount, "readOnly");
    auto from = source_of(*volume);
    if (!from) return std::unexpected(from.error());
    if (from->empty()) return {};
    const std::string below = text_at(mount, "subPath");
    spec_.mounts.push_back(
        {.at = text_at(mount, "mountPath"), .from = below.empty() ? *from : *from / below, .read_only = read_only});
    return {};
  }

  // The folder behind a volume; empty for kinds that a node of this simulation has not.
  std::expected<fs::path, std::string> source_of(const json& volume) {
    const std::string name = text_at(volume, "name");
    if (const json& host = at(volume, "hostPath"); !host.is_null())
      return place_.node / fs::path(text_at(host, "path")).relative_path();
    const json& config = at(volume, "configMap");
    const json& secret = at(volume, "secret");
    const fs::path folder = place_.volumes / ("volume-" + name);
    fs::create_directories(folder);
    if (!config.is_null()) return fill(folder, Kind::config_map, text_at(config, "name"), config);
    if (!secret.is_null()) return fill(folder, Kind::secret, text_at(secret, "secretName"), secret);
    if (!at(volume, "emptyDir").is_null()) return folder;
    return fs::path();
  }

  std::expected<fs::path, std::string> fill(const fs::path& folder, Kind kind, const std::string& name,
                                            const json& volume) {
    const ObjectPtr object = cluster_.find(kind, pod_.namespace_, name);
    if (!object) {
      if (flag_at(volume, "optional")) return folder;
      return std::unexpected(fmt::format("MountVolume.SetUp failed for volume: {} \"{}\" not found",
                                         kind == Kind::secret ? "secret" : "configmap", name));
    }
    for (const auto& [key, value] : at(object->json(), "data").items()) {
      if (Done done = write_whole(folder / key, value.is_string() ? value.get<std::string>() : value.dump()); !done)
        return std::unexpected(done.error());
    }
    return folder;
  }

  const Object& pod_;
  const Cluster& cluster_;
  const ContainerPlace& place_;
  const json& pod_spec_;
  SandboxSpec spec_;
};

}  // namespace

Account account_of(const Object& pod) {
  const std::string name = text_at(at(pod.json(), "spec"), "serviceAccountName");
  return {pod.namespace_, name.empty() ? "default" : name};
}

std::expected<SandboxSpec, std::string> container_spec(const Object& pod, const Cluster& cluster,
                                                       const ContainerPlace& place) {
  try {
    return ContainerBuilder(pod, cluster, place).build();
  } catch (const json::exception& error) {
    return std::unexpected(std::string("the pod's spec is not as Kubernetes has it: ") + error.what());
  } catch (const fs::filesystem_error& error) {
    return std::unexpected(std::string(error.what()));
  }
}

}  // namespace barnacle
