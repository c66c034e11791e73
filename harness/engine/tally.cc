#include "harness/engine/tally.h"

#include <algorithm>
#include <set>

namespace barnacle {
namespace {

void add(Counted& total, const Counted& part) {
  total.asked.resize(all_invariants().size());
  total.spoke.resize(all_invariants().size());
  for (std::size_t i = 0; i < part.asked.size(); ++i) {
    total.asked[i] += part.asked[i];
    total.spoke[i] += part.spoke[i];
  }
}

void count_faults(Tally& tally, const Timeline& timeline) {
  bool any = false;
  for (const StepOutcome& step : timeline.steps) {
    for (const Disturbance one : step.disturbances) {
      ++tally.faults[std::string(disturbance_name(one))];
      any = true;
    }
  }
  if (any) ++tally.disturbed;
}

}  // namespace

void add(std::map<std::string, Hit>& total, const std::string& invariant, const Hit& part) {
  const auto [hit, first] = total.try_emplace(invariant, part);
  if (first) return;
  hit->second.sequence = std::min(hit->second.sequence, part.sequence);
  hit->second.times += part.times;
}

void count(Tally& tally, const Timeline& timeline, std::uint64_t index) {
  ++tally.sequences;
  for (const StepOutcome& step : timeline.steps) {
    ++tally.steps;
    if (step.applied) ++tally.applied;
    ++tally.steps_by_kind[std::string(step_name(step.kind))];
    if (step.kind != StepKind::install) continue;
    ++tally.installs;
    if (step.refused) ++tally.refused_installs;
  }
  count_faults(tally, timeline);
  add(tally.counted, timeline.counted);
  const Hash128 digest = Hasher().add(index).add(timeline.digest).finish();
  tally.digest.low += digest.low;
  tally.digest.high += digest.high;
  std::set<std::string> violated;
  for (const Finding& finding : timeline.findings) violated.insert(finding.invariant);
  for (const std::string& invariant : violated) add(tally.hits, invariant, {index, 1});
}

void add(Tally& total, const Tally& part) {
  total.sequences += part.sequences;
  total.steps += part.steps;
  total.applied += part.applied;
  total.installs += part.installs;
  total.refused_installs += part.refused_installs;
  total.disturbed += part.disturbed;
  for (const auto& [name, times] : part.faults) total.faults[name] += times;
  for (const auto& [kind, times] : part.steps_by_kind) total.steps_by_kind[kind] += times;
  add(total.counted, part.counted);
  total.digest.low += part.digest.low;
  total.digest.high += part.digest.high;
  for (const auto& [invariant, hit] : part.hits) add(total.hits, invariant, hit);
}

}  // namespace barnacle
