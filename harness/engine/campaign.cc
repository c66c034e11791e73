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

// A fault of Barnacle itself names the sequence that shows it, and the command that plays up to it again.
template <class Play>
auto in_sequence(const VersionPtr& subject, const CampaignOptions& options, std::uint64_t index, const Play& play) {
  try {
    return play();
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    throw InternalError(
        fmt::format("sequence {0} of seed {1}: {2} (again: barnacle run --subject {3} --seed {1} --max-steps {4} "
                    "--sequences {5}{6})",
                    index, options.seed, error.what(), subject_name(*subject), options.max_steps, index + 1,
                    options.faults ? " --faults" : ""));
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
  Worker(const Catalogue& catalogue, const Alphabet& alphabet, const VersionPtr& subject,
         const CampaignOptions& options, const CampaignHooks& hooks, Shared& shared, const std::atomic<bool>& stop,
         Clock::time_point end)
      : catalogue_(catalogue),
        subject_(subject),
        options_(options),
        scenarios_(alphabet, subject, options.seed),
        hooks_(hooks),
        shared_(shared),
        stop_(stop),
        end_(end) {}

  void work() {
    try {
      loop();
    } catch (...) {
      const std::scoped_lock lock(shared_.mutex);
      if (!shared_.error) shared_.error = std::current_exception();
      shared_.failed = true;
    }
  }

  Tally share;

 private:
  bool ended() const { return stop_ || shared_.failed || Clock::now() >= end_; }

  std::optional<Block> next_block() {
    const std::uint64_t number = shared_.next++;
    if (options_.blocks)
      return number < options_.blocks->size() ? std::optional((*options_.blocks)[number]) : std::nullopt;
    const std::uint64_t end = options_.sequences.value_or(std::numeric_limits<std::uint64_t>::max());
    const std::uint64_t length = block_length(options_);
    const std::uint64_t first = number * length;
    if (first >= end) return std::nullopt;
    return Block{first, std::min(length, end - first)};
  }

  // Sequences come in blocks: those of one theme meet each other's states in one memory, which is of no use to the
  // next.
  void loop() {
    std::unique_ptr<Lab> lab;
    std::uint64_t theme = 0;
    while (!ended()) {
      const std::optional<Block> block = next_block();
      if (!block) break;
      if (!lab || theme != block->first / kThemeLength) lab = std::make_unique<Lab>(catalogue_);
      theme = block->first / kThemeLength;
      Tally tally;
      for (std::uint64_t index = block->first; index < block->first + block->length && !ended(); ++index) {
        if (lab->store.bytes() > kLabLimitBytes) lab = std::make_unique<Lab>(catalogue_);
        play(*lab, index, tally);
      }
      add(share, tally);
      const bool whole = tally.sequences == block->length;
      if (whole && hooks_.finished && !hooks_.finished(*block, tally)) shared_.failed = true;
    }
  }

  void play(Lab& lab, std::uint64_t index, Tally& tally) {
    const Timeline timeline = in_sequence(subject_, options_, index, [&] {
      const Scenario scenario = scenarios_.at(index);
      auto played = replay(lab, subject_, scenario);
      check(played.has_value(), "a generated scenario can be played");
      if (hooks_.played) hooks_.played(lab, index, scenario, *played);
      return std::move(*played);
    });
    count(tally, timeline, index);
    ++shared_.played;
    shared_.steps += timeline.steps.size();
    if (timeline.findings.empty()) return;
    const std::scoped_lock lock(shared_.mutex);
    for (const Finding& finding : timeline.findings) shared_.seen[finding.invariant] = true;
  }

  const Catalogue& catalogue_;
  const VersionPtr& subject_;
  const CampaignOptions& options_;
  Scenarios scenarios_;
  const CampaignHooks& hooks_;
  Shared& shared_;
  const std::atomic<bool>& stop_;
  Clock::time_point end_;
};

std::optional<Finding> first_of(const Timeline& timeline, std::string_view invariant) {
  const auto found = std::ranges::find(timeline.findings, invariant, &Finding::invariant);
  if (found == timeline.findings.end()) return std::nullopt;
  return *found;
}

// From the sequence that violated the invariant to the smallest one near it, and what it shows.
void look_closer(Lab& lab, const VersionPtr& subject, const Alphabet& alphabet, const CampaignOptions& options,
                 CampaignFinding& found, const std::atomic<bool>& stop) {
  const std::string invariant = found.finding.invariant;
  found.scenario = scenario_of(alphabet, subject, options.seed, found.sequence);
  if (options.shrink) found.scenario = shrink(lab, subject, std::move(found.scenario), invariant, stop);
  const auto timeline = replay(lab, subject, found.scenario, {.details = true, .only_invariant = invariant});
  const auto first = timeline ? first_of(*timeline, invariant) : std::nullopt;
  check(first.has_value(), "a finding is found again");
  found.finding = *first;
}

// Runs `work(next)` on so many threads; next() numbers the tasks. The first exception is thrown on.
template <class Work>
void on_all_workers(std::size_t workers, const Work& work) {
  std::atomic<std::size_t> number = 0;
  std::mutex mutex;
  std::exception_ptr error;
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < workers; ++i) {
      threads.emplace_back([&] {
        try {
          work([&] { return number++; });
        } catch (...) {
          const std::scoped_lock lock(mutex);
          if (!error) error = std::current_exception();
        }
      });
    }
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace

Alphabet alphabet_for(const Catalogue& catalogue, const VersionPtr& subject, int max_steps) {
  Alphabet alphabet;
  alphabet.max_steps = max_steps;
  Lab lab(catalogue);
  for (const HostKind& kind : catalogue.host_kinds) {
    const HostPtr host = host_of_kind(lab, kind.name);
    check(host != nullptr, "every listed kind of host can be made");
    const std::string file =
        kind.runtime.family == RuntimeFamily::crio ? "/etc/crio/crio.conf" : "/etc/containerd/config.toml";
    const auto text = host->host.files.read(file);
    alphabet.hosts.push_back(describe_host(kind.name, kind.runtime, file,
                                           text ? std::optional<std::string_view>((*text)->bytes) : std::nullopt));
  }
  // The reference logic goes back and forth between its two payloads, whatever is planted in it; a version stays what
  // it is.
  for (const auto& [name, version] : catalogue.versions.versions) {
    const bool kin = subject->reference && version->reference && version->deploy.defects == subject->deploy.defects;
    if (kin && version != subject) alphabet.versions.push_back(name);
  }
  return alphabet;
}

Scenarios::Scenarios(const Alphabet& alphabet, const VersionPtr& subject, std::uint64_t seed,
                     std::uint64_t theme_length)
    : alphabet_(alphabet), subject_(subject_name(*subject)), seed_(seed), theme_length_(theme_length) {}

Scenario Scenarios::at(std::uint64_t index) {
  const std::uint64_t number = index / theme_length_;
  if (!theme_ || theme_number_ != number) {
    SeededChoices choices(Hasher().add("theme").add(seed_).add(number).finish().low);
    theme_ = draw_theme(choices, alphabet_);
    theme_number_ = number;
  }
  SeededChoices choices(Hasher().add(seed_).add(index).finish().low);
  Scenario scenario = generate(choices, *theme_);
  scenario.subject = subject_;
  return scenario;
}

Scenario scenario_of(const Alphabet& alphabet, const VersionPtr& subject, std::uint64_t seed, std::uint64_t index,
                     std::uint64_t theme_length) {
  return Scenarios(alphabet, subject, seed, theme_length).at(index);
}

Alphabet alphabet_for(const Catalogue& catalogue, const VersionPtr& subject, const CampaignOptions& options) {
  Alphabet alphabet = alphabet_for(catalogue, subject, options.max_steps);
  alphabet.faults = options.faults;
  return alphabet;
}

Tally play_sequences(const Catalogue& catalogue, const VersionPtr& subject, const CampaignOptions& options,
                     const CampaignHooks& hooks, const std::atomic<bool>& stop) {
  const Clock::time_point end =
      options.seconds
          ? Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(*options.seconds))
          : Clock::time_point::max();
  const Alphabet alphabet = alphabet_for(catalogue, subject, options);
  Shared shared;
  std::vector<std::unique_ptr<Worker>> workers;
  std::vector<std::jthread> threads;
  std::atomic<int> running = options.jobs;
  for (int job = 0; job < options.jobs; ++job) {
    workers.push_back(std::make_unique<Worker>(catalogue, alphabet, subject, options, hooks, shared, stop, end));
    threads.emplace_back([worker = workers.back().get(), &running] {
      worker->work();
      --running;
    });
  }
  while (running > 0) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    const std::scoped_lock lock(shared.mutex);
    if (hooks.progress) hooks.progress({shared.played, shared.steps, shared.seen.size()});
  }
  threads.clear();
  if (shared.error) std::rethrow_exception(shared.error);
  Tally total;
  for (const auto& worker : workers) add(total, worker->share);
  return total;
}

std::vector<CampaignFinding> findings_of(const Catalogue& catalogue, const VersionPtr& subject,
                                         const CampaignOptions& options, const Tally& tally,
                                         const std::atomic<bool>& stop) {
  std::vector<CampaignFinding> findings;
  for (const Invariant& invariant : all_invariants()) {
    const auto hit = tally.hits.find(std::string(invariant.id));
    if (hit == tally.hits.end()) continue;
    CampaignFinding& found = findings.emplace_back();
    found.finding.invariant = hit->first;
    found.sequence = hit->second.sequence;
    found.times = hit->second.times;
  }
  const Alphabet alphabet = alphabet_for(catalogue, subject, options);
  on_all_workers(std::min(static_cast<std::size_t>(options.jobs), findings.size()), [&](const auto& next) {
    Lab lab(catalogue);
    for (std::size_t at = next(); at < findings.size(); at = next()) {
      in_sequence(subject, options, findings[at].sequence,
                  [&] { look_closer(lab, subject, alphabet, options, findings[at], stop); });
    }
  });
  return findings;
}

CampaignResult run_campaign(const Catalogue& catalogue, const VersionPtr& subject, const CampaignOptions& options,
                            const std::function<void(const CampaignProgress&)>& progress,
                            const std::atomic<bool>& stop) {
  return run_campaign(catalogue, subject, options, {.played = {}, .finished = {}, .progress = progress}, stop);
}

CampaignResult run_campaign(const Catalogue& catalogue, const VersionPtr& subject, const CampaignOptions& options,
                            const CampaignHooks& hooks, const std::atomic<bool>& stop) {
  const Clock::time_point start = Clock::now();
  CampaignResult result;
  static_cast<Tally&>(result) = play_sequences(catalogue, subject, options, hooks, stop);
  result.seed = options.seed;
  result.interrupted = stop;
  result.findings = findings_of(catalogue, subject, options, result, stop);
  result.wall_seconds = std::chrono::duration<double>(Clock::now() - start).count();
  return result;
}

}  // namespace barnacle
