#include "sim/helm/object_status.h"

#include <algorithm>

#include "sim/cluster/json_read.h"

namespace barnacle {
namespace {

std::string fraction(const char* what, int of, int all) {
  return what + std::to_string(of) + "/" + std::to_string(all);
}

ObjectStatus status_of_job(const Object& job) {
  const auto& status = std::get<JobStatus>(job.status);
  const Json& spec = at(job.json(), "spec");
  const Time parallelism = number_at(spec, "parallelism").value_or(1);
  const int completions = static_cast<int>(number_at(spec, "completions").value_or(parallelism));
  if (status.condition == "Complete")
    return {Progress::current, fraction("Job Completed. succeeded: ", status.succeeded, completions)};
  if (status.condition == "Failed")
    return {Progress::failed, fraction("Job Failed. failed: ", status.failed, completions)};
  return {Progress::in_progress, "Job in progress"};
}

ObjectStatus status_of_pod(const Object& pod) {
  const PodPhase phase = std::get<PodStatus>(pod.status).phase;
  if (phase == PodPhase::succeeded) return {Progress::current, "pod " + pod.name + " succeeded"};
  if (phase == PodPhase::failed) return {Progress::failed, "pod " + pod.name + " failed"};
  return {Progress::in_progress, "Pod in progress"};
}

ObjectStatus status_of_daemon_set(const Cluster& cluster, const Object& daemon_set) {
  const DaemonSetCounts counts = cluster.counts_of(daemon_set);
  if (!counts.observed) return {Progress::in_progress, "Missing .status.desiredNumberScheduled"};
  if (counts.updated < counts.desired)
    return {Progress::in_progress, fraction("Updated: ", counts.updated, counts.desired)};
  if (counts.available < counts.desired)
    return {Progress::in_progress, fraction("Available: ", counts.available, counts.desired)};
  return {Progress::current, "All replicas scheduled as expected. Replicas: " + std::to_string(counts.desired)};
}

const char* progress_name(Progress progress) {
  static constexpr const char* kNames[] = {"InProgress", "Current", "Failed"};
  return kNames[static_cast<std::size_t>(progress)];
}

std::string not_ready(const Object& object, const ObjectStatus& status) {
  return "resource " + std::string(kind_name(object.kind)) + "/" + object.namespace_ + "/" + object.name +
         " not ready. status: " + progress_name(status.progress) + ", message: " + status.message;
}

}  // namespace

ObjectStatus status_of(const Cluster& cluster, const Object& wanted) {
  const ObjectPtr live = cluster.find(wanted.kind, wanted.namespace_, wanted.name);
  if (!live) return {Progress::in_progress, "Resource not found"};
  switch (live->kind) {
    case Kind::job: return status_of_job(*live);
    case Kind::pod: return status_of_pod(*live);
    case Kind::daemon_set: return status_of_daemon_set(cluster, *live);
    default: return {Progress::current, "Resource is current"};
  }
}

Done wait_until_current(Client& client, const ObjectList& objects) {
  const bool in_time = client.wait_until(client.options().timeout_s, [&objects](const Cluster& cluster) {
    return std::ranges::none_of(objects, [&cluster](const Object* object) {
      return status_of(cluster, *object).progress == Progress::in_progress;
    });
  });
  std::string errors;
  for (const Object* object : objects) {
    const ObjectStatus status = status_of(client.cluster(), *object);
    if (status.progress != Progress::current) errors += (errors.empty() ? "" : "\n") + not_ready(*object, status);
  }
  if (!in_time) errors += (errors.empty() ? "" : "\n") + std::string("context deadline exceeded");
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return {};
}

}  // namespace barnacle
