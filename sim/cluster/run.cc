// Time: everybody works until nobody has anything to do, then the clock jumps to the next timer.
#include <algorithm>

#include "sim/base/check.h"
#include "sim/cluster/access.h"

namespace barnacle {
namespace {

// To the fixed point of the present moment.
void settle(ClusterAccess& access, Machines& machines, const Rest& rest) {
  // Controllers that answer each other for ever at one moment would be a fault of this program.
  const std::size_t limit = 1000 + 20 * access.cluster.objects().size();
  for (std::size_t rounds = 0;; ++rounds) {
    check(rounds < limit, "controllers come to an end at one moment");
    const std::uint64_t before = access.next_version();
    collect_garbage(access);
    post_node_conditions(access, machines);
    control_daemon_sets(access);
    control_jobs(access);
    schedule_pods(access);
    run_kubelets(access, machines, rest);
    if (access.next_version() == before) return;
  }
}

std::optional<Time> next_timer(const ClusterAccess& access, const Machines& machines, const Rest& rest) {
  const std::optional<Time> job = next_job_timer(access.cluster);
  const std::optional<Time> kubelet = next_kubelet_timer(access, machines, rest);
  if (!job || (kubelet && *kubelet < *job)) return kubelet;
  return job;
}

}  // namespace

int Cluster::start_due_containers(Machines& machines, std::string_view node) {
  ClusterAccess access(*this);
  return barnacle::start_due_containers(access, machines, node);
}

void Cluster::begin_step() { ClusterAccess(*this).start_step(); }

bool Cluster::run(Machines& machines, const Rest& rest, const std::function<bool(const Cluster&)>& done) {
  ClusterAccess access(*this);
  const Time deadline = now + rest.deadline_s;
  for (;;) {
    settle(access, machines, rest);
    if (done && done(*this)) return true;
    const std::optional<Time> next = next_timer(access, machines, rest);
    if (!next) return true;
    now = std::min(*next, deadline);
    if (*next > deadline) return false;
  }
}

bool Cluster::run_for(Machines& machines, Time seconds, const std::function<bool(const Cluster&)>& done,
                      const Rest& rest) {
  ClusterAccess access(*this);
  const Time end = now + seconds;
  for (;;) {
    settle(access, machines, rest);
    if (done && done(*this)) return true;
    if (now >= end) return false;
    now = std::min(next_timer(access, machines, rest).value_or(end), end);
  }
}

}  // namespace barnacle
