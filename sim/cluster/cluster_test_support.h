// A small cluster for stories: machines whose programs are lambdas, and short forms for the objects.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "sim/base/check.h"
#include "sim/cluster/access.h"
#include "sim/cluster/cluster.h"

namespace barnacle::testing_support {

using Json = nlohmann::json;

inline const Account kAdministrator{};

// Programs by image. Each start and stop is written down: "start agent:1 on node-a".
class FakeMachines : public Machines {
 public:
  using Program = std::function<RunResult(Cluster&, const ContainerStart&)>;
  std::map<std::string, Program> programs;
  std::set<std::string, std::less<>> broken;  // nodes whose runtime does not run
  std::vector<std::string> journal;
  std::vector<std::string> made_paths;

  RunResult start_container(Cluster& cluster, const ContainerStart& start) override {
    journal.push_back("start " + start.spec->image + " on " + start.node);
    const auto program = programs.find(start.spec->image);
    return program == programs.end() ? RunResult{} : program->second(cluster, start);
  }
  int stop_container(Cluster&, const ContainerStart& running) override {
    journal.push_back("stop " + running.spec->image + " on " + running.node);
    return 143;
  }
  bool runtime_running(std::string_view node) const override { return !broken.contains(node); }
  void ensure_host_path(std::string_view node, std::string_view path) override {
    made_paths.push_back(std::string(node) + ":" + std::string(path));
  }
};

inline FakeMachines::Program always_fails(int code = 1, std::string line = "no such file") {
  return [=](Cluster&, const ContainerStart&) { return RunResult{RunResult::Ending::exited, code, false, {line}}; };
}
inline FakeMachines::Program exits_well() { return always_fails(0, "done"); }

inline Object make(Kind kind, std::string ns, std::string name, Json body = Json::object(), Strings labels = {}) {
  Object object;
  object.kind = kind;
  object.namespace_ = std::move(ns);
  object.name = std::move(name);
  object.labels = std::move(labels);
  object.body = make_body(std::move(body));
  return object;
}

inline Json pod_json(const std::string& image, const std::string& restart_policy = "Always") {
  return {{"restartPolicy", restart_policy}, {"containers", {{{"name", "main"}, {"image", image}}}}};
}

inline Object daemon_set(const std::string& name, const std::string& image, Json spec = Json::object()) {
  Json body;
  body["spec"] = {{"selector", {{"matchLabels", {{"name", name}}}}},
                  {"template", {{"metadata", {{"labels", {{"name", name}}}}}, {"spec", pod_json(image)}}}};
  body["spec"].merge_patch(spec);
  return make(Kind::daemon_set, "kube-system", name, body);
}

inline Object job(const std::string& name, const std::string& image, Json spec = Json::object()) {
  Json body;
  body["spec"] = {{"template", {{"spec", pod_json(image, "Never")}}}};
  body["spec"].merge_patch(spec);
  return make(Kind::job, "kube-system", name, body);
}

inline ObjectPtr must(ApiResult<ObjectPtr> result) {
  if (!result) throw InternalError(result.error().message);
  return *result;
}

// Three nodes, and the machines they run on.
struct World {
  Cluster cluster;
  FakeMachines machines;

  explicit World(std::vector<std::string> nodes = {"node-a", "node-b", "node-c"}) {
    cluster.now = 1'740'000'000;
    for (const std::string& node : nodes) cluster.add_node(node, "containerd://2.0.4");
  }
  ObjectPtr create(Object object) { return must(cluster.create(kAdministrator, std::move(object))); }
  bool rest(Rest limits = {}) { return cluster.run(machines, limits); }
  bool step(Rest limits = {}) {
    cluster.begin_step();
    return rest(limits);
  }
  void set_image(const std::string& name, const std::string& image) {
    const Json patch{{"spec", {{"template", {{"spec", {{"containers", {{{"name", "main"}, {"image", image}}}}}}}}}}};
    must(cluster.strategic_merge_patch(kAdministrator, Kind::daemon_set, "kube-system", name, patch));
  }
  std::vector<ObjectPtr> pods() const { return cluster.all(Kind::pod); }
  ObjectPtr pod_on(std::string_view node) const {
    for (const ObjectPtr& pod : cluster.of_kind(Kind::pod)) {
      if (pod_status(*pod).node == node) return pod;
    }
    return nullptr;
  }
  JobStatus job_of(std::string_view name) const { return job_status(*cluster.find(Kind::job, "kube-system", name)); }
};

}  // namespace barnacle::testing_support
