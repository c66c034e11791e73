// The kubelets: start containers, restart them with back-off, stop them when their pod is deleted, and post whether
// their node is ready.
#include <algorithm>

#include "sim/cluster/access.h"

namespace barnacle {
namespace {

constexpr int kFirstBackOff = 10;
constexpr int kLastBackOff = 300;
constexpr Time kPostEvery = 10;
constexpr std::size_t kExitsKept = 32;

bool in_this_step(const PodStatus& status, const ClusterAccess& access) { return status.failed_step == access.step(); }

// A container that used up its failed starts of this step is left in back-off.
bool rests(const PodStatus& status, const ClusterAccess& access, const Rest& rest) {
  if (!status.restart_at) return false;
  if (!in_this_step(status, access)) return rest.more_failed_starts <= 0;
  return status.failed_starts >= (status.old_back_off ? rest.more_failed_starts : rest.failed_starts);
}

bool has_work(const Object& pod, const ClusterAccess& access, const Rest& rest) {
  const PodStatus& status = pod_status(pod);
  if (status.node.empty() || is_finished(status)) return false;
  if (pod.deletion_time) return true;
  if (status.container != ContainerState::waiting) return false;
  return !status.restart_at || (*status.restart_at <= access.now() && !rests(status, access, rest));
}

ContainerStart start_of(const Object& pod) {
  const PodSpec* spec = pod_spec_of(pod);
  const std::string& account = spec->service_account;
  return {pod_status(pod).node, &pod, spec, Account{pod.namespace_, account.empty() ? "default" : account}};
}

void record_exit(PodStatus& status, ContainerExit exit) {
  std::vector<ContainerExit>& exits = status.exits.edit();
  if (exits.size() == kExitsKept) exits.erase(exits.begin());
  exits.push_back(std::move(exit));
}

void end_container(PodStatus& status, PodPhase phase) {
  status.phase = phase;
  status.container = ContainerState::terminated;
  status.settled = status.stuck = false;
  status.restart_at.reset();
}

// The pod as it is stored now; null when it has gone or is another one of that name.
ObjectPtr again(const ClusterAccess& access, const Object& pod) {
  ObjectPtr stored = access.cluster.find(Kind::pod, pod.namespace_, pod.name);
  return stored && stored->uid == pod.uid ? stored : nullptr;
}

void stop(ClusterAccess& access, Machines& machines, const ObjectPtr& pod) {
  std::optional<int> exit_code;
  if (pod_status(*pod).container == ContainerState::running) {
    exit_code = machines.stop_container(access.cluster, start_of(*pod));
  }
  const ObjectPtr stored = again(access, *pod);
  if (!stored) return;
  Draft draft = draft_of(*stored);
  PodStatus& status = pod_status(*draft);
  // A container in back-off has nothing to stop and leaves no exit behind.
  if (exit_code) record_exit(status, {*exit_code, "", false, access.now()});
  end_container(status, exit_code == 0 ? PodPhase::succeeded : PodPhase::failed);
  access.finish_deletion(access.put_status(std::move(draft)));
}

void back_off(PodStatus& status, Time now) {
  if (now - status.started_at >= kForgivenAfter) status.back_off_s = 0;
  status.back_off_s = status.back_off_s == 0 ? kFirstBackOff : std::min(status.back_off_s * 2, kLastBackOff);
  status.restart_at = now + status.back_off_s;
  status.container = ContainerState::waiting;
}

void count_failed_start(PodStatus& status, const ClusterAccess& access, bool was_in_back_off) {
  if (!in_this_step(status, access)) {
    status.failed_step = access.step();
    status.failed_starts = 0;
    status.old_back_off = was_in_back_off;
  }
  ++status.failed_starts;
}

void apply_exit(PodStatus& status, const RunResult& result, const std::string& restart_policy, Time now) {
  record_exit(status, {result.exit_code, result.log.empty() ? "" : result.log.back(), result.refused, now});
  const bool again = restart_policy == "Always" || (restart_policy == "OnFailure" && result.exit_code != 0);
  if (again) back_off(status, now);
  else end_container(status, result.exit_code == 0 ? PodPhase::succeeded : PodPhase::failed);
}

void mark_started(PodStatus& status, Time now) {
  status.phase = PodPhase::running;
  status.container = ContainerState::running;
  ++status.starts;
  status.settled = status.stuck = false;
  status.restart_at.reset();
  status.started_at = now;
}

void start(ClusterAccess& access, Machines& machines, const ObjectPtr& pod) {
  const bool was_in_back_off = pod_status(*pod).restart_at.has_value();
  for (const std::string& path : pod_spec_of(*pod)->host_paths) machines.ensure_host_path(pod_status(*pod).node, path);
  Draft started = draft_of(*pod);
  mark_started(pod_status(*started), access.now());
  const ObjectPtr running = access.put_status(std::move(started));
  const RunResult result = machines.start_container(access.cluster, start_of(*running));

  // The program may have changed its own pod: what it ended with goes on top of what is stored now.
  const ObjectPtr stored = again(access, *running);
  if (!stored) return;
  Draft draft = draft_of(*stored);
  PodStatus& ended = pod_status(*draft);
  if (result.ending == RunResult::Ending::exited) {
    apply_exit(ended, result, pod_spec_of(*pod)->restart_policy, access.now());
    if (ended.container == ContainerState::waiting) count_failed_start(ended, access, was_in_back_off);
  }
  ended.settled = result.ending == RunResult::Ending::settled;
  ended.stuck = result.ending == RunResult::Ending::stuck;
  access.put_status(std::move(draft));
}

// In an order that does not hang on generated names.
std::vector<ObjectPtr> pods_with_work(const ClusterAccess& access, const Rest& rest) {
  std::vector<ObjectPtr> due;
  for (const ObjectPtr& pod : access.cluster.of_kind(Kind::pod)) {
    if (has_work(*pod, access, rest)) due.push_back(pod);
  }
  std::ranges::sort(due, [](const ObjectPtr& a, const ObjectPtr& b) { return canonical_before(*a, *b); });
  return due;
}

}  // namespace

void run_kubelets(ClusterAccess& access, Machines& machines, const Rest& rest) {
  for (const ObjectPtr& pod : pods_with_work(access, rest)) {
    // What ran before may have changed this pod, or stopped the node's runtime.
    const ObjectPtr stored = again(access, *pod);
    if (!stored || !has_work(*stored, access, rest) || !machines.runtime_running(pod_status(*stored).node)) continue;
    if (stored->deletion_time) stop(access, machines, stored);
    else start(access, machines, stored);
  }
}

int start_due_containers(ClusterAccess& access, Machines& machines, std::string_view node) {
  int started = 0;
  for (const ObjectPtr& pod : pods_with_work(access, Rest{})) {
    const ObjectPtr stored = again(access, *pod);
    if (!stored || stored->deletion_time || pod_status(*stored).node != node || !has_work(*stored, access, Rest{}))
      continue;
    if (!machines.runtime_running(node)) continue;
    start(access, machines, stored);
    ++started;
  }
  return started;
}

void post_node_conditions(ClusterAccess& access, const Machines& machines) {
  for (std::size_t index = 0; index < access.cluster.of_kind(Kind::node).size(); ++index) {
    const ObjectPtr& node = access.cluster.of_kind(Kind::node)[index];
    const NodeStatus& status = node_status(*node);
    const bool ready = machines.runtime_running(node->name);
    if (ready == status.ready && !status.posts_at) continue;
    NodeStatus posted = status;
    if (ready == status.ready) {
      posted.posts_at.reset();
    } else if (!status.posts_at) {
      posted.posts_at = (access.now() / kPostEvery + 1) * kPostEvery;
    } else if (*status.posts_at <= access.now()) {
      posted.ready = ready;
      posted.posts_at.reset();
    } else {
      continue;
    }
    Draft draft = draft_of(*node);
    draft->status = std::move(posted);
    access.put_status(std::move(draft));
  }
}

std::optional<Time> next_kubelet_timer(const ClusterAccess& access, const Machines& machines, const Rest& rest) {
  std::optional<Time> next;
  const auto consider = [&](Time at) {
    if (at > access.now() && (!next || at < *next)) next = at;
  };
  for (const ObjectPtr& node : access.cluster.of_kind(Kind::node)) {
    if (node_status(*node).posts_at) consider(*node_status(*node).posts_at);
  }
  for (const ObjectPtr& pod : access.cluster.of_kind(Kind::pod)) {
    const PodStatus& status = pod_status(*pod);
    if (!status.restart_at || pod->deletion_time || is_finished(status) || rests(status, access, rest)) continue;
    if (machines.runtime_running(status.node)) consider(*status.restart_at);
  }
  return next;
}

}  // namespace barnacle
