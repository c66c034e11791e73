#include "harness/cli/against.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "harness/cli/campaign_files.h"
#include "harness/cli/command_line.h"
#include "harness/cli/exit_status.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/live.h"
#include "harness/cli/output.h"
#include "harness/cli/progress.h"
#include "harness/cli/time_budget.h"
#include "harness/engine/compare.h"
#include "harness/engine/path_class.h"
#include "harness/report/json.h"
#include "harness/report/line.h"
#include "harness/report/results.h"
#include "harness/report/words.h"
#include "harness/scenario/file.h"
#include "sim/base/check.h"

namespace barnacle {
namespace {

constexpr std::size_t kShownDifferences = 12;

// The two subjects over one catalogue, with one payload.
struct Pair {
  std::unique_ptr<Catalogue> catalogue;
  VersionPtr subject;
  VersionPtr against;
};

std::expected<Pair, std::string> load_pair(const std::string& fixtures, const AgainstArguments& arguments) {
  const auto& [subject, against, format, fast] = arguments;
  if (is_live(against)) return std::unexpected(std::string("--against: must be a model, such as model:kata-3.16.0"));
  auto catalogue = load_catalogue(fixtures);
  if (!catalogue) return std::unexpected(catalogue.error());
  if (is_live(subject)) {
    if (const auto added = add_live_subject(**catalogue, subject, {.fast = fast}); !added)
      return std::unexpected(added.error());
  }
  const auto left = choose_subject(**catalogue, subject);
  if (!left) return std::unexpected(left.error());
  const auto right = choose_subject(**catalogue, against);
  if (!right) return std::unexpected(right.error());
  share_payload(**catalogue, (*left)->name, (*right)->name);
  const VersionPtr shared = (*catalogue)->versions.find((*right)->name);
  return Pair{std::move(*catalogue), *left, shared};
}

struct Parting {
  Scenario scenario;
  std::vector<Difference> differences;  // of its last step; empty: they agree
};

class Comparer {
 public:
  explicit Comparer(const Pair& pair) : pair_(pair), lab_(std::make_unique<Lab>(*pair.catalogue)) {}

  std::expected<std::vector<Difference>, std::string> play(const Scenario& scenario) {
    return compare(*lab_, pair_.subject, pair_.against, scenario);
  }

  // As small as it gets while the same place differs.
  Parting shrunk(Scenario scenario, const Difference& first) {
    const std::string place = path_class(first.where, scenario);
    const Shows shows = [&](const Scenario& candidate) -> std::optional<std::size_t> {
      const auto found = play(candidate);
      if (!found) return std::nullopt;
      for (const Difference& one : *found) {
        if (path_class(one.where, candidate) == place) return static_cast<std::size_t>(one.step);
      }
      return std::nullopt;
    };
    Parting parting{shrink(std::move(scenario), shows, interrupted()), {}};
    auto found = play(parting.scenario);
    check(found.has_value() && !found->empty(), "a difference is found again");
    parting.differences = std::move(*found);
    parting.scenario.subject = subject_name(*pair_.subject);
    parting.scenario.expect = {};
    return parting;
  }

 private:
  const Pair& pair_;
  std::unique_ptr<Lab> lab_;
};

std::string text_of(const Pair& pair, const Parting& parting) {
  std::string out;
  line(out, "≠ after step {} they part, and one of them is wrong", parting.differences.front().step);
  const std::size_t shown = std::min(kShownDifferences, parting.differences.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const Difference& one = parting.differences[i];
    line(out, "  {}", one_line(one.where));
    line(out, "      {}    {}", subject_name(*pair.subject), one_line(one.left));
    line(out, "      {}    {}", subject_name(*pair.against), one_line(one.right));
  }
  if (shown < parting.differences.size()) line(out, "  … and {} more", parting.differences.size() - shown);
  for (const NodeSpec& node : parting.scenario.nodes) line(out, "  node {} ({})", node.name, node.host);
  for (std::size_t i = 0; i < parting.scenario.steps.size(); ++i)
    line(out, "  {} {}", i + 1, one_line(describe_step(parting.scenario.steps[i])));
  return out;
}

nlohmann::json json_of(const Parting& parting) {
  nlohmann::json differences = nlohmann::json::array();
  for (const Difference& one : parting.differences)
    differences.push_back({{"step", one.step}, {"where", one.where}, {"left", one.left}, {"right", one.right}});
  nlohmann::json steps = nlohmann::json::array();
  for (const Step& step : parting.scenario.steps) steps.push_back(describe_step(step));
  return {{"differences", differences}, {"steps", steps}};
}

void report(const Pair& pair, const std::vector<Parting>& partings, const std::string& played,
            const std::string& format) {
  if (format == "json") {
    nlohmann::json all = nlohmann::json::array();
    for (const Parting& parting : partings) all.push_back(json_of(parting));
    print(json_text({{"subject", subject_name(*pair.subject)},
                     {"against", subject_name(*pair.against)},
                     {"played", played},
                     {"partings", all}}));
    return;
  }
  std::string out;
  line(out, "subject  {}\nagainst  {}\nplayed   {}\n", subject_name(*pair.subject), subject_name(*pair.against),
       played);
  for (const Parting& parting : partings) out += text_of(pair, parting) + "\n";
  if (partings.empty()) line(out, "verdict  they agree in all of it");
  else line(out, "verdict  they part in {}", counted(partings.size(), "place"));
  print(out);
}

}  // namespace

int compare_scenario(const std::string& fixtures, const std::string& file, AgainstArguments arguments) {
  std::string& subject = arguments.subject;
  if (subject.empty()) {
    const auto catalogue = load_catalogue(fixtures);
    if (!catalogue) return refuse(catalogue.error());
    const auto loaded = load_for_replay(**catalogue, file, "");
    if (!loaded) return refuse(loaded.error());
    subject = subject_name(*loaded->subject);
  }
  const auto pair = load_pair(fixtures, arguments);
  if (!pair) return refuse(pair.error());
  const auto loaded = load_for_replay(*pair->catalogue, file, subject);
  if (!loaded) return refuse(loaded.error());
  catch_interrupts();
  Comparer comparer(*pair);
  const auto found = comparer.play(loaded->scenario);
  if (!found) return refuse(file + ": " + found.error());
  std::vector<Parting> partings;
  if (!found->empty()) partings.push_back(comparer.shrunk(loaded->scenario, found->front()));
  report(*pair, partings, counted(loaded->scenario.steps.size(), "step"), arguments.format);
  return partings.empty() ? kNothingFound : kFinding;
}

int compare_campaign(const std::string& fixtures, const AgainstArguments& arguments, const CampaignOptions& campaign,
                     const std::string& out) {
  const auto pair = load_pair(fixtures, arguments);
  if (!pair) return refuse(pair.error());
  if (!out.empty()) {
    if (const auto ready = prepare_folder(out); !ready) return refuse(ready.error());
  }
  catch_interrupts();
  const Alphabet alphabet = alphabet_for(*pair->catalogue, pair->subject, campaign);
  const TimeBudget budget(campaign.seconds);
  std::vector<Parting> partings;
  std::set<std::string> known;
  std::uint64_t played = 0;
  std::uint64_t steps = 0;
  for (; !interrupted() && !budget.is_over() && (!campaign.sequences || played < *campaign.sequences); ++played) {
    Comparer comparer(*pair);
    const Scenario scenario = scenario_of(alphabet, pair->subject, campaign.seed, played);
    const auto found = comparer.play(scenario);
    check(found.has_value(), "a generated scenario can be played");
    steps += found->empty() ? scenario.steps.size() : static_cast<std::uint64_t>(found->front().step);
    if (found->empty() || !known.insert(path_class(found->front().where, scenario)).second) continue;
    partings.push_back(comparer.shrunk(scenario, found->front()));
    if (out.empty()) continue;
    const std::string text = write_scenario(partings.back().scenario);
    const std::string path = out + "/findings/" + file_name_of("parting", text);
    if (const auto written = write_file(path, text); !written) return refuse(path + ": " + written.error().what);
  }
  report(*pair, partings, fmt::format("{}, {}", counted(played, "sequence"), counted(steps, "step")), arguments.format);
  return partings.empty() ? kNothingFound : kFinding;
}

}  // namespace barnacle
