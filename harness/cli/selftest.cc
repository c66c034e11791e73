// barnacle selftest: does the harness find the bugs that are known?
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "harness/cli/catalogue.h"
#include "harness/cli/command_line.h"
#include "harness/cli/exit_status.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/output.h"
#include "harness/cli/progress.h"
#include "harness/cli/verbs.h"
#include "harness/report/json.h"
#include "harness/report/selftest_report.h"
#include "harness/scenario/file.h"

namespace barnacle {
namespace {

struct SelftestArguments {
  SelftestOptions options;
  std::vector<std::string> defects;
  std::string budget;
  std::string record;
  MutantOptions mutants;
  bool only_mutants = false;
  std::string engine = "both";
  std::string format = "text";
};

std::string settle_options(SelftestArguments& arguments) {
  SelftestOptions& options = arguments.options;
  for (const std::string& id : arguments.defects) {
    const auto defect = defect_from_id(id);
    if (!defect) return fmt::format("unknown defect '{}'; barnacle list defects shows them all", id);
    options.defects.push_back(*defect);
  }
  for (const DefectRow& row : all_defects()) {
    if (arguments.defects.empty() && row.inexpressible.empty()) options.defects.push_back(row.defect);
  }
  if (options.jobs == 0) options.jobs = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  return "";
}

// The budget that was asked for, or that of the fixtures where there is one.
std::expected<SelftestBudgets, std::string> budgets_of(const Fixtures& fixtures, const std::string& asked) {
  const std::string file = asked.empty() ? fixtures.folder + "/selftest.toml" : asked;
  if (asked.empty() && !std::filesystem::exists(file)) return SelftestBudgets{};
  return read_selftest_budgets(file);
}

SelftestReport score_of(const Catalogue& catalogue, SelftestOptions options, const std::string& engine) {
  options.engine = engine == "fuzzer" ? SelftestEngine::fuzzer : SelftestEngine::campaign;
  ProgressLine line;
  const auto show = [&](const SelftestProgress& progress) {
    line.show(fmt::format("{}: {} of {} trials", engine, progress.done, progress.all));
  };
  const auto start = std::chrono::steady_clock::now();
  SelftestReport report{.engine = engine,
                        .scores = run_selftest(catalogue, options, show, interrupted()),
                        .budget = {},
                        .seeds = options.seeds,
                        .interrupted = interrupted()};
  line.clear();
  report.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

int mutants_verb(const Catalogue& catalogue, const SelftestArguments& arguments) {
  ProgressLine line;
  const auto show = [&](std::size_t done, std::size_t all) { line.show(fmt::format("{} of {} mutants", done, all)); };
  const std::vector<MutantScore> mutants = run_mutants(catalogue, arguments.mutants, show, interrupted());
  line.clear();
  print(arguments.format == "json" ? json_text(mutants_json(mutants)) : mutants_text(mutants));
  return killed_share(mutants) >= kLeastKilledShare ? kNothingFound : kFinding;
}

int selftest_verb(const std::string& given, SelftestArguments& arguments) {
  if (const std::string wrong = settle_options(arguments); !wrong.empty()) return refuse(wrong);
  const auto fixtures = find_fixtures(given);
  if (!fixtures) return refuse(fixtures.error());
  const auto catalogue = load_catalogue(*fixtures);
  if (!catalogue) return refuse(catalogue.error());
  const auto budgets = budgets_of(*fixtures, arguments.budget);
  if (!budgets) return refuse(budgets.error());
  catch_interrupts();
  arguments.mutants.jobs = arguments.options.jobs;
  if (arguments.only_mutants) return mutants_verb(**catalogue, arguments);
  std::vector<SelftestReport> reports;
  bool failed = false;
  for (const std::string engine : {"campaign", "fuzzer"}) {
    if (arguments.engine != "both" && arguments.engine != engine) continue;
    reports.push_back(score_of(**catalogue, arguments.options, engine));
    if (const auto budget = budgets->find(engine); budget != budgets->end()) reports.back().budget = budget->second;
    failed = failed || !reports.back().failures().empty();
    if (reports.back().interrupted) break;
  }
  print(arguments.format == "json" ? json_text(selftest_json(reports)) : selftest_text(reports));
  if (!arguments.record.empty() && !interrupted()) {
    const auto written = write_file(arguments.record, selftest_budgets_text(reports));
    if (!written) return refuse(arguments.record + ": " + written.error().what);
  }
  return failed ? kFinding : kNothingFound;
}

}  // namespace

void add_selftest(CLI::App& program, Chosen& chosen) {
  auto arguments = std::make_shared<SelftestArguments>();
  SelftestOptions& options = arguments->options;
  CLI::App* verb = program.add_subcommand(
      "selftest", "Plant each known defect alone, and see whether random campaigns and a fuzzer find it");
  verb->add_option("DEFECT", arguments->defects, "Only these, by id (default: all)");
  verb->add_option("--seeds", options.seeds, "Campaigns for each defect (default 20)")
      ->check(CLI::Range(1, 1000).description(""))
      ->type_name("N");
  verb->add_option("--sequences", options.sequences, "The most sequences of a campaign (default 50000)")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 40).description(""))
      ->type_name("N");
  verb->add_option("--jobs", options.jobs, "Threads; 0: one for each core (default 1)")
      ->check(CLI::Range(0, 256).description(""))
      ->type_name("N");
  verb->add_option("--budget", arguments->budget,
                   "Recorded medians to hold the score against (default: selftest.toml of the fixtures)")
      ->type_name("FILE");
  verb->add_option("--record", arguments->record, "Write the medians of this run as such a file")->type_name("FILE");
  verb->add_flag("--mutants", arguments->only_mutants,
                 "Instead of the defects: drop, repeat or swap each effect of the reference logic");
  verb->add_option("--engine", arguments->engine,
                   "What looks for them: campaign, fuzzer, or both (default), one after the other")
      ->check(CLI::IsMember({"campaign", "fuzzer", "both"}))
      ->type_name("NAME");
  add_format(*verb, arguments->format);
  verb->callback([arguments, &chosen] {
    chosen.verb = [arguments, &chosen] { return selftest_verb(chosen.fixtures, *arguments); };
  });
}

}  // namespace barnacle
