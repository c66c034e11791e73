// A simulated cluster: an API store with resource versions, authorisation, controllers, kubelets and garbage collection
// on one virtual clock. A value: copying it shares all objects.
//
// Nodes: labels in the metadata; `spec.unschedulable` and `spec.taints` in the body, as administrators write them; the
// taints that the control plane derives (cordoned, not ready) are computed where they are asked for (taints_of).
// The namespaces "default" and "kube-system" exist from the start, and each namespace has a ServiceAccount "default"
// that is not stored.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/cluster/objects.h"

namespace barnacle {

// As the API server answers: 403 Forbidden, 404 NotFound, 409 AlreadyExists or Conflict, 422 Invalid …
struct ApiError {
  int code = 0;
  std::string reason;   // "NotFound"
  std::string message;  // `runtimeclasses.node.k8s.io "kata-clh-cicd" not found`
};
// As kubectl prints it: `Error from server (NotFound): pods "x" not found`.
std::string kubectl_text(const ApiError& error);

template <class T>
using ApiResult = std::expected<T, ApiError>;

// Who asks. Empty: an administrator (Helm, kubectl on a desk), to whom everything is allowed.
struct Account {
  std::string namespace_;
  std::string name;
  std::string manager = {};  // the name by which the server notes what it writes: "helm", "kubectl-label"
  bool administrator() const { return name.empty(); }
};

// Label selector, all equal.
using Selector = Strings;

class Cluster;

// What a container does when it is started. The cluster calls it; sim/deploy implements it (tests use small lambdas).
struct RunResult {
  enum class Ending : std::uint8_t {
    exited,   // with exit_code
    settled,  // work done, sleeps for ever
    stuck,    // waits for something that will not come by itself
    sleeping  // a plain workload: runs until it is stopped
  };
  Ending ending = Ending::settled;
  int exit_code = 0;
  bool refused = false;
  std::vector<std::string> log;
};
struct ContainerStart {
  std::string node;
  const Object* pod = nullptr;  // the pod as stored
  const PodSpec* spec = nullptr;
  Account account;
};

// The kubelets' view of the machines, and the programs in the containers.
class Machines {
 public:
  virtual ~Machines() = default;
  // Runs a container's program from its start to where it exits, sleeps or waits. May change `cluster` through its API.
  virtual RunResult start_container(Cluster& cluster, const ContainerStart& start) = 0;
  // SIGTERM (then SIGKILL) to a running container; the exit code, 143 unless the program catches the signal.
  virtual int stop_container(Cluster& cluster, const ContainerStart& running) = 0;
  // Whether the node's container runtime runs: without it no container starts and the node is soon NotReady.
  virtual bool runtime_running(std::string_view node) const = 0;
  // The kubelet creates a missing hostPath directory (mode 0755) before it starts the pod.
  virtual void ensure_host_path(std::string_view node, std::string_view path) = 0;
};

// When a step is over.
struct Rest {
  int failed_starts =
      3;  // a container that was started new in this step may fail so often; then it is left in back-off
  int more_failed_starts = 1;  // one that was in back-off already gets this many more tries
  Time deadline_s = 7200;      // virtual seconds after which the world counts as never coming to rest
};

// What `kubectl rollout status` looks at.
struct DaemonSetCounts {
  int desired = 0;        // nodes that should run a pod
  int updated = 0;        // of these, with a pod of the present template
  int available = 0;      // of these, with an available pod
  bool observed = false;  // the controller has seen the present generation
};

class Cluster {
 public:
  Cluster();

  Time now = 0;
  // Every write notes in its object who wrote it. Only server-side apply ever asks; elsewhere it costs and changes
  // nothing.
  bool notes_managers = false;

  // --- API, as a server behind HTTP would answer; `who` is checked against live roles and bindings ---
  ApiResult<ObjectPtr> get(const Account& who, Kind kind, std::string_view ns, std::string_view name);
  // In order of namespace and name. `ns` empty: all namespaces.
  ApiResult<std::vector<ObjectPtr>> list(const Account& who, Kind kind, std::string_view ns,
                                         const Selector& selector = {});
  ApiResult<ObjectPtr> create(const Account& who, Object object);
  // Replaces body, labels and annotations; a non-zero resource_version must be the stored one (else 409 Conflict).
  ApiResult<ObjectPtr> update(const Account& who, const Object& object);
  // JSON merge patch over {"metadata": {labels, annotations}, ...body}.
  ApiResult<ObjectPtr> merge_patch(const Account& who, Kind kind, std::string_view ns, std::string_view name,
                                   const nlohmann::json& patch);
  // The merge patch {"metadata": {"labels": {key: value}}}, without the JSON; no value takes the label away.
  ApiResult<ObjectPtr> set_label(const Account& who, Kind kind, std::string_view ns, std::string_view name,
                                 const std::string& key, const std::optional<std::string>& value);
  // Strategic merge patch (lists by their merge key: containers, env: name; volumes: name; volumeMounts: mountPath;
  // tolerations as a whole).
  ApiResult<ObjectPtr> strategic_merge_patch(const Account& who, Kind kind, std::string_view ns, std::string_view name,
                                             const nlohmann::json& patch);
  // Server-side apply by who.manager: creates the object, or brings what the manager states to its values and takes
  // away what it stated before and does no longer. 409 Conflict where others own what would change, unless `force`
  // takes it.
  ApiResult<ObjectPtr> apply(const Account& who, Object wanted, bool force);
  ApiResult<void> remove(const Account& who, Kind kind, std::string_view ns, std::string_view name,
                         Propagation propagation = Propagation::background);
  // `name`: of the object asked for, for rules with resourceNames; empty for create and list.
  bool allowed(const Account& who, std::string_view verb, Kind kind, std::string_view ns,
               std::string_view name = {}) const;

  // --- reads without a request, for controllers, invariants and reports ---
  const std::vector<ObjectPtr>& objects() const { return objects_; }  // sorted by kind, namespace, name
  // Null where there is none; valid, as a reference, until the next change.
  const ObjectPtr& find(Kind kind, std::string_view ns, std::string_view name) const;
  std::vector<ObjectPtr> all(Kind kind) const;
  // The objects of one kind, in order of namespace and name; valid until the next change.
  std::span<const ObjectPtr> of_kind(Kind kind) const {
    const auto index = static_cast<std::size_t>(kind);
    return std::span(objects_).subspan(kind_begin_[index], kind_begin_[index + 1] - kind_begin_[index]);
  }
  // Requests answered 401 or 403, newest last: "kata-deploy-sa patch runtimeclasses: 403". Only the last 64 are kept;
  // denial_count() counts all.
  const std::vector<std::string>& denied() const { return denied_; }
  std::uint64_t denial_count() const { return denial_count_; }
  // Pods whose object went away since begin_step(), as they last were, in the order of their going; the last 256.
  const std::vector<ObjectPtr>& departed_pods() const { return departed_pods_; }
  // Pods that a DaemonSet or Job controls, in order of creation, terminating ones included.
  std::vector<ObjectPtr> pods_of(const Object& owner) const;
  DaemonSetCounts counts_of(const Object& daemon_set) const;
  // An administrator's taints, then those for cordoned and for not ready nodes.
  static std::vector<Taint> taints_of(const Object& node);

  // --- machines come and go ---
  void add_node(std::string_view name, std::string_view runtime_version, Strings labels = {});
  void remove_node(std::string_view name);  // with its pods
  void set_unschedulable(std::string_view node, bool cordoned);
  void set_runtime_version(std::string_view node, std::string_view text);
  // Every container on the node stops without a word and, restartPolicy allowing, starts again (restartPolicy Never:
  // the pod fails).
  void node_rebooted(std::string_view node);

  // --- time ---
  // Lets controllers and kubelets work at the present time, then moves the clock to the next timer, and so on, until
  // `done` says so or the world is at rest (see Rest). Returns false when the deadline struck first.
  bool run(Machines& machines, const Rest& rest, const std::function<bool(const Cluster&)>& done = {});
  // The same until `done` or until the clock has moved `seconds`; true when done.
  // Containers in CrashLoopBackOff are held to the same `rest` as in run().
  bool run_for(Machines& machines, Time seconds, const std::function<bool(const Cluster&)>& done,
               const Rest& rest = {});
  // While a container's program is at work (from inside Machines::start_container): starts what else is due on that
  // node now, and runs it; how many containers.
  int start_due_containers(Machines& machines, std::string_view node);
  // Marks the beginning of a step: containers in back-off now are "old" ones for Rest.
  void begin_step();

  // All that decides the future, in canonical form: timers as remaining time, generated pods by owner, node and order,
  // neither uids nor versions. Of `now` itself only the place within the ten seconds between two posts of a kubelet
  // counts.
  Hash128 hash() const;

 private:
  std::vector<ObjectPtr> objects_;
  // Where in objects_ each kind begins; behind the last one its end.
  std::array<std::size_t, kKindCount + 1> kind_begin_{};
  // All kinds behind this one move on, or back.
  void shift_kinds_behind(Kind kind, std::ptrdiff_t by);

  std::vector<ObjectPtr> departed_pods_;
  std::vector<std::string> denied_;
  std::uint64_t denial_count_ = 0;
  std::uint64_t next_uid_ = 1;
  std::uint64_t next_resource_version_ = 1;
  std::uint64_t next_order_ = 1;
  std::uint64_t step_ = 1;
  friend class ClusterAccess;  // the store's writing side, for the API and the controllers
};

}  // namespace barnacle
