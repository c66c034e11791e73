// Lifecycles: bytes are a scenario, the subject plays it, and every invariant judges every step. A finding ends the
// process; `lifecycle_decode FILE` then writes the scenario. Invariants that BARNACLE_KNOWN names ("a.b c.d") are left
// out: of a subject with defects, nearly every scenario violates the same few.
//
// libFuzzer counts new *states* of the world as coverage: each step sets the counters of the hosts, releases and pods
// that it left.
#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <string>

#include "fuzz/lifecycle_play.h"
#include "fuzz/target.h"
#include "harness/engine/replay.h"

namespace barnacle::fuzz {
namespace {

// Interned values and remembered runs beyond this are thrown away between two inputs.
constexpr std::size_t kLabLimitBytes = std::size_t{1} << 26;
constexpr std::size_t kLongestTape = 1024;
constexpr std::size_t kStates = std::size_t{1} << 15;

// libFuzzer finds it by its section, reads and clears it; the compiler sees writes alone, and would leave them out.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables)
__attribute__((used, section("__libfuzzer_extra_counters"))) std::array<std::uint8_t, kStates> state_counters;

// BARNACLE_STATES limits how many states are told apart, for a corpus that is to stay small.
std::size_t states_told_apart() {
  const char* given = std::getenv("BARNACLE_STATES");
  const std::size_t wanted = given == nullptr ? kStates : static_cast<std::size_t>(std::strtoul(given, nullptr, 10));
  return std::min(wanted, kStates);
}

void count_state(Hash128 hash) {
  static const std::size_t states = states_told_apart();
  if (states > 0) state_counters[hash.low % states] = 1;
}

void count_releases(const Cluster& cluster) {
  for (const RevisionPtr& revision : stored_revisions(cluster)) {
    count_state(Hasher()
                    .add("release")
                    .add(static_cast<std::uint64_t>(revision->status))
                    .add(static_cast<std::uint64_t>(revision->number))
                    .finish());
  }
}

void count_pods(const Cluster& cluster) {
  for (const ObjectPtr& object : cluster.of_kind(Kind::pod)) {
    const auto* pod = std::get_if<PodStatus>(&object->status);
    if (pod == nullptr) continue;
    count_state(Hasher()
                    .add("pod")
                    .add(static_cast<std::uint64_t>(pod->phase))
                    .add(static_cast<std::uint64_t>(pod->container))
                    .add(static_cast<std::uint64_t>(pod->settled))
                    .add(static_cast<std::uint64_t>(pod->failed_starts))
                    .finish());
  }
}

// Hosts as invariants see them, each for itself: all nodes together are new nearly every time, and say little.
void count_states(const World& world, const Step& step) {
  for (const NodeHost& node : world.nodes) {
    count_state(
        Hasher().add("host").add(static_cast<std::uint64_t>(step.kind)).add(node.host->host.seen_hash()).finish());
  }
  count_releases(world.cluster);
  count_pods(world.cluster);
}

// Memory that inputs share: what one has run, the next need not run again.
Lab& lab() {
  static std::unique_ptr<Lab> lab;
  if (!lab || lab->store.bytes() > kLabLimitBytes) lab = std::make_unique<Lab>(*lifecycle().catalogue);
  return *lab;
}

const std::string& known_invariants() {
  static const std::string known = [] {
    const char* given = std::getenv("BARNACLE_KNOWN");
    return given == nullptr ? std::string() : fmt::format(" {} ", given);
  }();
  return known;
}

bool is_known(const Finding& finding) { return known_invariants().contains(" " + finding.invariant + " "); }

void report(const Scenario& scenario, const Finding& finding) {
  std::string steps;
  for (std::size_t i = 0; i < static_cast<std::size_t>(finding.step); ++i)
    steps += fmt::format("  {} {}\n", i + 1, describe_step(scenario.steps[i]));
  require(false, "{} after step {} on {}\n  {}    {}\n{}", finding.invariant, finding.step, finding.violation.node,
          finding.violation.path, finding.violation.detail, steps);
}

void check_lifecycle(std::span<const std::uint8_t> bytes) {
  const Scenario scenario = scenario_of(bytes);
  const ReplayOptions options{
      .details = false, .only_invariant = {}, .stop_at_first = known_invariants().empty(), .watch = count_states};
  const auto timeline = replay(lab(), lifecycle().subject, scenario, options);
  if (!timeline) return require(false, "a generated scenario can be played: {}", timeline.error());
  const auto unknown = std::ranges::find_if_not(timeline->findings, is_known);
  if (unknown != timeline->findings.end()) report(scenario, *unknown);
}

}  // namespace
}  // namespace barnacle::fuzz

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  (void)barnacle::fuzz::lifecycle();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > barnacle::fuzz::kLongestTape) return -1;  // no more bytes than a scenario draws: not worth keeping
  barnacle::fuzz::check_lifecycle({data, size});
  return 0;
}
