// The deploy logic's own honesty, and what runs beside it.
#include <fmt/format.h>

#include <algorithm>

#include "harness/invariants/checks.h"

namespace barnacle {
namespace {

bool reports_failure(const RunRecord& run) {
  return run.result.ending == RunResult::Ending::exited && run.result.exit_code != 0;
}

// The same run with nothing failing, in a cluster that grants everything.
HostPtr without_fault(const CheckContext& context, const RunEvent& event) {
  Cluster cluster;
  if (event.surroundings) cluster = *event.surroundings;
  else cluster.add_node(event.node, event.before->host.runtime.text());
  const ProgramStart start{{.program = event.run->program,
                            .settings = event.settings,
                            .node = event.node,
                            .account = {},
                            .host_now = context.lab.catalogue.versions.file_date(context.record.started)},
                           event.pod_object};
  HostPtr host = event.before;
  (void)run_program(context.lab, start, host, cluster);
  return host;
}

std::string pod_trouble(const PodStatus& status) {
  if (status.stuck) return "waits for something that will not come";
  if (status.container == ContainerState::waiting && status.exits.empty()) return "has not started";
  if (status.exits.empty()) return "is not ready";
  return fmt::format("failed {} times: {}", status.exits.size(), status.exits.back().last_line);
}

bool in_final_state(const PodStatus& status) {
  if (status.container == ContainerState::running) return status.settled;
  return !status.exits.empty() && status.exits.back().refused;
}

}  // namespace

void deploy_truthful(const CheckContext& context, Verdict& verdict) {
  for (const RunEvent& event : context.record.runs) {
    const bool failed_operation = event.run->faulted && event.run->struck.contains(": ");
    if (!failed_operation) continue;
    verdict.spoke = true;
    if (reports_failure(*event.run)) continue;
    if (seen_files(context.lab, without_fault(context, event)->host.files) ==
        seen_files(context.lab, event.after->host.files))
      continue;
    verdict.violations.push_back({event.node, event.run->struck,
                                  fmt::format("failed, and {} reports success", program_name(event.run->program)),
                                  event.release});
  }
}

void deploy_refusal_clean(const CheckContext& context, Verdict& verdict) {
  for (const RunEvent& event : context.record.runs) {
    if (!event.run->result.refused) continue;
    verdict.spoke = true;
    const std::string& root = event.settings->destination();
    const bool withdrew = event.before->host.files.exists(root) && !event.after->host.files.exists(root);
    if (!withdrew &&
        seen_files(context.lab, event.before->host.files) != seen_files(context.lab, event.after->host.files)) {
      verdict.violations.push_back({event.node, "", "a run that refused its values changed the host", event.release});
    }
    if (event.run->program == Program::cleanup) {
      verdict.violations.push_back(
          {event.node, event.pod, fmt::format("a cleanup refuses its values: {}", last_line(event)), event.release});
    }
  }
}

void workload_survives(const CheckContext& context, Verdict& verdict) {
  const bool watched = context.step.kind <= StepKind::restart_pod || context.step.kind == StepKind::edit_cluster;
  if (!watched || context.before.workloads.empty()) return;
  verdict.spoke = true;
  for (const std::string& lost : context.record.killed_workloads) {
    verdict.violations.push_back({"", lost, "a running workload lost a file that it needs", context.step.release});
  }
}

void release_settles(const CheckContext& context, Verdict& verdict) {
  verdict.spoke = true;
  if (!context.record.at_rest)
    verdict.violations.push_back({"", "", "the world did not come to rest", context.step.release});
  for (const ObjectPtr& pod : context.after.cluster.of_kind(Kind::pod)) {
    if (pod->owners.empty() || pod->owners.front().kind != Kind::daemon_set) continue;
    const auto& status = std::get<PodStatus>(pod->status);
    if (in_final_state(status)) continue;
    verdict.violations.push_back(
        {status.node, "DaemonSet " + pod->owners.front().name, "its pod " + pod_trouble(status), context.step.release});
  }
  for (const ObjectPtr& job : context.after.cluster.of_kind(Kind::job)) {
    const auto& status = std::get<JobStatus>(job->status);
    if (!status.condition.empty()) continue;
    verdict.violations.push_back({"", describe(*job), "is not over", context.step.release});
  }
  for (const RevisionPtr& revision : stored_revisions(context.after.cluster)) {
    const bool pending =
        status_name(revision->status).starts_with("pending") || revision->status == ReleaseStatus::uninstalling;
    // An older one stays as its client left it, whatever Helm did since: only what was deployed is superseded.
    if (!pending || newest_revision(context.after.cluster, revision->namespace_, revision->release) != revision)
      continue;
    verdict.violations.push_back({"", fmt::format("release {} revision {}", revision->release, revision->number),
                                  fmt::format("is left {}", status_name(revision->status)), revision->release});
  }
}

}  // namespace barnacle
