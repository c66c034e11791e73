#include "harness/engine/gate.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "harness/engine/path_class.h"
#include "sim/base/check.h"

namespace barnacle {
namespace {

// The scenario for another subject. Versions that a step names are kin of the subject it was made for (only the
// reference logic goes back and forth between two): they get what is planted in the other one, or are left out.
Scenario on_subject(Scenario scenario, const Version& subject) {
  const std::size_t plus = subject.name.find('+');
  const std::string planted = plus == std::string::npos ? "" : subject.name.substr(plus);
  for (Step& step : scenario.steps) {
    if (step.version.empty()) continue;
    step.version = subject.reference ? step.version.substr(0, step.version.find('+')) + planted : "";
  }
  scenario.subject = subject_name(subject);
  return scenario;
}

using Class = std::pair<std::string, std::string>;  // invariant, path class

Class class_of(const Finding& finding, const Scenario& scenario) {
  return {finding.invariant, path_class(finding.violation.path, scenario)};
}

// Takes away what the other subject shows on the same scenario; says whether there was any.
bool drop_shared(Lab& lab, const VersionPtr& against, const Scenario& scenario, const std::string& invariant,
                 std::vector<Finding>& findings) {
  if (against == nullptr || findings.empty()) return false;
  const auto other =
      replay(lab, against, on_subject(scenario, *against), {.details = false, .only_invariant = invariant});
  check(other.has_value(), "what one subject plays, the other can play");
  std::set<Class> classes;
  for (const Finding& finding : other->findings) classes.insert(class_of(finding, scenario));
  return std::erase_if(findings,
                       [&](const Finding& finding) { return classes.contains(class_of(finding, scenario)); }) > 0;
}

std::vector<std::size_t> entries_for(const Baseline& baseline, const Finding& finding) {
  std::vector<std::size_t> entries;
  for (std::size_t i = 0; i < baseline.entries.size(); ++i) {
    if (speaks_of(baseline.entries[i], finding)) entries.push_back(i);
  }
  return entries;
}

bool is_accepted(const GateOptions& options, const Finding& finding) {
  return std::ranges::any_of(options.baseline.entries, [&](const Accepted& entry) {
    return !has_expired(entry, options.today) && speaks_of(entry, finding);
  });
}

}  // namespace

// What the threads of a campaign tell, put together so that their order does not count.
class Gate::Watcher {
 public:
  Watcher(const GateOptions& options, GateResult& result) : options_(options), result_(result) {
    result_.entries.resize(options.baseline.entries.size());
  }

  void played(Lab& lab, std::uint64_t index, const Scenario& scenario, const Timeline& timeline) {
    if (timeline.findings.empty()) return;
    std::vector<Finding> findings = timeline.findings;
    const bool shared = drop_shared(lab, options_.against, scenario, "", findings);
    const std::scoped_lock lock(mutex_);
    if (shared) ++result_.shared;
    note_entries(index, findings);
    std::erase_if(findings, [&](const Finding& finding) { return is_accepted(options_, finding); });
    note_new(index, findings);
  }

  std::size_t found() {
    const std::scoped_lock lock(mutex_);
    return new_.size();
  }

  struct New {
    Hit hit;
    Finding first;
  };
  const std::map<std::string, New>& new_findings() const { return new_; }

 private:
  void note_new(std::uint64_t index, const std::vector<Finding>& findings) {
    std::set<std::string> noted;
    for (const Finding& finding : findings) {
      if (!noted.insert(finding.invariant).second) continue;
      const auto [known, first] = new_.try_emplace(finding.invariant, New{{index, 0}, finding});
      ++known->second.hit.times;
      if (index >= known->second.hit.sequence) continue;
      known->second.hit.sequence = index;
      known->second.first = finding;
    }
  }

  void note_entries(std::uint64_t index, const std::vector<Finding>& findings) {
    std::set<std::size_t> noted;
    for (const Finding& finding : findings) {
      for (const std::size_t i : entries_for(options_.baseline, finding)) {
        if (!noted.insert(i).second) continue;
        EntryUse& use = result_.entries[i];
        const bool first = use.hit.times == 0 || index < use.hit.sequence;
        if (first) use.path = finding.violation.path;
        if (first) use.hit.sequence = index;
        ++use.hit.times;
      }
    }
  }

  const GateOptions& options_;
  GateResult& result_;
  std::mutex mutex_;
  std::map<std::string, New> new_;
};

Gate::Gate(const Catalogue& catalogue, VersionPtr subject, GateOptions options)
    : catalogue_(catalogue), subject_(std::move(subject)), options_(std::move(options)), lab_(catalogue) {}

GateResult Gate::play(const std::function<void(const CampaignProgress&)>& progress,
                      const std::function<bool(std::size_t found)>& ends_early, const std::atomic<bool>& stop) {
  GateResult result;
  Watcher watcher(options_, result);
  std::atomic<bool> enough = stop.load();
  const CampaignHooks hooks{.played = [&](Lab& lab, std::uint64_t index, const Scenario& scenario,
                                          const Timeline& timeline) { watcher.played(lab, index, scenario, timeline); },
                            .finished = {},
                            .progress =
                                [&](const CampaignProgress& so_far) {
                                  if (progress) progress(so_far);
                                  if (stop || (ends_early && ends_early(watcher.found()))) enough = true;
                                }};
  result.played = play_sequences(catalogue_, subject_, options_.campaign, hooks, enough);
  const Alphabet alphabet = alphabet_for(catalogue_, subject_, options_.campaign);
  for (const Invariant& invariant : all_invariants()) {
    const auto found = watcher.new_findings().find(std::string(invariant.id));
    if (found == watcher.new_findings().end()) continue;
    GateFinding finding;
    finding.invariant = found->first;
    finding.hit = found->second.hit;
    finding.first = found->second.first;
    finding.scenario = scenario_of(alphabet, subject_, options_.campaign.seed, finding.hit.sequence);
    finding.steps_as_found = finding.scenario.steps.size();
    result.findings.push_back(std::move(finding));
  }
  return result;
}

Timeline Gate::play_finding(const Scenario& scenario, const std::string& invariant, bool details) {
  auto timeline = replay(lab_, subject_, scenario, {.details = details, .only_invariant = invariant});
  check(timeline.has_value(), "a generated scenario can be played");
  drop_shared(lab_, options_.against, scenario, invariant, timeline->findings);
  std::erase_if(timeline->findings, [&](const Finding& finding) { return is_accepted(options_, finding); });
  return std::move(*timeline);
}

void Gate::show(GateFinding& finding) {
  finding.timeline = play_finding(finding.scenario, finding.invariant, true);
  check(!finding.timeline.findings.empty(), "a new finding is found again");
  finding.expired = entries_for(options_.baseline, finding.timeline.findings.front());
}

void Gate::shrink(GateFinding& finding, const std::atomic<bool>& stop) {
  const Shows shows = [&](const Scenario& candidate) -> std::optional<std::size_t> {
    const Timeline timeline = play_finding(candidate, finding.invariant, false);
    if (timeline.findings.empty()) return std::nullopt;
    return static_cast<std::size_t>(timeline.findings.front().step);
  };
  finding.scenario = barnacle::shrink(std::move(finding.scenario), shows, stop);
  finding.shrunk = !stop;
}

}  // namespace barnacle
