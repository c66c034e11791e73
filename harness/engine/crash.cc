#include "harness/engine/crash.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace barnacle {
namespace {

struct Difference {
  std::string path;  // empty: none
  std::string what;
};

// Where the hosts (Obs) of one world differ from those of the other.
Difference difference_of(const World& wanted, const World& present) {
  static constexpr std::string_view kWhat[] = {"is there and should not be", "is gone", "differs"};
  for (const NodeHost& node : wanted.nodes) {
    const NodeHost* other = present.find_node(node.name);
    if (other == nullptr) return {node.name, "the node is gone"};
    if (node.host->state == other->host->state || node.host->host.seen_hash() == other->host->host.seen_hash())
      continue;
    const std::vector<TreeChange> changes = diff(node.host->host.files, other->host->host.files, Compare::seen);
    if (changes.empty()) return {node.host->host.runtime.unit(), "runs with another configuration"};
    const std::string more = changes.size() > 1 ? fmt::format(" (and {} more)", changes.size() - 1) : "";
    return {changes.front().path, std::string(kWhat[static_cast<std::size_t>(changes.front().what)]) + more};
  }
  return {};
}

Step step_of(StepKind kind, const Step& of) {
  Step step;
  step.kind = kind;
  step.release = of.release;
  step.namespace_ = of.namespace_;
  return step;
}

// A world and the two that recovery leads to, one after the other.
struct Stages {
  World after;
  World restarted;
  World uninstalled;
};

class Crasher {
 public:
  Crasher(Lab& lab, const VersionPtr& subject, const std::atomic<bool>& stop, CrashReport& report)
      : lab_(lab), subject_(subject), stop_(stop), report_(report) {}

  // Cuts the step everywhere; `world` becomes what it leaves uncut.
  void cut(World& world, const Step& step, int index) {
    const World before = world;
    const StepRecord uncut = play_step(lab_, world, subject_, step);
    const Stages wanted = recover(world, step);
    std::map<Program, int> runs;
    for (const RunEvent& event : uncut.runs) {
      const int run = ++runs[event.run->program];
      for (int effect = 1; effect <= event.run->effects && !stop_; ++effect) {
        CrashPoint point;
        point.step = index;
        point.program = program_name(event.run->program);
        point.run = run;
        point.node = event.node;
        point.effect = effect;
        cut_at(before, step, wanted, std::move(point));
      }
    }
  }

 private:
  Stages recover(const World& world, const Step& step) {
    Stages stages{world, world, world};
    if (step.release.empty() || step.kind == StepKind::uninstall) return stages;
    play_step(lab_, stages.restarted, subject_, step_of(StepKind::restart_pod, step));
    stages.uninstalled = stages.restarted;
    play_step(lab_, stages.uninstalled, subject_, step_of(StepKind::uninstall, step));
    return stages;
  }

  void cut_at(const World& before, const Step& step, const Stages& wanted, CrashPoint point) {
    Fault fault;
    fault.program = point.program;
    fault.run = point.run;
    fault.effect = point.effect;
    Step faulty = step;
    faulty.faults.push_back(fault);
    World world = before;
    const StepRecord record = play_step(lab_, world, subject_, faulty);
    ++report_.cuts;
    const Difference difference = difference_of(wanted.after, world);
    if (difference.path.empty()) return;
    for (const RunEvent& event : record.runs) {
      if (event.run->faulted) point.what = with_node_name(event.run->struck, event.node);
    }
    const Stages reached = recover(world, step);
    point.recovery = difference_of(wanted.restarted, reached.restarted).path.empty()       ? Recovery::by_restart
                     : difference_of(wanted.uninstalled, reached.uninstalled).path.empty() ? Recovery::by_uninstall
                                                                                           : Recovery::never;
    // After an uninstall nothing is left to be restarted.
    if (step.kind == StepKind::uninstall) point.recovery = Recovery::never;
    point.path = difference.path;
    point.difference = difference.what;
    report_.points.push_back(std::move(point));
  }

  Lab& lab_;
  const VersionPtr& subject_;
  const std::atomic<bool>& stop_;
  CrashReport& report_;
};

}  // namespace

std::string_view recovery_name(Recovery recovery) {
  switch (recovery) {
    case Recovery::by_itself: return "by itself";
    case Recovery::by_restart: return "by a restart";
    case Recovery::by_uninstall: return "by an uninstall";
    case Recovery::never: return "never";
  }
  return "?";
}

std::expected<CrashReport, std::string> crash_everywhere(Lab& lab, const VersionPtr& subject, const Scenario& scenario,
                                                         const std::atomic<bool>& stop) {
  auto world = start_world(lab, scenario);
  if (!world) return std::unexpected(world.error());
  CrashReport report;
  Crasher crasher(lab, subject, stop, report);
  if (lab.tier) lab.tier->watch_effects(true);
  for (std::size_t i = 0; i < scenario.steps.size() && !stop; ++i)
    crasher.cut(*world, scenario.steps[i], static_cast<int>(i) + 1);
  report.interrupted = stop;
  return report;
}

}  // namespace barnacle
