// Steps a second as a campaign plays them: scenarios drawn from a seed, every step judged by every invariant.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "harness/engine/campaign.h"

namespace barnacle {
namespace {

constexpr std::uint64_t kSeed = 1;

// The fixtures are where the program says in its environment.
std::expected<Catalogue, std::string> load() {
  const char* fixtures = std::getenv("BARNACLE_FIXTURES");
  if (fixtures == nullptr) return std::unexpected(std::string("BARNACLE_FIXTURES is not set"));
  const std::string folder = fixtures;
  auto versions = load_versions(folder + "/versions", folder + "/payload/image");
  if (!versions) return std::unexpected(versions.error().file + ": " + versions.error().what);
  auto hosts = list_host_kinds(folder + "/hosts");
  if (!hosts) return std::unexpected(hosts.error().file + ": " + hosts.error().what);
  return Catalogue{std::move(*versions), folder + "/hosts", std::move(*hosts)};
}

void steps_with_all_invariants(benchmark::State& state) {
  const auto catalogue = load();
  if (!catalogue) return state.SkipWithError(catalogue.error().c_str());
  const VersionPtr subject = find_subject(catalogue->versions, "model:kata");
  if (!subject) return state.SkipWithError("there is no model:kata");
  const Alphabet alphabet = alphabet_for(*catalogue, subject, CampaignOptions{}.max_steps);
  Scenarios scenarios(alphabet, subject, kSeed);
  Lab lab(*catalogue);
  std::uint64_t sequence = 0;
  std::int64_t steps = 0;
  for (auto _ : state) {
    const auto timeline = replay(lab, subject, scenarios.at(sequence++));
    if (!timeline) {
      state.SkipWithError(timeline.error().c_str());
      break;
    }
    steps += static_cast<std::int64_t>(timeline->steps.size());
  }
  state.SetItemsProcessed(steps);
}
BENCHMARK(steps_with_all_invariants)->Unit(benchmark::kMicrosecond)->MinTime(2.0)->Repetitions(5);

// The same as `barnacle run` plays them: a worker for each core, each with a theme of its own.
void campaign_on_all_cores(benchmark::State& state) {
  const auto catalogue = load();
  if (!catalogue) return state.SkipWithError(catalogue.error().c_str());
  CampaignOptions options;
  options.jobs = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  options.sequences = 4 * kThemeLength * static_cast<std::uint64_t>(options.jobs);
  const std::atomic<bool> never_stop{false};
  std::int64_t steps = 0;
  for (auto _ : state) {
    const CampaignResult result = run_campaign(
        *catalogue, find_subject(catalogue->versions, "model:kata"), options, [](const CampaignProgress&) {},
        never_stop);
    steps += static_cast<std::int64_t>(result.steps);
    ++options.seed;
  }
  state.SetItemsProcessed(steps);
}
BENCHMARK(campaign_on_all_cores)->Unit(benchmark::kMillisecond)->UseRealTime()->MinTime(1.0)->Repetitions(5);

}  // namespace
}  // namespace barnacle
