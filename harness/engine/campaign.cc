#include "harness/engine/campaign.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <limits>
#include <mutex>
#include <thread>

#include "harness/scenario/alphabet.h"
#include "harness/scenario/choices.h"
#include "harness/scenario/generator.h"
#include "harness/scenario/theme.h"
#include "sim/base/check.h"

namespace barnacle {
namespace {

using Clock = std::chrono::steady_clock;  // for --time and for people; in no result

// Interned values and remembered runs beyond this are thrown away between two sequences.
constexpr std::size_t kLabLimitBytes = std::size_t{1} << 28;

struct Share {
  std::uint64_t sequences = 0;
  std::uint64_t steps = 0;
  std::uint64_t applied = 0;
  std::uint64_t installs = 0;
  std::uint64_t refused_installs = 0;
  std::map<std::string, std::uint64_t> steps_by_kind;
  std::uint64_t disturbed = 0;
  std::map<std::string, std::uint64_t> faults;
  Counted counted;
  Hash128 digest;  // a sum, so that the order of sequences does not count
  struct Hit {
    std::uint64_t sequence = 0;
    std::uint64_t times = 0;
  };
  std::map<std::string, Hit> hits;  // by invariant: its first sequence
};

void add(Counted& total, const Counted& part) {
  total.asked.resize(all_invariants().size());
  total.spoke.resize(all_invariants().size());
  for (std::size_t i = 0; i < part.asked.size(); ++i) {
    total.asked[i] += part.asked[i];
    total.spoke[i] += part.spoke[i];
  }
}

void count_faults(Share& share, const Timeline& timeline) {
  bool any = false;
  for (const StepOutcome& step : timeline.steps) {
    for (const Disturbance one : step.disturbances) {
      ++share.faults[std::string(disturbance_name(one))];
      any = true;
    }
  }
  if (any) ++share.disturbed;
}

void count(Share& share, const Timeline& timeline, std::uint64_t index) {
  ++share.sequences;
  for (const StepOutcome& step : timeline.steps) {
    ++share.steps;
    if (step.applied) ++share.applied;
    ++share.steps_by_kind[std::string(step_name(step.kind))];
    if (step.kind != StepKind::install) continue;
    ++share.installs;
    if (step.refused) ++share.refused_installs;
  }
  count_faults(share, timeline);
  add(share.counted, timeline.counted);
  const Hash128 digest = Hasher().add(index).add(timeline.digest).finish();
  share.digest.low += digest.low;
  share.digest.high += digest.high;
  std::map<std::string, bool> violated;
  for (const Finding& finding : timeline.findings) violated[finding.invariant] = true;
  for (const auto& [invariant, yes] : violated) {
    const auto [hit, first] = share.hits.try_emplace(invariant, Share::Hit{index, 0});
    hit->second.sequence = std::min(hit->second.sequence, index);
    ++hit->second.times;
  }
}

// A fault of Barnacle itself names the sequence that shows it, and the command that plays up to it again.
template <class Play>
auto in_sequence(const VersionPtr& subject, const CampaignOptions& options, std::uint64_t index, const Play& play) {
  try {
    return play();
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    throw InternalError(fmt::format("sequence {0} of seed {1}: {2} (again: barnacle run --subject {3} --seed {1} --max-steps {4} --sequences {5}{6})",
                                    index, options.seed, error.what(), subject_name(*subject), options.max_steps, index + 1, options.faults ? " --faults" : ""));
  }
}

struct Shared {
  std::atomic<std::uint64_t> next{0};
  std::atomic<std::uint64_t> played{0};
  std::atomic<std::uint64_t> steps{0};
  std::mutex mutex;
  std::map<std::string, bool> seen;
  std::exception_ptr error;
  std::atomic<bool> failed{false};
};

// Whole themes where there are enough of them for all workers; otherwise parts of one, which divide its length.
std::uint64_t block_length(const CampaignOptions& options) {
  const auto workers = static_cast<std::uint64_t>(options.jobs);
  if (workers == 1) return kThemeLength;
  if (options.sequences && *options.sequences >= 4 * workers * kThemeLength) return kThemeLength;
  std::uint64_t length = 256;
  while (length > 1 && options.sequences && *options.sequences < 4 * workers * length) length /= 2;
  return length;
}

class Worker {
 public:
  Worker(const Catalogue& catalogue, const Alphabet& alphabet, const VersionPtr& subject, const CampaignOptions& options, Shared& shared,
         const std::atomic<bool>& stop, Clock::time_point end)
      : catalogue_(catalogue), alphabet_(alphabet), subject_(subject), options_(options), shared_(shared), stop_(stop), end_(end) {}

  void work() {
    try {
      loop();
    } catch (...) {
      const std::scoped_lock lock(shared_.mutex);
      if (!shared_.error) shared_.error = std::current_exception();
      shared_.failed = true;
    }
  }

  Share share;

 private:
  bool ended() const { return stop_ || shared_.failed || Clock::now() >= end_; }

  // Sequences come in blocks: those of one theme meet each other's states in one memory, which is of no use to the next.
  void loop() {
    const std::uint64_t end = options_.sequences.value_or(std::numeric_limits<std::uint64_t>::max());
    const std::uint64_t length = block_length(options_);
    std::unique_ptr<Lab> lab;
    std::uint64_t theme = 0;
    while (!ended()) {
      const std::uint64_t first = shared_.next.fetch_add(length);
      if (first >= end) break;
      if (!lab || theme != first / kThemeLength) lab = std::make_unique<Lab>(catalogue_);
      theme = first / kThemeLength;
      for (std::uint64_t index = first; index < std::min(first + length, end) && !ended(); ++index) {
        if (lab->store.bytes() > kLabLimitBytes) lab = std::make_unique<Lab>(catalogue_);
        play(*lab, index);
      }
    }
  }

  void play(Lab& lab, std::uint64_t index) {
    const auto timeline = in_sequence(subject_, options_, index, [&] {
      auto played = replay(lab, subject_, scenario_of(alphabet_, subject_, options_.seed, index));
      check(played.has_value(), "a generated scenario can be played");
      return played;
    });
    count(share, *timeline, index);
    ++shared_.played;
    shared_.steps += timeline->steps.size();
    if (timeline->findings.empty()) return;
    const std::scoped_lock lock(shared_.mutex);
    for (const Finding& finding : timeline->findings) shared_.seen[finding.invariant] = true;
  }

  const Catalogue& catalogue_;
  const Alphabet& alphabet_;
  const VersionPtr& subject_;
  const CampaignOptions& options_;
  Shared& shared_;
  const std::atomic<bool>& stop_;
  Clock::time_point end_;
};

void add(CampaignResult& result, std::map<std::string, Share::Hit>& hits, const Share& share) {
  result.sequences += share.sequences;
  result.steps += share.steps;
  result.applied += share.applied;
  result.installs += share.installs;
  result.refused_installs += share.refused_installs;
  result.disturbed += share.disturbed;
  for (const auto& [name, count] : share.faults) result.faults[name] += count;
  for (const auto& [kind, count] : share.steps_by_kind) result.steps_by_kind[kind] += count;
  add(result.counted, share.counted);
  result.digest.low += share.digest.low;
  result.digest.high += share.digest.high;
  for (const auto& [invariant, hit] : share.hits) {
    const auto [total, first] = hits.try_emplace(invariant, hit);
    if (first) continue;
    total->second.sequence = std::min(total->second.sequence, hit.sequence);
    total->second.times += hit.times;
  }
}

std::optional<Finding> first_of(const Timeline& timeline, std::string_view invariant) {
  const auto found = std::ranges::find(timeline.findings, invariant, &Finding::invariant);
  if (found == timeline.findings.end()) return std::nullopt;
  return *found;
}

}  // namespace

Alphabet alphabet_for(const Catalogue& catalogue, const VersionPtr& subject, int max_steps) {
  Alphabet alphabet;
  alphabet.max_steps = max_steps;
  Lab lab(catalogue);
  for (const HostKind& kind : catalogue.host_kinds) {
    const HostPtr host = host_of_kind(lab, kind.name);
    check(host != nullptr, "every listed kind of host can be made");
    const std::string file = kind.runtime.family == RuntimeFamily::crio ? "/etc/crio/crio.conf" : "/etc/containerd/config.toml";
    const auto text = host->host.files.read(file);
    alphabet.hosts.push_back(describe_host(kind.name, kind.runtime, file, text ? std::optional<std::string_view>((*text)->bytes) : std::nullopt));
  }
  // The reference logic goes back and forth between its two payloads, whatever is planted in it; a version stays what it is.
  for (const auto& [name, version] : catalogue.versions.versions) {
    const bool kin = subject->reference && version->reference && version->deploy.defects == subject->deploy.defects;
    if (kin && version != subject) alphabet.versions.push_back(name);
  }
  return alphabet;
}

Scenario scenario_of(const Alphabet& alphabet, const VersionPtr& subject, std::uint64_t seed, std::uint64_t index, std::uint64_t theme_length) {
  SeededChoices theme_choices(Hasher().add("theme").add(seed).add(index / theme_length).finish().low);
  const Alphabet theme = draw_theme(theme_choices, alphabet);
  SeededChoices choices(Hasher().add(seed).add(index).finish().low);
  Scenario scenario = generate(choices, theme);
  scenario.subject = subject_name(*subject);
  return scenario;
}

CampaignResult run_campaign(const Catalogue& catalogue, const VersionPtr& subject, const CampaignOptions& options,
                            const std::function<void(const CampaignProgress&)>& progress, const std::atomic<bool>& stop) {
  const Clock::time_point start = Clock::now();
  const Clock::time_point end = options.seconds ? start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(*options.seconds))
                                                : Clock::time_point::max();
  Alphabet alphabet = alphabet_for(catalogue, subject, options.max_steps);
  alphabet.faults = options.faults;
  Shared shared;
  std::vector<std::unique_ptr<Worker>> workers;
  std::vector<std::jthread> threads;
  std::atomic<int> running = options.jobs;
  for (int job = 0; job < options.jobs; ++job) {
    workers.push_back(std::make_unique<Worker>(catalogue, alphabet, subject, options, shared, stop, end));
    threads.emplace_back([worker = workers.back().get(), &running] {
      worker->work();
      --running;
    });
  }
  while (running > 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    const std::scoped_lock lock(shared.mutex);
    if (progress) progress({shared.played, shared.steps, shared.seen.size()});
  }
  threads.clear();
  if (shared.error) std::rethrow_exception(shared.error);
  CampaignResult result;
  result.seed = options.seed;
  result.interrupted = stop;
  std::map<std::string, Share::Hit> hits;
  for (const auto& worker : workers) add(result, hits, worker->share);
  Lab lab(catalogue);
  for (const Invariant& invariant : all_invariants()) {
    const auto hit = hits.find(std::string(invariant.id));
    if (hit == hits.end()) continue;
    CampaignFinding found;
    found.sequence = hit->second.sequence;
    found.times = hit->second.times;
    in_sequence(subject, options, found.sequence, [&] {
      found.scenario = scenario_of(alphabet, subject, options.seed, found.sequence);
      if (options.shrink) found.scenario = shrink(lab, subject, std::move(found.scenario), hit->first, stop);
      const auto timeline = replay(lab, subject, found.scenario, {.details = true, .only_invariant = hit->first});
      const auto first = timeline ? first_of(*timeline, hit->first) : std::nullopt;
      check(first.has_value(), "a finding is found again");
      found.finding = *first;
    });
    result.findings.push_back(std::move(found));
  }
  result.wall_seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return result;
}

}  // namespace barnacle
