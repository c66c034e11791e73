// Kubernetes objects as values.
//
// What a client writes (spec, data, rules, handler …) is an interned JSON document that is never changed in place; what
// the control plane writes (status) is typed. An ObjectPtr is shared between worlds and never modified.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/base/clock.h"
#include "sim/base/hash.h"
#include "sim/base/text.h"
#include "sim/cluster/field_ownership.h"
#include "sim/cluster/hash_when_asked.h"
#include "sim/cluster/shared_until_edited.h"

namespace barnacle {

enum class Kind : std::uint8_t {
  namespace_,
  node,
  pod,
  daemon_set,
  job,
  service_account,
  cluster_role,
  cluster_role_binding,
  role,
  role_binding,
  runtime_class,
  config_map,
  secret,
  custom_resource_definition
};
inline constexpr std::size_t kKindCount = 14;
std::string_view kind_name(Kind kind);  // "DaemonSet"
std::optional<Kind> kind_from_name(
    std::string_view name);                 // by kind, resource or short name: "DaemonSet", "daemonsets", "ds"
std::string_view resource_name(Kind kind);  // "daemonsets"
bool is_namespaced(Kind kind);

struct BodyViews;

// The part of an object that clients own, without metadata: {"spec": {...}} or {"handler": ...} or {"data": {...}}.
struct Body {
  nlohmann::json json;
  Hash128 hash;                            // of the value: order of keys and spelling of numbers do not count
  bool clean = false;                      // is_clean() of it (sim/cluster/admission.h)
  std::shared_ptr<const BodyViews> views;  // typed readings for controllers (sim/cluster/views.h); never null
};
using BodyPtr = std::shared_ptr<const Body>;
// `before`, where given, is what this one was made of: what is the same in both is not read again.
BodyPtr make_body(nlohmann::json json, const BodyPtr& before = nullptr);

struct OwnerReference {
  Kind kind;
  std::string name;
  std::uint64_t uid = 0;
  bool operator==(const OwnerReference&) const = default;
};

enum class Propagation : std::uint8_t { background, foreground, orphan };

// --- status, by kind ---

struct NodeStatus {
  std::string runtime_version;   // "containerd://2.0.4"
  bool ready = true;             // the Ready condition as last posted by the kubelet: it lags
  std::optional<Time> posts_at;  // when the kubelet posts next (a multiple of 10 s), where the posted value is stale
  bool operator==(const NodeStatus&) const = default;
};

enum class ContainerState : std::uint8_t {
  waiting,    // not started yet, or for back-off (see restart_at)
  running,    // its program works or sleeps for ever
  terminated  // for good: the pod will not start it again
};

// One finished run of a container.
struct ContainerExit {
  int exit_code = 0;
  std::string last_line;  // of its log
  bool refused = false;   // the program said that it refuses its values
  Time at = 0;
  bool operator==(const ContainerExit&) const = default;
};

// Of a pod template, as names and labels have it: sixteen hexadecimal digits.
class TemplateHash {
 public:
  TemplateHash() = default;  // of none
  explicit TemplateHash(Hash128 hash);
  bool empty() const { return digits_.front() == '\0'; }
  std::string_view text() const { return {digits_.data(), empty() ? 0 : digits_.size()}; }
  bool operator==(const TemplateHash&) const = default;

 private:
  std::array<char, 16> digits_{};
};

enum class PodPhase : std::uint8_t { pending, running, succeeded, failed };

struct PodStatus {
  PodPhase phase = PodPhase::pending;
  std::string node;                // empty: not scheduled
  TemplateHash pod_template_hash;  // of the DaemonSet's template it was made from
  ContainerState container = ContainerState::waiting;
  int starts = 0;        // of its (one) container
  bool settled = false;  // the running program has done its work and sleeps for ever
  bool stuck = false;    // the running program waits for something that will not come by itself
  SharedUntilEdited<std::vector<ContainerExit>> exits;  // the last 32
  std::optional<Time> restart_at;  // CrashLoopBackOff: 10 s, 20 s … 300 s; none: no back-off pending
  int back_off_s = 0;              // the last one; 0 after ten minutes of running
  Time started_at = 0;             // of the last start

  // For the end of a step (Rest in cluster.h): failed starts within step number `failed_step`, and whether the
  // container was in back-off already when that step began.
  int failed_starts = 0;
  std::uint64_t failed_step = 0;
  bool old_back_off = false;
  bool operator==(const PodStatus&) const = default;
};

struct JobStatus {
  int succeeded = 0;
  int failed = 0;
  std::string condition;            // "", "Complete" or "Failed"
  std::string reason;               // "BackoffLimitExceeded", "DeadlineExceeded"
  std::optional<Time> next_pod_at;  // back-off: 10·2ⁿ s, at most 600
  Time started = 0;
  std::optional<Time> finished;  // for ttlSecondsAfterFinished
  bool operator==(const JobStatus&) const = default;
};

struct DaemonSetStatus {
  std::uint64_t observed_generation = 0;
  bool operator==(const DaemonSetStatus&) const = default;
};

using Status = std::variant<std::monostate, NodeStatus, PodStatus, JobStatus, DaemonSetStatus>;

struct Object {
  Kind kind = Kind::config_map;
  std::string namespace_;  // empty for cluster-scoped kinds
  std::string name;
  std::uint64_t uid = 0;
  std::uint64_t resource_version = 0;
  std::uint64_t generation = 1;  // counts changes of `body`
  SharedUntilEdited<Strings> labels;
  SharedUntilEdited<Strings> annotations;
  SharedUntilEdited<std::vector<OwnerReference>> owners;
  SharedUntilEdited<std::vector<std::string>> finalizers;  // "foregroundDeletion", "orphan"
  std::optional<Time> deletion_time;                       // metadata.deletionTimestamp
  Time created = 0;
  std::uint64_t creation_order = 0;
  BodyPtr body;
  Status status;
  // What a client keeps inside in a form of its own (a Helm release in its Secret): decoded, with its hash.
  std::shared_ptr<const void> payload;
  Hash128 payload_hash;
  // metadata.managedFields; null where nobody keeps them (see Cluster::notes_managers).
  FieldOwnersPtr field_owners;
  // Of everything above but uid, versions, dates, order and status; the suffix of a generated pod name does not count.
  // The store keeps it; content_hash() in access.h asks for it.
  HashWhenAsked content_hash;

  const nlohmann::json& json() const { return body->json; }
  // What clients own of it: its body, and labels and annotations in "metadata".
  nlohmann::json document() const;
};
using ObjectPtr = std::shared_ptr<const Object>;

// "DaemonSet kube-system/kata-deploy", "RuntimeClass kata-qemu"
std::string describe(const Object& object);

struct Toleration {
  std::string key;        // empty with operator Exists: everything
  std::string operation;  // "Exists" or "Equal"
  std::string value;
  std::string effect;  // empty: every effect
};

struct Taint {
  std::string key;
  std::string value;
  std::string effect;  // "NoSchedule", "NoExecute", "PreferNoSchedule"
  bool operator==(const Taint&) const = default;
};

// The typed reading of a pod template's JSON; one container, as all charts here have.
struct PodSpec {
  std::string container;
  std::string image;
  std::vector<std::string> command;  // with its arguments
  Strings env;                       // values; "fieldRef:spec.nodeName" for the downward API
  Hash128 env_hash;                  // of env
  std::vector<std::string>
      host_paths;  // directories the kubelet creates when missing (not of type File, Socket or Directory)
  std::string service_account;
  std::string restart_policy;  // "Always", "OnFailure", "Never"
  std::string runtime_class;   // of a workload; empty otherwise
  Strings node_selector;
  std::vector<Toleration> tolerations;
  int termination_grace_s = 30;
  bool host_pid = false;
  bool readiness_probe = false;  // running alone does not make it available
};
// Remembered with the body; `pod_spec` is the JSON of a PodSpec (template.spec or a pod's spec).
PodSpec read_pod_spec(const nlohmann::json& pod_spec);
// The remembered reading: of a pod its own, of a DaemonSet or Job its template's. Null for other kinds and without a
// spec.
const PodSpec* pod_spec_of(const Object& object);

}  // namespace barnacle
