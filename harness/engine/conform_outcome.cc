#include "harness/engine/conform_outcome.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace barnacle {
namespace {

constexpr int kTerminated = 143;  // SIGTERM: how a pod that serves is ended

bool is_helm_step(StepKind kind) {
  return kind == StepKind::install || kind == StepKind::upgrade || kind == StepKind::rollback ||
         kind == StepKind::uninstall;
}

std::string without_digits(std::string text) {
  std::erase_if(text, [](char c) { return c >= '0' && c <= '9'; });
  return text;
}

// The model's pods as a recording has them. The present one of a DaemonSet has not exited: it counts as terminated, as
// it is in the end.
std::vector<RecordedPod> pods_of(const std::vector<StepRecord>& steps) {
  std::vector<RecordedPod> pods;
  for (const StepRecord& step : steps) {
    for (const RunEvent& event : step.runs) {
      auto pod = std::ranges::find(pods, event.pod, &RecordedPod::name);
      if (pod == pods.end()) {
        pods.push_back({event.pod, std::string(program_name(event.run->program)), event.owner, {}});
        pod = std::prev(pods.end());
      }
      const RunResult& result = event.run->result;
      const bool exited = result.ending == RunResult::Ending::exited;
      pod->starts.push_back({exited ? result.exit_code : kTerminated, last_line(event)});
    }
  }
  return pods;
}

using PodsByOwner = std::map<std::string, std::vector<const RecordedPod*>>;

PodsByOwner by_owner(const std::vector<RecordedPod>& pods) {
  PodsByOwner owners;
  for (const RecordedPod& pod : pods) owners[pod.role + " pods of " + pod.owner].push_back(&pod);
  return owners;
}

bool failed(const ContainerRun& run, bool is_cleanup) {
  return run.exit_code != 0 && (is_cleanup || run.exit_code != kTerminated);
}

void compare_start(const ContainerRun& recorded, const ContainerRun& model, bool is_cleanup, const std::string& where,
                   std::vector<std::string>& differences) {
  const bool both_fail = failed(recorded, is_cleanup) && failed(model, is_cleanup);
  const bool exits_differ =
      is_cleanup ? recorded.exit_code != model.exit_code : failed(recorded, is_cleanup) != failed(model, is_cleanup);
  if (exits_differ) {
    differences.push_back(fmt::format("{}: recorded exit {} '{}', model exit {} '{}'", where, recorded.exit_code,
                                      recorded.last_line, model.exit_code, model.last_line));
  } else if (both_fail && without_digits(recorded.last_line) != without_digits(model.last_line)) {
    differences.push_back(fmt::format("{}: recorded '{}', model '{}'", where, recorded.last_line, model.last_line));
  }
}

void compare_pods(const std::vector<const RecordedPod*>& recorded, const std::vector<const RecordedPod*>& model,
                  const std::string& owner, std::vector<std::string>& differences) {
  if (recorded.size() != model.size()) {
    differences.push_back(fmt::format("{}: recorded {}, model {}", owner, recorded.size(), model.size()));
  }
  for (std::size_t i = 0; i < std::min(recorded.size(), model.size()); ++i) {
    const std::string pod = fmt::format("{}: pod {}", owner, i + 1);
    const auto& left = recorded[i]->starts;
    const auto& right = model[i]->starts;
    if (left.size() != right.size())
      differences.push_back(fmt::format("{}: recorded {} starts, model {}", pod, left.size(), right.size()));
    for (std::size_t start = 0; start < std::min(left.size(), right.size()); ++start) {
      compare_start(left[start], right[start], recorded[i]->role == "cleanup",
                    fmt::format("{} start {}", pod, start + 1), differences);
    }
  }
}

void compare_helm(const Outcome& recorded, const std::vector<StepRecord>& steps,
                  std::vector<std::string>& differences) {
  std::vector<HelmCommand> commands;
  // `helm list` changes nothing: the recorder's own question.
  std::ranges::copy_if(recorded.helm, std::back_inserter(commands),
                       [](const HelmCommand& command) { return command.command != "list"; });
  std::size_t at = 0;
  for (const StepRecord& step : steps) {
    if (!is_helm_step(step.step->kind)) continue;
    const std::string name(step_name(step.step->kind));
    if (at == commands.size()) {
      differences.push_back(fmt::format("helm {}: is not recorded", name));
      continue;
    }
    const HelmCommand& command = commands[at++];
    if (command.command == name && command.status == step.exit_status) continue;
    differences.push_back(fmt::format("helm {}: recorded {} status {}, model status {} ({})", name, command.command,
                                      command.status, step.exit_status, step.message));
  }
  for (; at < commands.size(); ++at)
    differences.push_back(fmt::format("helm {}: is recorded, and no step of the scenario", commands[at].command));
}

}  // namespace

std::vector<std::string> compare_outcome(const Outcome& recorded, const std::vector<StepRecord>& steps) {
  std::vector<std::string> differences;
  compare_helm(recorded, steps, differences);
  const std::vector<RecordedPod> model_pods = pods_of(steps);
  PodsByOwner model = by_owner(model_pods);
  PodsByOwner owners = by_owner(recorded.pods);
  for (const auto& [owner, pods] : model) owners.try_emplace(owner);
  for (const auto& [owner, pods] : owners) compare_pods(pods, model[owner], owner, differences);
  return differences;
}

}  // namespace barnacle
