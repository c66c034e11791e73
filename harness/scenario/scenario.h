// A scenario: start world, steps, faults and what is expected. Written as TOML (scenario_toml.h), drawn by the
// generator (generator.h). Plain values; every member has an initialiser.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/clock.h"
#include "sim/helm/helm.h"

namespace barnacle {

enum class StepKind : std::uint8_t {
  install,
  upgrade,
  rollback,
  uninstall,  // Helm
  restart_pod,
  reboot_node,
  cordon_node,
  add_node,
  remove_node,
  reimage_node,
  run_workload,
  edit_host,
  edit_cluster,
  change_runtime
};
// "restart-pod": the value of `do`.
std::string_view step_name(StepKind kind);
std::optional<StepKind> step_from_name(std::string_view name);

// What goes wrong inside a step.
enum class FaultKind : std::uint8_t {
  cut,     // the program is killed after an effect
  fail,    // an effect fails with an error
  lose,    // an API request is done, and its answer lost
  tear,    // a write stops half-way, and the program with it
  preempt  // after an effect, what else is due on the node runs first
};

// Which effect is meant: the n-th of the k-th run of a program in this step; or the n-th one that matches `effect_is`.
struct Fault {
  FaultKind kind = FaultKind::cut;
  std::string program = "install";  // "install" or "cleanup"
  std::string node;                 // empty: any
  int run = 1;                      // counted from 1 within the step, over all nodes
  int effect = 1;                   // counted from 1
  std::string effect_is;  // only effects whose description begins so count: "delete RuntimeClass", "remove /opt/kata"
  std::string error = "ENOSPC";    // for fail: an errno, or 403, 404, 409, 500
  bool lasting = false;            // for fail: and so does every such effect after it, until the run ends
  std::string signal = "SIGKILL";  // for cut: SIGKILL (exit code 137) or SIGTERM (143)
  int until = 0;       // for preempt: the first of what runs then is preempted in turn after so many effects; 0: not
  std::string since;   // only for subjects of this version or newer
  std::string before;  // only for subjects older than this version
  bool operator==(const Fault&) const = default;
};

// How an operator edits what is his on a host. Applied alike to the node's baseline (what must be left at the end).
enum class HostEditKind : std::uint8_t { append_line, replace_text, write_file, remove_file };
struct HostEdit {
  HostEditKind kind = HostEditKind::append_line;
  std::string path;
  std::string text;      // the line, the new text, the contents
  std::string replaces;  // for replace_text: exact text, its first occurrence
  bool operator==(const HostEdit&) const = default;
};

enum class ClusterEditKind : std::uint8_t {
  remove,           // kubectl delete KIND NAME
  rollout_restart,  // kubectl rollout restart daemonset NAME
  label,            // kubectl label / annotate an object of the release with something of the operator's own
  set               // kubectl edit: one field of an object gets another value
};
struct ClusterEdit {
  ClusterEditKind kind = ClusterEditKind::rollout_restart;
  std::string object_kind = "DaemonSet";
  std::string name;
  std::string namespace_;
  std::string key;    // of the label; of the field that is set: "spec.updateStrategy.type"
  std::string value;  // of a field: a number or a flag where it reads like one
  bool operator==(const ClusterEdit&) const = default;
};

struct Step {
  StepKind kind = StepKind::install;
  int line = 0;  // in the TOML file; 0 when generated

  // Helm steps.
  std::string release;
  std::string namespace_ = "kube-system";
  std::optional<Values> values;  // none given: Helm's own rule for upgrades
  std::string
      version;       // another chart, image, payload, date and set of defects than the subject's; empty: the subject's
  int revision = 0;  // rollback: 0 is the previous one
  HelmOptions options;

  // Node steps; restart_pod: `release` names whose pod, `node` where (empty: on every node).
  std::string node;
  std::string host;       // add_node: its kind
  std::string runtime;    // change_runtime: "containerd://1.7.27"
  bool uncordon = false;  // cordon_node: take it back
  Strings node_labels;    // add_node

  std::string handler;  // run_workload: the RuntimeClass
  HostEdit host_edit;
  ClusterEdit cluster_edit;

  std::optional<Time> at;  // moves the world's date forward before the step
  int times = 1;           // conformance listings: do this step so often, or until a crash loop
  std::vector<Fault> faults;

  bool operator==(const Step& other) const;  // where it was read does not count
};

struct NodeSpec {
  std::string name = "node-a";
  std::string host = "ubuntu-24.04-containerd-2.0";
  Strings labels;
  bool operator==(const NodeSpec&) const = default;
};

struct Expectation {
  bool present = false;
  std::optional<std::vector<std::string>> findings;  // the exact set of invariant ids
  std::vector<std::string> at_least;
  bool operator==(const Expectation&) const = default;
};

struct Scenario {
  std::string file;  // where it was read from; empty otherwise
  std::string title;
  std::string source;   // "kata-containers#11187"
  std::string subject;  // empty: the default
  std::optional<Time> at;
  int helm = kHelm3;  // the client's major version
  std::vector<NodeSpec> nodes;
  std::vector<Step> steps;
  Expectation expect;

  bool operator==(const Scenario& other) const;  // where it was read does not count
};

}  // namespace barnacle
