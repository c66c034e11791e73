#include "harness/engine/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "harness/engine/words.h"
#include "harness/invariants/contract.h"
#include "harness/scenario/steps.h"
#include "sim/base/check.h"

namespace barnacle {
namespace {

struct FindingKey {
  std::string invariant;
  std::string node;
  std::string path;
  auto operator<=>(const FindingKey&) const = default;
};

std::string result_of(const StepRecord& record) {
  if (!record.applied) return "skipped: " + record.message;
  if (record.refused) return "refused: " + record.message;
  if (record.exit_status != 0) return fmt::format("exit {}: {}", record.exit_status, record.message);
  return record.at_rest ? "ok" : "did not come to rest";
}

bool every_pod_refused(const StepRecord& record) {
  return !record.runs.empty() &&
         std::ranges::all_of(record.runs, [](const RunEvent& event) { return event.run->result.refused; });
}

bool above(const EffectNote& note, const std::string& path) {
  return path.starts_with(note.path) && path.size() > note.path.size() && path[note.path.size()] == '/';
}

bool writes_contents(const EffectNote& note) {
  return note.kind != EffectKind::chmod && note.kind != EffectKind::touch;
}

using Concerns = bool (*)(const EffectNote& note, const std::string& path);
// The best answer to "who wrote this?" first.
constexpr std::array<Concerns, 3> kConcerns{
    [](const EffectNote& note, const std::string& path) { return note.path == path && writes_contents(note); },
    [](const EffectNote& note, const std::string& path) { return note.path == path; },
    above,
};

// The last change, over all steps so far, of the file in which the finding stands.
Author author_of(const std::vector<StepOutcome>& steps, const Violation& violation) {
  const std::string& path = violation.file.empty() ? violation.path : violation.file;
  for (const Concerns concerns : kConcerns) {
    for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
      for (auto event = step->record.runs.rbegin(); event != step->record.runs.rend(); ++event) {
        if (!violation.node.empty() && event->node != violation.node) continue;
        const EffectNotes changes = event->run->changes.all();
        const auto change = std::find_if(changes.rbegin(), changes.rend(),
                                         [&](const EffectNote& note) { return concerns(note, path); });
        if (change == changes.rend()) continue;
        return {event->release,
                event->revision,
                step->index,
                event->node,
                event->pod,
                change->number,
                with_node_name(describe_change(*change), event->node),
                change->line};
      }
    }
  }
  return {};
}

// Helm could have produced its own record: numbers grow. (Two revisions may well be deployed: `install --replace` after
// a failed upgrade leaves the older one so.)
void check_releases(const Cluster& cluster) {
  const std::vector<RevisionPtr> revisions = stored_revisions(cluster);  // by release
  for (std::size_t i = 1; i < revisions.size(); ++i) {
    const Revision& earlier = *revisions[i - 1];
    const Revision& later = *revisions[i];
    const bool of_one = earlier.namespace_ == later.namespace_ && earlier.release == later.release;
    check(!of_one || earlier.number < later.number, "revisions of a release are numbered upwards");
  }
}

std::vector<std::string> host_changes(const World& before, const World& after) {
  std::vector<std::string> lines;
  for (const NodeHost& node : after.nodes) {
    const NodeHost* was = before.find_node(node.name);
    if (was == nullptr || was->host == node.host) continue;
    for (const TreeChange& change : diff(was->host->host.files, node.host->host.files, Compare::seen)) {
      static constexpr std::string_view kSign[] = {"+", "-", "~"};
      lines.push_back(fmt::format("{} {} {}", node.name, kSign[static_cast<std::size_t>(change.what)], change.path));
    }
  }
  return lines;
}

class Player {
 public:
  Player(Lab& lab, const VersionPtr& subject, const ReplayOptions& options)
      : lab_(lab), subject_(subject), options_(options) {
    timeline_.counted.asked.resize(all_invariants().size());
    timeline_.counted.spoke.resize(all_invariants().size());
  }

  void play(World& world, const Step& step, int index) {
    const World before = world;
    StepOutcome outcome;
    outcome.index = index;
    outcome.kind = step.kind;
    outcome.record = play_step(lab_, world, subject_, step);
    outcome.result = result_of(outcome.record);
    outcome.applied = outcome.record.applied && !outcome.record.refused;
    outcome.refused = outcome.record.refused || every_pod_refused(outcome.record);
    rolling_.add(static_cast<std::uint64_t>(step.kind))
        .add(static_cast<std::uint64_t>(outcome.record.exit_status))
        .add(world.hash());
    outcome.digest = rolling_.finish();
    if (options_.details) outcome.host_changes = host_changes(before, world);
    if (helm_command(step.kind) != 0) check_releases(world.cluster);  // nobody else writes them
    outcome.disturbances = disturbances_in(outcome.record, world);
    timeline_.steps.push_back(std::move(outcome));
    judge_step(before, world, step);
    if (options_.watch) options_.watch(world, step);
  }

  Timeline finish(World world) {
    timeline_.digest = rolling_.finish();
    timeline_.end = std::move(world);
    return std::move(timeline_);
  }

  bool found() const { return !timeline_.findings.empty(); }

 private:
  void judge_step(const World& before, const World& after, const Step& step) {
    const CheckContext context = make_context(lab_, before, after, step, timeline_.steps.back().record);
    const auto invariants = all_invariants();
    const std::vector<Disturbance>& disturbances = timeline_.steps.back().disturbances;
    for (std::size_t i = 0; i < invariants.size(); ++i) {
      if (!options_.only_invariant.empty() && invariants[i].id != options_.only_invariant) continue;
      if (!disturbances.empty() && !is_owed(invariants[i].id, context.record, after)) continue;
      ++timeline_.counted.asked[i];
      const Verdict verdict = judge(invariants[i], context);
      if (verdict.spoke) ++timeline_.counted.spoke[i];
      for (const Violation& violation : verdict.violations) report(invariants[i], violation);
    }
  }

  void report(const Invariant& invariant, const Violation& violation) {
    if (!known_.insert({std::string(invariant.id), violation.node, violation.path}).second) return;
    rolling_.add(invariant.id).add(violation.path);
    timeline_.findings.push_back(
        {std::string(invariant.id), timeline_.steps.back().index, violation, author_of(timeline_.steps, violation)});
  }

  Lab& lab_;
  const VersionPtr& subject_;
  const ReplayOptions& options_;
  Timeline timeline_;
  Hasher rolling_;
  std::set<FindingKey> known_;
};

}  // namespace

std::expected<Timeline, std::string> replay(Lab& lab, const VersionPtr& subject, const Scenario& scenario,
                                            const ReplayOptions& options) {
  auto world = start_world(lab, scenario);
  if (!world) return std::unexpected(world.error());
  Player player(lab, subject, options);
  for (std::size_t i = 0; i < scenario.steps.size(); ++i) {
    player.play(*world, scenario.steps[i], static_cast<int>(i) + 1);
    if (options.stop_at_first && player.found()) break;
  }
  return player.finish(std::move(*world));
}

}  // namespace barnacle
