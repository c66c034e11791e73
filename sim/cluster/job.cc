// The Job controller.
//
// A failed pod is followed by the next one at the end of the last failure + 10·2ⁿ⁻¹ s (n failures, at most 600 s). A
// pod that is being deleted counts as failed at once, and is replaced without waiting for its end. A pod counts when
// the controller takes its finalizer away, so that no end is lost with the object.
//
// One extension, spec.onePodPerNode: one pod for each node that matches the template's nodeSelector, cordoned, tainted
// and not ready ones too, each retried on its own by the same rules. It stands for a Job whose pods a dispatcher
// spreads over the nodes. Complete when every such node that still exists has a success; `failed` counts all failures;
// Failed when those on any one node exceed backoffLimit. What a node has behind it is read from the pods there: an
// operator who deletes a finished one has the node tried anew.
#include <algorithm>

#include "sim/cluster/access.h"

namespace barnacle {
namespace {

constexpr Time kFirstRetry = 10;
constexpr Time kLastRetry = 600;

Time back_off_after(int failures) {
  const int doublings = std::min(failures - 1, 10);
  return std::min(kFirstRetry << doublings, kLastRetry);
}

bool is_failed(const Object& pod) {
  const PodStatus& status = pod_status(pod);
  return status.phase == PodPhase::failed || (pod.deletion_time && status.phase != PodPhase::succeeded);
}
bool is_active(const Object& pod) { return !pod.deletion_time && !is_finished(pod_status(pod)); }

Time end_of(const Object& pod) {
  const PodStatus& status = pod_status(pod);
  if (is_finished(status) && !status.exits.empty()) return status.exits.back().at;
  return pod.deletion_time.value_or(pod.created);
}

struct NodeRecord {
  int failures = 0;
  bool active = false;
  bool succeeded = false;
  Time last_end = 0;
};

NodeRecord record_of(const Cluster& cluster, const Object& job, std::string_view node) {
  NodeRecord record;
  for (const ObjectPtr& pod : cluster.of_kind(Kind::pod)) {
    if (!is_owned_by(*pod, job) || pod_status(*pod).node != node) continue;
    if (is_active(*pod)) record.active = true;
    if (pod_status(*pod).phase == PodPhase::succeeded) record.succeeded = true;
    if (!is_failed(*pod)) continue;
    ++record.failures;
    record.last_end = std::max(record.last_end, end_of(*pod));
  }
  return record;
}

bool takes_node(const Object& job, const Object& node) {
  return !node.deletion_time && includes(node.labels, views_of(job).pod_template->spec->node_selector);
}

// One pass over one Job: reads its pods, counts what ended, and decides.
class JobControl {
 public:
  JobControl(ClusterAccess& access, const ObjectPtr& job)
      : access_(access),
        job_(job),
        spec_(views_of(*job).job),
        status_(job_status(*job)),
        pods_(access.cluster.pods_of(*job)) {}

  void work() {
    count_ends();
    if (status_.reason.empty()) judge();
    if (!status_.reason.empty()) end_pods();
    else if (spec_.one_pod_per_node) start_on_nodes();
    else start_next();
    // Written last: pods went before it, and a pass without a change writes nothing.
    const ObjectPtr stored = access_.cluster.find(Kind::job, job_->namespace_, job_->name);
    if (!stored || job_status(*stored) == status_) return;
    Draft draft = draft_of(*stored);
    job_status(*draft) = status_;
    access_.put_status(std::move(draft));
  }

 private:
  void count_ends() {
    Time last_end = 0;
    bool failed_now = false;
    for (const ObjectPtr& pod : pods_) {
      if (!has_finalizer(*pod, kJobFinalizer)) continue;
      const bool succeeded = pod_status(*pod).phase == PodPhase::succeeded;
      if (!succeeded && !is_failed(*pod)) continue;
      if (succeeded) {
        ++status_.succeeded;
      } else {
        ++status_.failed;
        failed_now = true;
        last_end = std::max(last_end, end_of(*pod));
      }
      access_.remove_finalizer(pod, kJobFinalizer);
    }
    if (!failed_now) return;
    // A pod of OnFailure that was taken away is no reason to wait longer than one failure's time.
    status_.next_pod_at = last_end + back_off_after(status_.failed);
    if (spec_.one_pod_per_node) status_.next_pod_at.reset();
  }

  int restarts() const {
    int count = 0;
    for (const ObjectPtr& pod : pods_) {
      if (is_active(*pod)) count += static_cast<int>(std::max<std::ptrdiff_t>(pod_status(*pod).starts - 1, 0));
    }
    return count;
  }

  bool over_limit() const {
    if (views_of(*job_).pod_template->spec->restart_policy == "OnFailure") {
      const int count = restarts();
      if (spec_.backoff_limit == 0 ? count > 0 : count >= spec_.backoff_limit) return true;
    }
    if (!spec_.one_pod_per_node) return status_.failed > spec_.backoff_limit;
    return std::ranges::any_of(access_.cluster.of_kind(Kind::node), [&](const ObjectPtr& node) {
      return record_of(access_.cluster, *job_, node->name).failures > spec_.backoff_limit;
    });
  }

  bool complete() const {
    if (!spec_.one_pod_per_node) return status_.succeeded >= spec_.completions;
    return std::ranges::all_of(access_.cluster.of_kind(Kind::node), [&](const ObjectPtr& node) {
      return !takes_node(*job_, *node) || record_of(access_.cluster, *job_, node->name).succeeded;
    });
  }

  // While `condition` is empty, `reason` is where the Job is heading: conditions wait for terminating pods.
  void judge() {
    if (complete()) status_.reason = "CompletionsReached";
    else if (over_limit()) status_.reason = "BackoffLimitExceeded";
    else if (spec_.active_deadline_s && access_.now() >= status_.started + *spec_.active_deadline_s)
      status_.reason = "DeadlineExceeded";
  }

  void end_pods() {
    status_.next_pod_at.reset();
    for (const ObjectPtr& pod : access_.cluster.pods_of(*job_)) {
      if (is_active(*pod)) access_.begin_deletion(pod, Propagation::background);
    }
    const std::vector<ObjectPtr> left = access_.cluster.pods_of(*job_);
    if (std::ranges::any_of(left, [](const ObjectPtr& pod) {
          return has_finalizer(*pod, kJobFinalizer) || !is_finished(pod_status(*pod));
        })) {
      return;
    }
    const bool success = status_.reason == "CompletionsReached";
    status_.condition = success ? "Complete" : "Failed";
    if (success) status_.reason.clear();
    status_.finished = access_.now();
  }

  bool start_pod(std::string_view node) {
    return create_pod(access_, *job_, node, {{"batch.kubernetes.io/job-name", job_->name}, {"job-name", job_->name}},
                      {std::string(kJobFinalizer)});
  }

  void start_next() {
    if (spec_.suspended) return;
    if (status_.next_pod_at && *status_.next_pod_at > access_.now()) return;
    const auto active =
        static_cast<int>(std::ranges::count_if(pods_, [](const ObjectPtr& pod) { return is_active(*pod); }));
    for (int missing = std::min(spec_.parallelism, spec_.completions - status_.succeeded) - active; missing > 0;
         --missing) {
      if (!start_pod("")) return;
      status_.next_pod_at.reset();
    }
  }

  void start_on_nodes() {
    if (spec_.suspended) return;
    const std::vector<ObjectPtr> nodes = access_.cluster.all(Kind::node);
    for (const ObjectPtr& node : nodes) {
      if (!takes_node(*job_, *node)) continue;
      const NodeRecord record = record_of(access_.cluster, *job_, node->name);
      if (record.active || record.succeeded) continue;
      if (record.failures > 0 && record.last_end + back_off_after(record.failures) > access_.now()) continue;
      start_pod(node->name);
    }
  }

  ClusterAccess& access_;
  const ObjectPtr& job_;
  const JobSpec& spec_;
  JobStatus status_;
  const std::vector<ObjectPtr> pods_;
};

void control_job(ClusterAccess& access, const ObjectPtr& job) {
  if (job->deletion_time || !views_of(*job).pod_template) return;
  const JobStatus& status = job_status(*job);
  const JobSpec& spec = views_of(*job).job;
  if (status.condition.empty()) {
    JobControl(access, job).work();
  } else if (spec.ttl_s && status.finished && access.now() >= *status.finished + *spec.ttl_s) {
    // Time to live: the finished Job goes with its pods.
    access.begin_deletion(job, Propagation::foreground);
  }
}

// Pods whose Job is gone or over have nobody left to count them.
void release_uncounted_pods(ClusterAccess& access) {
  std::vector<ObjectPtr> released;
  for (const ObjectPtr& pod : access.cluster.of_kind(Kind::pod)) {
    if (pod->finalizers.empty() || !has_finalizer(*pod, kJobFinalizer)) continue;
    const Object* job = pod->owners.empty() ? nullptr : owner_of(access.cluster, pod->owners.front());
    if (job == nullptr || job->deletion_time || !job_status(*job).condition.empty()) released.push_back(pod);
  }
  for (const ObjectPtr& pod : released) access.remove_finalizer(pod, kJobFinalizer);
}

std::optional<Time> earlier(std::optional<Time> a, std::optional<Time> b) {
  if (!a || (b && *b < *a)) return b;
  return a;
}

}  // namespace

void control_jobs(ClusterAccess& access) {
  release_uncounted_pods(access);
  const std::vector<ObjectPtr> jobs = access.cluster.all(Kind::job);
  for (const ObjectPtr& job : jobs) control_job(access, job);
}

std::optional<Time> next_pod_on_node(const Cluster& cluster, const Object& job, std::string_view node) {
  const NodeRecord record = record_of(cluster, job, node);
  if (record.active || record.succeeded || record.failures == 0) return std::nullopt;
  return record.last_end + back_off_after(record.failures);
}

std::optional<Time> next_job_timer(const Cluster& cluster) {
  std::optional<Time> next;
  for (const ObjectPtr& job : cluster.of_kind(Kind::job)) {
    const JobStatus& status = job_status(*job);
    if (job->deletion_time || !status.condition.empty() || !views_of(*job).pod_template) continue;
    const JobSpec& spec = views_of(*job).job;
    std::optional<Time> mine = status.next_pod_at;
    if (spec.active_deadline_s && status.reason.empty()) mine = earlier(mine, status.started + *spec.active_deadline_s);
    if (spec.one_pod_per_node && status.reason.empty()) {
      for (const ObjectPtr& node : cluster.of_kind(Kind::node)) {
        if (takes_node(*job, *node)) mine = earlier(mine, next_pod_on_node(cluster, *job, node->name));
      }
    }
    // What is due already waits for something else than time.
    if (mine && *mine > cluster.now) next = earlier(next, mine);
  }
  return next;
}

}  // namespace barnacle
