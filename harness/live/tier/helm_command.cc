#include "harness/live/tier/helm_command.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/text.h"

namespace barnacle {
namespace {

// One row per switch that only some commands know.
struct Switch {
  bool HelmOptions::* given;
  const char* name;
  bool install, upgrade, rollback, uninstall;  // which commands take it
};
constexpr Switch kSwitches[] = {
    {&HelmOptions::wait, "--wait", true, true, true, true},
    {&HelmOptions::atomic, "--atomic", true, true, false, false},
    {&HelmOptions::force, "--force", true, true, true, false},
    {&HelmOptions::force_conflicts, "--force-conflicts", true, true, true, false},
    {&HelmOptions::take_ownership, "--take-ownership", true, true, false, false},
    {&HelmOptions::cleanup_on_fail, "--cleanup-on-fail", false, true, true, false},
    {&HelmOptions::no_hooks, "--no-hooks", true, true, true, true},
    {&HelmOptions::keep_history, "--keep-history", false, false, false, true},
    {&HelmOptions::install, "--install", false, true, false, false},
    {&HelmOptions::replace, "--replace", true, false, false, false},
    {&HelmOptions::reuse_values, "--reuse-values", false, true, false, false},
    {&HelmOptions::reset_values, "--reset-values", false, true, false, false},
    {&HelmOptions::reset_then_reuse_values, "--reset-then-reuse-values", false, true, false, false},
    {&HelmOptions::create_namespace, "--create-namespace", true, true, false, false},
};

bool takes(const Switch& one, StepKind kind) {
  switch (kind) {
    case StepKind::install: return one.install;
    case StepKind::upgrade: return one.upgrade;
    case StepKind::rollback: return one.rollback;
    default: return one.uninstall;
  }
}

const char* cascade_name(Propagation propagation) {
  switch (propagation) {
    case Propagation::foreground: return "foreground";
    case Propagation::orphan: return "orphan";
    default: return "background";
  }
}

}  // namespace

std::vector<std::string> helm_arguments(const Step& step, const std::string& chart, const std::string& values_file,
                                        Time timeout_s) {
  std::vector<std::string> arguments = {std::string(step_name(step.kind)), step.release};
  const bool renders = step.kind == StepKind::install || step.kind == StepKind::upgrade;
  if (renders) arguments.push_back(chart);
  if (step.kind == StepKind::rollback && step.revision > 0) arguments.push_back(std::to_string(step.revision));
  arguments.insert(arguments.end(), {"--namespace", step.namespace_});
  if (renders && step.values) arguments.insert(arguments.end(), {"--values", values_file});
  for (const Switch& one : kSwitches) {
    if (step.options.*one.given && takes(one, step.kind)) arguments.emplace_back(one.name);
  }
  if (step.kind == StepKind::upgrade || step.kind == StepKind::rollback)
    arguments.push_back(fmt::format("--history-max={}", step.options.history_max));
  if (step.kind == StepKind::uninstall)
    arguments.push_back(fmt::format("--cascade={}", cascade_name(step.options.cascade)));
  arguments.push_back(fmt::format("--timeout={}s", timeout_s));
  return arguments;
}

std::string error_of_helm(const std::string& standard_error) {
  constexpr std::string_view kError = "Error: ";
  std::string message;
  std::string last;
  for (const std::string& line : split(standard_error, '\n')) {
    if (!message.empty()) message += " " + line.substr(std::min(line.find_first_not_of(" \t"), line.size()));
    else if (line.starts_with(kError)) message = line.substr(kError.size());
    last = line;
  }
  return message.empty() ? last : message;
}

}  // namespace barnacle
