#include "harness/report/pods.h"

#include <algorithm>
#include <set>

namespace barnacle {
namespace {

constexpr std::size_t kLogLines = 3;

// The runs of a program pod by pod, both in order.
std::vector<std::vector<const RunEvent*>> runs_by_pod(const StepRecord& record, Program program) {
  std::vector<std::vector<const RunEvent*>> pods;
  for (const RunEvent& event : record.runs) {
    if (event.run->program != program) continue;
    const auto same = std::ranges::find_if(pods, [&](const auto& runs) {
      return runs.front()->pod == event.pod && runs.front()->namespace_ == event.namespace_;
    });
    if (same == pods.end()) pods.push_back({&event});
    else same->push_back(&event);
  }
  return pods;
}

bool failed(const RunEvent& event) {
  return event.run->result.ending == RunResult::Ending::exited && event.run->result.exit_code != 0;
}

FailingPod failing_pod(const std::vector<const RunEvent*>& runs) {
  const RunEvent& last = *runs.back();
  const std::vector<std::string> log = log_of(last);
  const std::size_t shown = std::min(kLogLines, log.size());
  return {.pod = last.pod,
          .node = last.node,
          .release = last.release,
          .starts = static_cast<int>(runs.size()),
          .exit_code = last.run->result.exit_code,
          .refused = last.run->result.refused,
          .struck = last.run->faulted ? last.run->struck : "",
          .last_lines = {log.end() - static_cast<std::ptrdiff_t>(shown), log.end()}};
}

}  // namespace

CleanupSummary cleanup_of(const StepRecord& record) {
  CleanupSummary summary;
  std::set<std::string> jobs;
  for (const auto& runs : runs_by_pod(record, Program::cleanup)) {
    const RunEvent& last = *runs.back();
    if (summary.pods++ == 0) summary.job = last.owner;
    jobs.insert(last.namespace_ + "/" + last.owner);
    summary.failed = summary.failed || failed(last);
    CleanupPods pod{summary.pods, summary.pods, last.run->result.exit_code, last_line(last)};
    const bool alike = !summary.groups.empty() && summary.groups.back().exit_code == pod.exit_code &&
                       summary.groups.back().last_line == pod.last_line;
    if (alike) summary.groups.back().last = pod.last;
    else summary.groups.push_back(std::move(pod));
  }
  summary.jobs = static_cast<int>(jobs.size());
  return summary;
}

std::vector<FailingPod> failing_pods(const StepRecord& record) {
  std::vector<FailingPod> failing;
  for (const auto& runs : runs_by_pod(record, Program::install)) {
    if (failed(*runs.back())) failing.push_back(failing_pod(runs));
  }
  return failing;
}

}  // namespace barnacle
