// Equality of steps and scenarios. The line and the file where they were read do not count.
#include <algorithm>
#include <tuple>

#include "harness/scenario/scenario.h"
#include "harness/scenario/steps.h"

namespace barnacle {
namespace {

bool same_options(const HelmOptions& left, const HelmOptions& right) {
  const auto same_flag = [&](const HelmFlag& flag) { return left.*flag.member == right.*flag.member; };
  return std::ranges::all_of(helm_flags(), same_flag) && left.history_max == right.history_max &&
         left.timeout_s == right.timeout_s && left.cascade == right.cascade &&
         left.kill_after_requests == right.kill_after_requests;
}

auto compared(const Step& step) {
  return std::tie(step.kind, step.release, step.namespace_, step.values, step.version, step.revision, step.node,
                  step.host, step.runtime, step.uncordon, step.node_labels, step.handler, step.host_edit,
                  step.cluster_edit, step.at, step.times, step.faults);
}

}  // namespace

bool Step::operator==(const Step& other) const {
  return compared(*this) == compared(other) && same_options(options, other.options);
}

bool Scenario::operator==(const Scenario& other) const {
  const auto compared_members = [](const Scenario& scenario) {
    return std::tie(scenario.title, scenario.source, scenario.subject, scenario.at, scenario.helm, scenario.nodes,
                    scenario.steps, scenario.expect);
  };
  return compared_members(*this) == compared_members(other);
}

}  // namespace barnacle
