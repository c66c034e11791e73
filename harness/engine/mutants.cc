#include "harness/engine/mutants.h"

#include <map>
#include <mutex>

#include "harness/engine/campaign.h"
#include "harness/engine/threads.h"
#include "sim/base/check.h"

namespace barnacle {
namespace {

constexpr std::uint64_t kTheme = 16;

// A sequence with what the unmutated logic makes of it.
struct Known {
  Scenario scenario;
  Hash128 digest;
};

class Mutator {
 public:
  Mutator(const Catalogue& catalogue, const MutantOptions& options, const std::atomic<bool>& stop)
      : catalogue_(catalogue),
        options_(options),
        stop_(stop),
        subject_(find_subject(catalogue.versions, "model:kata")) {
    check(subject_ != nullptr, "there is a reference logic");
  }

  // Which sequences do which effects.
  void survey() {
    Alphabet alphabet = alphabet_for(catalogue_, subject_, options_.max_steps);
    for (std::uint64_t index = 0; index < options_.sequences && !stop_; ++index) {
      alphabet.faults = index % 2 == 1;
      Known known{scenario_of(alphabet, subject_, options_.seed, index, kTheme), {}};
      Lab lab(catalogue_);
      std::set<EffectPlace> places;
      lab.runner.remember = false;
      lab.runner.probe.survey = &places;
      known.digest = play(lab, known.scenario).digest;
      for (const EffectPlace& place : places) {
        if (auto& sequences = where_[place]; sequences.size() < options_.tries) sequences.push_back(index);
      }
      known_.push_back(std::move(known));
    }
  }

  std::vector<MutantScore> mutants() const {
    std::vector<MutantScore> all;
    for (const auto& [place, sequences] : where_) {
      if (options_.only && *options_.only != place) continue;
      for (const auto what : {Mutation::What::drop, Mutation::What::repeat, Mutation::What::swap}) {
        all.emplace_back();
        all.back().mutation = {what, place};
      }
    }
    return all;
  }

  void judge(MutantScore& mutant) const {
    for (const std::uint64_t index : where_.at(mutant.mutation.place)) {
      if (stop_ || mutant.fate == MutantScore::Fate::killed) return;
      Lab lab(catalogue_);
      lab.runner.probe.mutation = mutant.mutation;
      const Timeline timeline = play(lab, known_[index].scenario);
      ++mutant.tried;
      if (!timeline.findings.empty()) {
        mutant.fate = MutantScore::Fate::killed;
        mutant.invariant = timeline.findings.front().invariant;
        mutant.sequence = index;
      } else if (mutant.fate == MutantScore::Fate::equivalent && !(timeline.digest == known_[index].digest)) {
        mutant.fate = MutantScore::Fate::survived;
        mutant.sequence = index;
      }
    }
  }

 private:
  Timeline play(Lab& lab, const Scenario& scenario) const {
    auto timeline = replay(lab, subject_, scenario);
    check(timeline.has_value(), "a generated scenario can be played");
    return std::move(*timeline);
  }

  const Catalogue& catalogue_;
  const MutantOptions& options_;
  const std::atomic<bool>& stop_;
  VersionPtr subject_;
  std::vector<Known> known_;
  std::map<EffectPlace, std::vector<std::uint64_t>> where_;
};

}  // namespace

std::vector<MutantScore> run_mutants(const Catalogue& catalogue, const MutantOptions& options,
                                     const std::function<void(std::size_t done, std::size_t all)>& progress,
                                     const std::atomic<bool>& stop) {
  Mutator mutator(catalogue, options, stop);
  mutator.survey();
  std::vector<MutantScore> mutants = mutator.mutants();
  std::mutex mutex;
  std::size_t done = 0;
  on_threads(options.jobs, mutants.size(), stop, [&](std::size_t i) {
    mutator.judge(mutants[i]);
    const std::scoped_lock lock(mutex);
    if (progress) progress(++done, mutants.size());
  });
  return mutants;
}

}  // namespace barnacle
