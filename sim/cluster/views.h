// What controllers read in bodies, typed. Made together with the body and never changed, so that threads may share it.
//
// Reading is tolerant: what is missing or of the wrong type reads as its default. A body is read for what it holds,
// whatever its kind, since a body does not know its kind.
#pragma once

#include <bitset>
#include <cstdint>
#include <memory>
#include <optional>

#include "sim/cluster/objects.h"

namespace barnacle {

using PodSpecPtr = std::shared_ptr<const PodSpec>;

struct PodTemplate {
  PodSpecPtr spec;  // never null
  SharedUntilEdited<Strings> labels;
  SharedUntilEdited<Strings> annotations;
  Hash128 spec_hash;
  TemplateHash hash;  // of labels, annotations and spec: a change of any of them is a new template
  BodyPtr pod_body;   // {"spec": …}, shared by all pods made from it
};

struct PolicyRule {
  std::bitset<kKindCount> kinds;  // whose resource and group it names
  std::vector<std::string> verbs;
  std::vector<std::string> names;  // resourceNames; empty: all
};

struct BindingSubject {
  enum class Kind : std::uint8_t { service_account, user, group };
  Kind kind = Kind::group;
  std::string name;
  std::string namespace_;
};

struct JobSpec {
  int backoff_limit = 6;
  int completions = 1;
  int parallelism = 1;
  bool suspended = false;
  bool one_pod_per_node = false;  // our extension, see job.cc
  std::optional<Time> active_deadline_s;
  std::optional<Time> ttl_s;  // after finished
};

struct UpdateStrategy {
  bool on_delete = false;
  int max_unavailable = 1;
  bool percent = false;  // max_unavailable is one, of the nodes that should run a pod, rounded up
};

struct BodyViews {
  PodSpecPtr pod;                           // body of a Pod
  std::string node_name;                    // spec.nodeName of a Pod
  std::optional<PodTemplate> pod_template;  // body of a DaemonSet or Job
  Strings match_labels;                     // spec.selector.matchLabels
  UpdateStrategy update_strategy;
  JobSpec job;
  bool unschedulable = false;     // of a Node: cordoned
  std::vector<Taint> taints;      // of a Node, set by an administrator
  std::vector<PolicyRule> rules;  // of a Role or ClusterRole
  bool of_cluster_role = false;   // roleRef of a binding: to a ClusterRole
  std::string role_name;
  std::vector<BindingSubject> subjects;
  std::string handler;            // of a RuntimeClass
  Strings runtime_node_selector;  // its scheduling.nodeSelector
};

// `before`: those of the body that this one was made of, or null.
std::shared_ptr<const BodyViews> read_views(const nlohmann::json& body, const BodyViews* before);

// Of the value; numbers by value, so that 1 and 1.0 are equal as they are for nlohmann::json.
Hash128 hash_of_json(const nlohmann::json& value);

}  // namespace barnacle
