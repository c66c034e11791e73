// The writing side of the store: what the API server's storage does for requests and controllers alike. Not for others.
//
// Every put gives a new resource version, so that an unchanged next_version() means that nothing was written.
#pragma once

#include "sim/cluster/cluster.h"
#include "sim/cluster/views.h"

namespace barnacle {

inline constexpr std::string_view kForegroundFinalizer = "foregroundDeletion";
inline constexpr std::string_view kOrphanFinalizer = "orphan";
inline constexpr std::string_view kNamespaceFinalizer = "kubernetes";
// A container that ran so long starts its back-off anew.
inline constexpr Time kForgivenAfter = 600;
// Keeps a Job's pod until the Job controller has counted how it ended.
inline constexpr std::string_view kJobFinalizer = "batch.kubernetes.io/job-tracking";

// What is to be stored: an object of its writer's own, which the store takes over.
using Draft = std::shared_ptr<Object>;
inline Draft draft_of(const Object& stored) { return std::make_shared<Object>(stored); }

class ClusterAccess {
 public:
  explicit ClusterAccess(Cluster& world) : cluster(world) {}
  Cluster& cluster;

  std::uint64_t next_version() const { return cluster.next_resource_version_; }
  std::uint64_t step() const { return cluster.step_; }
  Time now() const { return cluster.now; }

  // Stores an object that is not there yet: uid, version, dates and order are set here.
  ObjectPtr insert(Draft draft);
  // Replaces what is stored under the same kind, namespace and name; metadata or body may have changed.
  ObjectPtr put(Draft draft);
  // The same where only the status or the dates changed: the content hash is not of these and stays as it was.
  ObjectPtr put_status(Draft draft);
  // Takes it out of the store at once. A pod is remembered among the departed ones.
  void erase(const Object& stored);

  // What a DELETE request does, authorisation aside: finalizers keep the object, pods are given to their kubelet.
  void begin_deletion(const ObjectPtr& stored, Propagation propagation);
  // Erases the stored object if it is being deleted and nothing holds it back any more.
  void finish_deletion(const ObjectPtr& stored);
  void remove_finalizer(const ObjectPtr& stored, std::string_view finalizer);

  void note_denial(std::string text);
  // A creation's number; generated names come from it.
  std::uint64_t next_order() const { return cluster.next_order_; }
  void start_step() {
    ++cluster.step_;
    cluster.departed_pods_.clear();
  }

 private:
  // Where it is stored.
  std::vector<ObjectPtr>::iterator place_of(const Object& stored);
};

// --- small readings shared by controllers ---

inline const PodStatus& pod_status(const Object& pod) { return std::get<PodStatus>(pod.status); }
inline PodStatus& pod_status(Object& pod) { return std::get<PodStatus>(pod.status); }
inline const JobStatus& job_status(const Object& job) { return std::get<JobStatus>(job.status); }
inline JobStatus& job_status(Object& job) { return std::get<JobStatus>(job.status); }
inline const NodeStatus& node_status(const Object& node) { return std::get<NodeStatus>(node.status); }
inline NodeStatus& node_status(Object& node) { return std::get<NodeStatus>(node.status); }
inline const BodyViews& views_of(const Object& object) { return *object.body->views; }
inline bool is_finished(const PodStatus& status) {
  return status.phase == PodPhase::succeeded || status.phase == PodPhase::failed;
}
bool has_finalizer(const Object& object, std::string_view finalizer);
bool is_owned_by(const Object& object, const Object& owner);
// The live object that a reference means; null when it is gone or has been made anew.
const Object* owner_of(const Cluster& cluster, const OwnerReference& reference);
const Object* find_node(const Cluster& cluster, std::string_view name);
bool includes(const Strings& all, const Strings& wanted);
// A pod's name without the suffix that its controller gave it.
std::string_view base_name(const Object& pod);
bool has_generated_name(const Object& pod);
// The order in which kubelets and the scheduler take pods, in which no generated name and no age of an unrelated pod
// counts: node, namespace, kind and name of the owner, then order of creation.
bool canonical_before(const Object& pod, const Object& other);

// Of all that Object::content_hash is of.
Hash128 hash_of_content(const Object& object);
Hash128 content_hash(const Object& object);  // remembered with the object

// --- controllers: one pass each; they change nothing when there is nothing to do ---

void collect_garbage(ClusterAccess& access);
void control_daemon_sets(ClusterAccess& access);
void control_jobs(ClusterAccess& access);
void schedule_pods(ClusterAccess& access);
void post_node_conditions(ClusterAccess& access, const Machines& machines);
void run_kubelets(ClusterAccess& access, Machines& machines, const Rest& rest);
// Starts the containers that are due on one node; how many.
int start_due_containers(ClusterAccess& access, Machines& machines, std::string_view node);

// When a controller next has something to do; nothing: never by itself.
std::optional<Time> next_job_timer(const Cluster& cluster);
std::optional<Time> next_kubelet_timer(const ClusterAccess& access, const Machines& machines, const Rest& rest);

// --- pods ---

// Makes a controller's pod from its template; false when the ServiceAccount it names is not there (admission refuses).
bool create_pod(ClusterAccess& access, const Object& owner, std::string_view node, const Strings& extra_labels,
                std::vector<std::string> finalizers);
bool service_account_lives(const Cluster& cluster, std::string_view ns, std::string_view name);

// Whether the node's taints of effect NoSchedule and NoExecute (or NoExecute alone) are all tolerated.
bool tolerates(const PodSpec& spec, const Object& node, bool as_daemon = false, bool no_execute_only = false);

// Of a Job with onePodPerNode: when the next pod may be made on the node; nothing: at once.
std::optional<Time> next_pod_on_node(const Cluster& cluster, const Object& job, std::string_view node);

}  // namespace barnacle
