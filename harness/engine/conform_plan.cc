#include "harness/engine/conform_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

namespace barnacle {
namespace {

// "02-after-restart1.txt" → "after-restart1.txt"
std::string_view label_of(std::string_view file) { return file.substr(3); }

// The step that a listing was taken after, by its name; an install is named by what it made.
StepKind step_of(std::string_view file) {
  const std::string_view label = label_of(file);
  if (label.contains("restart")) return StepKind::restart_pod;
  if (label.contains("uninstall")) return StepKind::uninstall;
  return label.contains("upgrade") ? StepKind::upgrade : StepKind::install;
}

bool is_install_or_upgrade(StepKind kind) { return kind == StepKind::install || kind == StepKind::upgrade; }

struct Planner {
  const Scenario& scenario;
  std::deque<GivenStep> given;
  std::deque<PlannedListing> listings = {};  // of steps, in order
  RecordingPlan plan = {};

  // Listings of other nodes are named after them: "90-node-b-after-uninstall.txt".
  void sort_out(const std::string& file) {
    const std::string first = scenario.nodes.empty() ? "" : scenario.nodes.front().name;
    for (const NodeSpec& node : scenario.nodes) {
      if (node.name != first && label_of(file).starts_with(node.name + "-")) {
        plan.at_the_end.push_back({file, node.name});
        return;
      }
    }
    if (file.starts_with("00-")) plan.before.push_back({file, first});
    else listings.push_back({file, first});
  }

  Step with_given_values(Step step) {
    const std::string name(step_name(step.kind));
    if (given.empty()) {
      plan.problems.push_back(fmt::format("{} {}: nothing was given for it", name, step.release));
      return step;
    }
    if (given.front().what != name || given.front().release != step.release) {
      plan.problems.push_back(
          fmt::format("{} {}: given was {} {}", name, step.release, given.front().what, given.front().release));
    }
    step.values = std::move(given.front().values);
    given.pop_front();
    return step;
  }

  // Whether the recording has got so far.
  bool add(const Step& step) {
    const bool listed = !listings.empty() && step_of(listings.front().file) == step.kind;
    if (!listed && step.kind != StepKind::uninstall) return false;
    Play play{is_install_or_upgrade(step.kind) ? with_given_values(step) : step, {}};
    play.step.times = 1;
    if (listed) {
      play.listings.push_back(std::move(listings.front()));
      listings.pop_front();
    }
    plan.plays.push_back(std::move(play));
    return true;
  }

  void add_steps() {
    bool ended = false;
    for (const Step& step : scenario.steps) {
      if (ended && step.kind != StepKind::uninstall) continue;
      for (int time = 0; time < step.times; ++time) {
        if (add(step)) continue;
        ended = ended || step.kind != StepKind::restart_pod;
        break;
      }
    }
  }

  void note_what_is_left() {
    for (const PlannedListing& listing : listings) plan.problems.push_back(listing.file + ": no step of the scenario");
    for (const GivenStep& step : given)
      plan.problems.push_back(fmt::format("given {} {}: no step of the scenario", step.what, step.release));
  }
};

}  // namespace

bool is_listing(std::string_view file) {
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return file.size() > 7 && file.ends_with(".txt") && digit(file[0]) && digit(file[1]) && file[2] == '-';
}

RecordingPlan plan_recording(const Scenario& scenario, const std::vector<GivenStep>& given,
                             const std::vector<std::string>& files) {
  Planner planner{scenario, {given.begin(), given.end()}};
  for (const std::string& file : files) planner.sort_out(file);
  planner.add_steps();
  planner.note_what_is_left();
  return std::move(planner.plan);
}

}  // namespace barnacle
