#include "harness/engine/explore.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>
#include <unordered_map>

#include "harness/engine/words.h"
#include "harness/scenario/scenario_toml.h"
#include "sim/base/check.h"

namespace barnacle {
namespace {

using Clock = std::chrono::steady_clock;  // for the bound in time and for people

constexpr std::uint64_t kLookAround = 256;  // transitions between two looks at clock and memory
constexpr std::size_t kMostWorlds = std::size_t{1} << 31;

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

// Which letter each letter becomes when two equal nodes change their names; empty where some letter has no twin.
using Twins = std::vector<std::size_t>;

Step on_other_node(Step step, const std::string& a, const std::string& b) {
  if (step.node == a) step.node = b;
  else if (step.node == b) step.node = a;
  for (Fault& fault : step.faults) {
    if (fault.node == a) fault.node = b;
    else if (fault.node == b) fault.node = a;
  }
  return step;
}

Twins twins_of(const std::vector<Step>& letters, const NodeSpec& a, const NodeSpec& b) {
  if (a.host != b.host || a.labels != b.labels) return {};
  Twins twins;
  for (const Step& letter : letters) {
    const auto twin = std::ranges::find(letters, on_other_node(letter, a.name, b.name));
    if (twin == letters.end()) return {};
    twins.push_back(static_cast<std::size_t>(twin - letters.begin()));
  }
  return twins;
}

// For the first pair of equal nodes whose letters have twins. (More pairs would spare more; two nodes is what is
// asked.)
Twins find_twins(const Scenario& alphabet) {
  for (std::size_t i = 0; i < alphabet.nodes.size(); ++i) {
    for (std::size_t k = i + 1; k < alphabet.nodes.size(); ++k) {
      if (Twins twins = twins_of(alphabet.steps, alphabet.nodes[i], alphabet.nodes[k]); !twins.empty()) return twins;
    }
  }
  return {};
}

struct Judged {
  const Invariant* invariant;
  Violation violation;
};

class Explorer {
 public:
  Explorer(const Catalogue& catalogue, const VersionPtr& subject, const Scenario& alphabet,
           const ExploreOptions& options, const std::atomic<bool>& stop)
      : lab_(catalogue), subject_(subject), alphabet_(alphabet), options_(options), stop_(stop) {
    if (options.symmetry) twins_ = find_twins(alphabet);
    start_ = Clock::now();
  }

  std::expected<ExploreReport, std::string> run(const ExploreReport& resume,
                                                const std::function<void(const ExploreProgress&)>& progress,
                                                const std::function<void(const ExploreReport&)>& finished) {
    auto first = start_world(lab_, alphabet_);
    if (!first) return std::unexpected(first.error());
    if (resume.reached.empty()) begin(*first);
    else rebuild(*first, resume);
    while (static_cast<int>(report_.levels.size()) <= options_.depth && report_.stopped.empty()) {
      go_deeper(progress);
      if (report_.stopped.empty() && finished) finished(report_);
    }
    return std::move(report_);
  }

 private:
  struct Frontier {
    World world;
    std::uint32_t index = 0;
  };

  void begin(const World& first) {
    report_.levels.push_back({1, 0, 0});
    report_.reached.push_back({});
    report_.reached.back().key = key_of(first, report_.reached.back());
    seen_.emplace(report_.reached.back().key, 0);
    frontier_.push_back({first, 0});
  }

  // The worlds of the last depth once more, by playing the one step that led to each of them and their forebears.
  void rebuild(const World& first, const ExploreReport& resume) {
    report_ = resume;
    for (std::size_t i = 0; i < resume.reached.size(); ++i)
      seen_.emplace(resume.reached[i].key, static_cast<std::uint32_t>(i));
    frontier_.push_back({first, 0});
    for (std::uint16_t depth = 1; depth < resume.levels.size(); ++depth) {
      std::unordered_map<std::uint32_t, const World*> parents;
      for (const Frontier& one : frontier_) parents[one.index] = &one.world;
      std::vector<Frontier> next;
      for (std::size_t i = 0; i < resume.reached.size(); ++i) {
        const Reached& reached = resume.reached[i];
        if (reached.depth != depth) continue;
        World world = *parents.at(reached.parent);
        play_step(lab_, world, subject_, alphabet_.steps[reached.letter]);
        next.push_back({std::move(world), static_cast<std::uint32_t>(i)});
      }
      frontier_ = std::move(next);
    }
  }

  // How many faults may follow belongs to the world; whether twins were left out does not: a sequence that is its own
  // twin leads to a world that is, and from there either of two twins will do.
  Hash128 key_of(const World& world, const Reached& reached) const {
    return Hasher().add(world.hash()).add(std::uint64_t{reached.faults}).finish();
  }

  void go_deeper(const std::function<void(const ExploreProgress&)>& progress) {
    const auto depth = static_cast<std::uint16_t>(report_.levels.size());
    const bool last = depth == options_.depth;
    report_.levels.push_back({});
    std::vector<Frontier> next;
    for (Frontier& from : frontier_) {
      for (std::size_t letter = 0; letter < alphabet_.steps.size(); ++letter) {
        const auto reached = step_to(from, letter, depth);
        if (!reached) continue;
        take(from, *reached, last, next);
        if (++played_ % kLookAround != 0) continue;
        if (progress) progress({depth, report_.reached.size(), report_.transitions(), report_.findings.size()});
        if (must_stop()) {
          abandon_level();
          return;
        }
      }
      from.world = {};  // what is not needed again makes room
    }
    frontier_ = std::move(next);
  }

  // Nothing: the letter is not free here.
  std::optional<Reached> step_to(const Frontier& from, std::size_t letter, std::uint16_t depth) const {
    const Reached& parent = report_.reached[from.index];
    Reached reached;
    reached.parent = from.index;
    reached.letter = static_cast<std::uint16_t>(letter);
    reached.depth = depth;
    reached.faults = static_cast<std::uint8_t>(parent.faults + (alphabet_.steps[letter].faults.empty() ? 0 : 1));
    if (reached.faults > options_.faults) return std::nullopt;
    reached.broken = parent.broken || twins_.empty();
    if (reached.broken) return reached;
    // While a sequence is its own twin, the first letter that is not has to be the lesser of the two.
    if (twins_[letter] < letter) return std::nullopt;
    reached.broken = twins_[letter] != letter;
    return reached;
  }

  void take(const Frontier& from, Reached reached, bool last, std::vector<Frontier>& next) {
    ExploreLevel& level = report_.levels.back();
    ++level.transitions;
    const Step& step = alphabet_.steps[reached.letter];
    World world = from.world;
    const StepRecord record = play_step(lab_, world, subject_, step);
    if (!record.applied || record.refused) ++level.idle;
    for (const Judged& judged : judge_step(from.world, world, step, record)) note(judged, reached);
    reached.key = key_of(world, reached);
    const auto [known, is_new] = seen_.try_emplace(reached.key, static_cast<std::uint32_t>(report_.reached.size()));
    if (!is_new) {
      check_congruence(world, known->second, reached, next);
      return;
    }
    check(report_.reached.size() < kMostWorlds, "there is a number for every world");
    report_.reached.push_back(reached);
    ++level.worlds;
    if (!last || options_.congruence_pairs > 0) next.push_back({std::move(world), known->second});
  }

  std::vector<Judged> judge_step(const World& before, const World& after, const Step& step, const StepRecord& record) {
    const CheckContext context = make_context(lab_, before, after, step, record);
    std::vector<Judged> judged;
    for (const Invariant& invariant : all_invariants()) {
      if (!is_owed(invariant.id, record, after)) continue;
      Verdict verdict = judge(invariant, context);
      if (!verdict.violations.empty()) judged.push_back({&invariant, std::move(verdict.violations.front())});
    }
    return judged;
  }

  // The first finding of an invariant has the shortest sequence: depth by depth.
  void note(const Judged& judged, const Reached& reached) {
    const auto same = [&](const ExploreFinding& found) { return found.finding.invariant == judged.invariant->id; };
    if (std::ranges::any_of(report_.findings, same)) return;
    ExploreFinding found;
    found.finding.invariant = std::string(judged.invariant->id);
    found.finding.step = reached.depth;
    found.finding.violation = judged.violation;
    found.scenario = sequence_of(reached);
    report_.findings.push_back(std::move(found));
  }

  Scenario sequence_of(const Reached& reached) const {
    Scenario scenario;
    scenario.nodes = alphabet_.nodes;
    scenario.at = alphabet_.at;
    scenario.subject = subject_name(*subject_);
    for (const Reached* at = &reached; at->depth > 0; at = &report_.reached[at->parent])
      scenario.steps.push_back(alphabet_.steps[at->letter]);
    std::ranges::reverse(scenario.steps);
    return scenario;
  }

  // Two worlds of one hash: what follows has to be the same. Only those found at this depth are still at hand.
  void check_congruence(const World& world, std::uint32_t known, const Reached& reached,
                        const std::vector<Frontier>& next) {
    if (report_.pairs >= options_.congruence_pairs) return;
    const auto twin = std::ranges::lower_bound(next, known, {}, &Frontier::index);
    if (twin == next.end() || twin->index != known) return;
    ++report_.pairs;
    // One letter for each pair, another one each time.
    const Step& step = alphabet_.steps[report_.pairs % alphabet_.steps.size()];
    const std::string one = outcome_of(world, step);
    const std::string other = outcome_of(twin->world, step);
    if (one == other) return;
    report_.incongruent.push_back(fmt::format("{} | and {} | then {}: {} | {}", words_of(sequence_of(reached)),
                                              words_of(sequence_of(report_.reached[known])), describe_step(step), one,
                                              other));
  }

  std::string outcome_of(const World& before, const Step& step) {
    World after = before;
    const StepRecord record = play_step(lab_, after, subject_, step);
    std::string outcome = to_hex(after.hash());
    for (const Judged& judged : judge_step(before, after, step, record))
      outcome += " " + std::string(judged.invariant->id);
    return outcome;
  }

  static std::string words_of(const Scenario& scenario) {
    std::string words;
    for (const Step& step : scenario.steps) words += (words.empty() ? "" : ", ") + describe_step(step);
    return words;
  }

  bool must_stop() {
    if (stop_) report_.stopped = "interrupted";
    else if (options_.seconds && std::chrono::duration<double>(Clock::now() - start_).count() >= *options_.seconds)
      report_.stopped = "time";
    else if (resident_bytes() > options_.memory_bytes) report_.stopped = "memory";
    return !report_.stopped.empty();
  }

  // What was begun is not claimed.
  void abandon_level() {
    const auto depth = static_cast<std::uint16_t>(report_.levels.size() - 1);
    report_.levels.pop_back();
    std::erase_if(report_.reached, [&](const Reached& reached) { return reached.depth == depth; });
  }

  Lab lab_;
  const VersionPtr& subject_;
  const Scenario& alphabet_;
  const ExploreOptions& options_;
  const std::atomic<bool>& stop_;
  Twins twins_;
  Clock::time_point start_;
  ExploreReport report_;
  std::unordered_map<Hash128, std::uint32_t, Hash128Hash> seen_;
  std::vector<Frontier> frontier_;
  std::uint64_t played_ = 0;
};

// What decides whether an earlier exploration can be gone on with.
std::string identity_of(const VersionPtr& subject, const Scenario& alphabet, const ExploreOptions& options) {
  Hasher hasher;
  hasher.add(subject->deploy.hash).add(write_scenario(alphabet));
  hasher.add(static_cast<std::uint64_t>(options.faults)).add(std::uint64_t{options.symmetry ? 1U : 0U});
  return to_hex(hasher.finish());
}

constexpr std::string_view kStateTitle = "barnacle explore 1";

}  // namespace

std::uint64_t ExploreReport::worlds() const {
  std::uint64_t sum = 0;
  for (const ExploreLevel& level : levels) sum += level.worlds;
  return sum;
}

std::uint64_t ExploreReport::transitions() const {
  std::uint64_t sum = 0;
  for (const ExploreLevel& level : levels) sum += level.transitions;
  return sum;
}

std::expected<ExploreReport, std::string> explore(const Catalogue& catalogue, const VersionPtr& subject,
                                                  const Scenario& alphabet, const ExploreOptions& options,
                                                  const ExploreReport& resume,
                                                  const std::function<void(const ExploreProgress&)>& progress,
                                                  const std::function<void(const ExploreReport&)>& finished,
                                                  const std::atomic<bool>& stop) {
  return Explorer(catalogue, subject, alphabet, options, stop).run(resume, progress, finished);
}

std::string explore_state_text(const VersionPtr& subject, const Scenario& alphabet, const ExploreOptions& options,
                               const ExploreReport& report) {
  std::string text = fmt::format("{}\n{}\n", kStateTitle, identity_of(subject, alphabet, options));
  for (const ExploreLevel& level : report.levels)
    text += fmt::format("level {} {} {}\n", level.worlds, level.transitions, level.idle);
  for (const Reached& one : report.reached) {
    text += fmt::format("{} {} {} {} {} {:x} {:x}\n", one.parent, one.letter, one.depth, one.faults, one.broken ? 1 : 0,
                        one.key.low, one.key.high);
  }
  return text + "end\n";
}

std::expected<ExploreReport, std::string> read_explore_state(const std::string& text, const VersionPtr& subject,
                                                             const Scenario& alphabet, const ExploreOptions& options) {
  std::istringstream lines(text);
  std::string title;
  std::string identity;
  std::getline(lines, title);
  std::getline(lines, identity);
  if (title != kStateTitle) return std::unexpected(std::string("is no state of barnacle explore"));
  if (identity != identity_of(subject, alphabet, options))
    return std::unexpected(std::string("is of another subject, alphabet or bound of faults"));
  if (!text.ends_with("\nend\n")) return std::unexpected(std::string("is torn: its last line is missing"));
  ExploreReport report;
  std::string word;
  while (lines >> word && word == "level") {
    ExploreLevel level;
    lines >> level.worlds >> level.transitions >> level.idle;
    report.levels.push_back(level);
  }
  for (; lines && word != "end"; lines >> word) {
    Reached one;
    int faults = 0;
    int broken = 0;
    one.parent = static_cast<std::uint32_t>(std::stoul(word));
    lines >> one.letter >> one.depth >> faults >> broken >> std::hex >> one.key.low >> one.key.high >> std::dec;
    one.faults = static_cast<std::uint8_t>(faults);
    one.broken = broken != 0;
    const bool fits = lines && one.letter < alphabet.steps.size() && one.depth < report.levels.size() &&
                      one.parent <= report.reached.size();
    if (!fits) return std::unexpected(fmt::format("world {} makes no sense", report.reached.size()));
    report.reached.push_back(one);
  }
  if (report.worlds() != report.reached.size())
    return std::unexpected(std::string("has another number of worlds than it says"));
  return report;
}

}  // namespace barnacle
