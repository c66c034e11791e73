// barnacle explore: every sequence up to a depth over the steps of a scenario.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <chrono>
#include <filesystem>
#include <set>

#include "harness/cli/campaign_files.h"
#include "harness/cli/catalogue.h"
#include "harness/cli/command_line.h"
#include "harness/cli/exit_status.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/output.h"
#include "harness/cli/progress.h"
#include "harness/cli/verbs.h"
#include "harness/report/campaign_report.h"
#include "harness/report/explore_report.h"
#include "harness/report/json.h"
#include "harness/report/words.h"
#include "harness/scenario/file.h"
#include "harness/scenario/scenario_toml.h"
#include "sim/base/dates.h"

namespace barnacle {
namespace {

constexpr int kMostDepth = 64;
constexpr std::size_t kMegabyte = std::size_t{1} << 20;
constexpr std::size_t kLargestState = std::size_t{1} << 30;

struct ExploreArguments {
  std::string alphabet;
  std::string subject;
  std::string state;
  std::string out;
  std::string time;
  std::size_t memory_mb = 4096;
  bool no_symmetry = false;
  std::string format = "text";
  ExploreOptions options;
};

std::string settle_options(ExploreArguments& arguments) {
  arguments.options.memory_bytes = arguments.memory_mb * kMegabyte;
  arguments.options.symmetry = !arguments.no_symmetry;
  if (arguments.time.empty()) return "";
  const auto seconds = parse_duration(arguments.time);
  if (!seconds || *seconds <= 0) return fmt::format("--time: '{}' is no duration, such as 30s or 5m", arguments.time);
  arguments.options.seconds = static_cast<double>(*seconds);
  return "";
}

std::expected<ExploreReport, std::string> resumed(const ExploreArguments& arguments, const Loaded& loaded) {
  if (arguments.state.empty() || !std::filesystem::exists(arguments.state)) return ExploreReport{};
  const auto text = read_file(arguments.state, kLargestState);
  if (!text) return std::unexpected(arguments.state + ": " + text.error().what);
  auto state = read_explore_state(*text, loaded.subject, loaded.scenario, arguments.options);
  if (!state) return std::unexpected(arguments.state + ": " + state.error());
  return state;
}

// The findings as scenarios, each whole or not at all.
std::expected<std::vector<std::string>, std::string> write_findings(const std::string& folder,
                                                                    const ExploreReport& report,
                                                                    const std::string& command) {
  std::vector<std::string> files;
  for (const ExploreFinding& found : report.findings) {
    Scenario scenario = found.scenario;
    scenario.title = fmt::format("not so: {}", find_invariant(found.finding.invariant)->sentence);
    scenario.source = command;
    scenario.expect = {.present = true, .findings = std::nullopt, .at_least = {found.finding.invariant}};
    const std::string contents = write_scenario(scenario);
    files.push_back(folder + "/findings/" + file_name_of(found.finding.invariant, contents));
    if (const auto written = write_file(files.back(), contents); !written)
      return std::unexpected(files.back() + ": " + written.error().what);
  }
  return files;
}

ExploreShown shown_of(const Loaded& loaded, const ExploreArguments& arguments) {
  ExploreShown shown;
  shown.subject = subject_name(*loaded.subject);
  shown.alphabet = loaded.scenario.title.empty() ? arguments.alphabet : "'" + loaded.scenario.title + "'";
  shown.letters = loaded.scenario.steps.size();
  shown.nodes = loaded.scenario.nodes.size();
  std::set<std::string> releases;
  for (const Step& step : loaded.scenario.steps) {
    if (!step.release.empty()) releases.insert(step.namespace_ + "/" + step.release);
    if (!step.faults.empty()) shown.faults = arguments.options.faults;
  }
  shown.releases = releases.size();
  return shown;
}

int explore_verb(const std::string& fixtures, ExploreArguments& arguments) {
  if (const std::string wrong = settle_options(arguments); !wrong.empty()) return refuse(wrong);
  const auto catalogue = load_catalogue(fixtures);
  if (!catalogue) return refuse(catalogue.error());
  const auto loaded = load_for_replay(**catalogue, arguments.alphabet, arguments.subject);
  if (!loaded) return refuse(loaded.error());
  const auto resume = resumed(arguments, *loaded);
  if (!resume) return refuse(resume.error());
  if (!arguments.out.empty()) {
    if (const auto ready = prepare_folder(arguments.out); !ready) return refuse(ready.error());
  }
  catch_interrupts();
  ProgressLine line;
  std::string state_trouble;
  const auto show = [&](const ExploreProgress& progress) {
    line.show(fmt::format("depth {}  {}  {}  {}", progress.depth, counted(progress.worlds, "world"),
                          counted(progress.transitions, "transition"), counted(progress.findings, "finding")));
  };
  const auto keep = [&](const ExploreReport& report) {
    if (arguments.state.empty()) return;
    const auto written =
        write_file(arguments.state, explore_state_text(loaded->subject, loaded->scenario, arguments.options, report));
    if (!written) state_trouble = arguments.state + ": " + written.error().what;
  };
  const auto start = std::chrono::steady_clock::now();
  auto report =
      explore(**catalogue, loaded->subject, loaded->scenario, arguments.options, *resume, show, keep, interrupted());
  line.clear();
  if (!report) return refuse(arguments.alphabet + ": " + report.error());
  ExploreShown shown = shown_of(*loaded, arguments);
  shown.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (!arguments.out.empty()) {
    auto files = write_findings(arguments.out, *report, "barnacle explore " + arguments.alphabet);
    if (!files) return refuse(files.error());
    shown.files = std::move(*files);
  }
  shown.report = std::move(*report);
  print(arguments.format == "json" ? json_text(explore_json(shown)) : explore_text(shown));
  if (!state_trouble.empty()) return refuse(state_trouble);
  if (!shown.report.incongruent.empty()) return kInternalFault;
  return shown.report.findings.empty() ? kNothingFound : kFinding;
}

}  // namespace

void add_explore(CLI::App& program, Chosen& chosen) {
  auto arguments = std::make_shared<ExploreArguments>();
  ExploreOptions& options = arguments->options;
  CLI::App* verb = program.add_subcommand("explore", "Play every sequence up to a depth over the steps of a scenario");
  verb->add_option("ALPHABET", arguments->alphabet, "A scenario whose steps are the letters, in any order and number")
      ->required();
  verb->add_option("--subject", arguments->subject,
                   "The deploy logic under test, in place of the alphabet's own (default model:kata)");
  verb->add_option("--depth", options.depth, "The most steps of a sequence (default 4)")
      ->check(CLI::Range(1, kMostDepth).description(""))
      ->type_name("N");
  verb->add_option("--faults", options.faults, "The most letters with a fault in a sequence (default 1)")
      ->check(CLI::Range(0, kMostDepth).description(""))
      ->type_name("N");
  verb->add_option("--time", arguments->time, "End after so long: 30s, 5m, 1h")->type_name("TIME");
  verb->add_option("--memory", arguments->memory_mb, "End when the process is larger (default 4096 megabytes)")
      ->check(CLI::Range(64, 1 << 20).description(""))
      ->type_name("MB");
  verb->add_option("--state", arguments->state, "Keep what was reached after each depth in FILE, and go on from there")
      ->type_name("FILE");
  verb->add_flag("--no-symmetry", arguments->no_symmetry, "Play also what differs in the names of equal nodes only");
  verb->add_option("--check-congruence", options.congruence_pairs,
                   "Go on from both of so many pairs of worlds with one hash")
      ->type_name("N");
  verb->add_option("--out", arguments->out, "Write findings/*.toml below DIR")->type_name("DIR");
  add_format(*verb, arguments->format);
  verb->callback([arguments, &chosen] {
    chosen.verb = [arguments, &chosen] { return explore_verb(chosen.fixtures, *arguments); };
  });
}

}  // namespace barnacle
