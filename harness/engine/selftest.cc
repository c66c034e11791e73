#include "harness/engine/selftest.h"

#include <algorithm>
#include <chrono>
#include <mutex>

#include "harness/engine/campaign.h"
#include "harness/engine/tape_search.h"
#include "harness/engine/threads.h"
#include "sim/base/check.h"

namespace barnacle {
namespace {

using Clock = std::chrono::steady_clock;  // for people; in no result that is compared

// Short themes: a defect that shows on one kind of node only should not have to wait for it.
constexpr std::uint64_t kSelftestTheme = 16;
// So many sequences of a seed that detected nothing are held against the reference logic's.
constexpr std::uint64_t kCompared = 200;
constexpr std::size_t kMemoryLimitBytes = std::size_t{1} << 27;

std::string subject_of(Defect defect) { return "model:kata+" + std::string(row_of(defect).id); }

// One defect, one seed.
struct Trial {
  Defect defect{};
  std::uint64_t seed = 0;
  bool reached = false;
  bool triggered = false;
  std::optional<std::uint64_t> sequence;  // in which it was detected, from 0
  double seconds = 0;
  std::vector<std::string> caught_by;  // the first to speak first
  Scenario scenario;                   // that sequence
};

class Tester {
 public:
  Tester(const Catalogue& catalogue, const SelftestOptions& options, const std::atomic<bool>& stop)
      : catalogue_(catalogue), options_(options), stop_(stop) {}

  void play(Trial& trial) const {
    const auto reached = std::make_shared<std::atomic<bool>>(false);
    Catalogue own = catalogue_;
    plant(own.versions, trial.defect, reached);
    const VersionPtr subject = find_subject(own.versions, subject_of(trial.defect));
    check(subject != nullptr, "a planted defect is a subject");
    const Alphabet alphabet = alphabet_for(own, subject, options_.max_steps);
    const Clock::time_point start = Clock::now();
    auto lab = std::make_unique<Lab>(own);
    const std::uint64_t most = trial.defect == Defect::canary ? options_.canary_sequences : options_.sequences;
    Alphabet with_faults = alphabet;
    with_faults.faults = true;
    TapeSearch search(with_faults, trial.seed);
    for (std::uint64_t index = 0; index < most && !stop_ && !trial.sequence; ++index) {
      if (lab->store.bytes() > kMemoryLimitBytes) lab = std::make_unique<Lab>(own);
      const bool fuzzing = options_.engine == SelftestEngine::fuzzer;
      play_sequence(*lab, subject, fuzzing ? search.next() : sequence_of(alphabet, subject, trial.seed, index),
                    fuzzing ? &search : nullptr, index, trial);
    }
    trial.seconds = std::chrono::duration<double>(Clock::now() - start).count();
    trial.reached = *reached;
    trial.triggered = trial.sequence || differs_from_reference(own, alphabet, subject, trial.seed);
  }

  // The first detected sequence once more, made small.
  void shrink_first(const Trial& trial, DefectScore& score) const {
    const VersionPtr subject = find_subject(catalogue_.versions, subject_of(trial.defect));
    Lab lab(catalogue_);
    score.minimal_invariant = trial.caught_by.front();
    score.minimal = shrink(lab, subject, trial.scenario, score.minimal_invariant, stop_);
  }

 private:
  // Every other one has faults: some defects take one to show, and many are seen sooner without.
  static Scenario sequence_of(Alphabet alphabet, const VersionPtr& subject, std::uint64_t seed, std::uint64_t index) {
    alphabet.faults = index % 2 == 1;
    return scenario_of(alphabet, subject, seed, index, kSelftestTheme);
  }

  // `search` may be null; else it is shown what comes of the sequence.
  void play_sequence(Lab& lab, const VersionPtr& subject, const Scenario& scenario, TapeSearch* search,
                     std::uint64_t index, Trial& trial) const {
    const std::vector<std::string> violated = violated_by(lab, subject, scenario, search);
    if (violated.empty()) return;
    const std::vector<std::string> anyway = violated_beside(lab, trial.defect, scenario);
    for (const std::string& invariant : violated) {
      if (std::ranges::count(anyway, invariant) == 0) trial.caught_by.push_back(invariant);
    }
    if (trial.caught_by.empty()) return;
    trial.sequence = index;
    trial.scenario = scenario;
  }

  static std::vector<std::string> violated_by(Lab& lab, const VersionPtr& subject, const Scenario& scenario,
                                              TapeSearch* search = nullptr) {
    ReplayOptions options;
    if (search != nullptr) options.watch = [search](const World& world, const Step& step) { search->saw(world, step); };
    const auto timeline = replay(lab, subject, scenario, options);
    check(timeline.has_value(), "a generated scenario can be played");
    std::vector<std::string> violated;
    for (const Finding& finding : timeline->findings) {
      if (std::ranges::count(violated, finding.invariant) == 0) violated.push_back(finding.invariant);
    }
    return violated;
  }

  // What the defect that is planted beside this one does by itself.
  static std::vector<std::string> violated_beside(Lab& lab, Defect defect, Scenario scenario) {
    const auto beside = row_of(defect).beside;
    if (!beside) return {};
    const std::string id(row_of(*beside).id);
    for (Step& step : scenario.steps) {
      if (const std::size_t plus = step.version.find('+'); plus != std::string::npos)
        step.version = step.version.substr(0, plus + 1) + id;
    }
    return violated_by(lab, find_subject(lab.catalogue.versions, subject_of(*beside)), scenario);
  }

  bool differs_from_reference(const Catalogue& own, const Alphabet& alphabet, const VersionPtr& subject,
                              std::uint64_t seed) const {
    const VersionPtr reference = find_subject(own.versions, "model:kata");
    Lab lab(own);
    for (std::uint64_t index = 0; index < std::min(kCompared, options_.sequences) && !stop_; ++index) {
      const Scenario scenario = sequence_of(alphabet, subject, seed, index);
      const auto planted = replay(lab, subject, scenario);
      const auto plain = replay(lab, reference, on_reference(scenario));
      check(planted.has_value() && plain.has_value(), "a generated scenario can be played");
      if (looks(*planted) != looks(*plain)) return true;
    }
    return false;
  }

  // The same sequence with the versions that have nothing planted in them.
  static Scenario on_reference(Scenario scenario) {
    for (Step& step : scenario.steps) step.version = step.version.substr(0, step.version.find('+'));
    return scenario;
  }

  // What a defect could have changed: the hosts after each step (the image's name is in the cluster's objects).
  static std::vector<Hash128> looks(const Timeline& timeline) {
    std::vector<Hash128> hosts;
    for (const StepOutcome& step : timeline.steps) {
      for (const RunEvent& event : step.record.runs) hosts.push_back(event.after->host.seen_hash());
    }
    return hosts;
  }

  const Catalogue& catalogue_;
  const SelftestOptions& options_;
  const std::atomic<bool>& stop_;
};

template <class Number>
Number median(std::vector<Number> numbers) {
  if (numbers.empty()) return {};
  std::ranges::sort(numbers);
  return numbers[numbers.size() / 2];
}

void add(DefectScore& score, const Trial& trial) {
  score.reached += trial.reached ? 1 : 0;
  score.triggered += trial.triggered ? 1 : 0;
  if (!trial.sequence) return;
  ++score.detected;
  score.sequences.push_back(*trial.sequence + 1);
  score.seconds.push_back(trial.seconds);
  for (const std::string& invariant : trial.caught_by) ++score.caught_by[invariant];
}

}  // namespace

std::uint64_t DefectScore::median_sequences() const { return median(sequences); }
double DefectScore::median_seconds() const { return median(seconds); }

std::vector<DefectScore> run_selftest(const Catalogue& catalogue, const SelftestOptions& options,
                                      const std::function<void(const SelftestProgress&)>& progress,
                                      const std::atomic<bool>& stop) {
  std::vector<Trial> trials;
  for (const Defect defect : options.defects) {
    for (int seed = 1; seed <= options.seeds; ++seed) {
      trials.emplace_back();
      trials.back().defect = defect;
      trials.back().seed = static_cast<std::uint64_t>(seed);
    }
  }
  Catalogue planted = catalogue;
  for (const DefectRow& row : all_defects()) plant(planted.versions, row.defect);
  const Tester tester(planted, options, stop);
  std::mutex mutex;
  SelftestProgress done{0, static_cast<int>(trials.size())};
  on_threads(options.jobs, trials.size(), stop, [&](std::size_t i) {
    tester.play(trials[i]);
    const std::scoped_lock lock(mutex);
    ++done.done;
    if (progress) progress(done);
  });
  std::vector<DefectScore> scores;
  for (const Defect defect : options.defects) {
    scores.emplace_back();
    scores.back().defect = defect;
    for (const Trial& trial : trials) {
      if (trial.defect == defect) add(scores.back(), trial);
    }
  }
  on_threads(options.jobs, scores.size(), stop, [&](std::size_t i) {
    const auto first = std::ranges::find_if(
        trials, [&](const Trial& trial) { return trial.defect == scores[i].defect && trial.sequence; });
    if (first != trials.end()) tester.shrink_first(*first, scores[i]);
  });
  return scores;
}

}  // namespace barnacle
