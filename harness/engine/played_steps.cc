#include "harness/engine/played_steps.h"

#include "harness/scenario/scenario_toml.h"

namespace barnacle {
namespace {

constexpr std::size_t kMostKept = 512;

}  // namespace

const PlayedSteps::Left* PlayedSteps::find(Hash128 history) const {
  const auto found = left_.find(history);
  return found == left_.end() ? nullptr : &found->second;
}

void PlayedSteps::keep(Hash128 history, const World& after, const StepRecord& record) {
  if (left_.size() >= kMostKept) left_.clear();
  left_.insert_or_assign(history, Left{after, record});
}

Hash128 history_of_start(const Scenario& scenario) {
  Scenario start;
  start.nodes = scenario.nodes;
  start.at = scenario.at;
  return Hasher().add(write_scenario(start)).finish();
}

Hash128 history_after(const World& world, const VersionPtr& subject, const Step& step) {
  Scenario only;
  only.steps = {step};
  return Hasher().add(world.history).add(subject->name).add(write_scenario(only)).finish();
}

}  // namespace barnacle
