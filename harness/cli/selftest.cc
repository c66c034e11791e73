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
  std::string engine = "campaign";
  std::string format = "text";
};

std::string settle_options(SelftestArguments& arguments) {
  SelftestOptions& options = arguments.options;
  if (arguments.engine == "fuzzer") options.engine = SelftestEngine::fuzzer;
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

// The budget that was asked for, or the campaign's among the fixtures where there is one.
std::expected<SelftestBudget, std::string> budget_of(const Fixtures& fixtures, const SelftestArguments& arguments) {
  const std::string file = arguments.budget.empty() ? fixtures.folder + "/selftest.toml" : arguments.budget;
  const bool of_fixtures = arguments.options.engine == SelftestEngine::campaign && std::filesystem::exists(file);
  if (arguments.budget.empty() && !of_fixtures) return SelftestBudget{};
  return read_selftest_budget(file);
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
  const auto budget = budget_of(*fixtures, arguments);
  if (!budget) return refuse(budget.error());
  catch_interrupts();
  arguments.mutants.jobs = arguments.options.jobs;
  if (arguments.only_mutants) return mutants_verb(**catalogue, arguments);
  ProgressLine line;
  const auto start = std::chrono::steady_clock::now();
  SelftestReport report{.scores = run_selftest(
                            **catalogue, arguments.options,
                            [&](const SelftestProgress& progress) {
                              line.show(fmt::format("{} of {} trials", progress.done, progress.all));
                            },
                            interrupted()),
                        .budget = *budget,
                        .seeds = arguments.options.seeds,
                        .engine = arguments.engine};
  line.clear();
  report.interrupted = interrupted();
  report.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  print(arguments.format == "json" ? json_text(selftest_json(report)) : selftest_text(report));
  if (!arguments.record.empty() && !report.interrupted) {
    const auto written = write_file(arguments.record, selftest_budget_text(report.scores));
    if (!written) return refuse(arguments.record + ": " + written.error().what);
  }
  return report.failures().empty() ? kNothingFound : kFinding;
}

}  // namespace

void add_selftest(CLI::App& program, Chosen& chosen) {
  auto arguments = std::make_shared<SelftestArguments>();
  SelftestOptions& options = arguments->options;
  CLI::App* verb =
      program.add_subcommand("selftest", "Plant each known defect alone, and see whether random campaigns find it");
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
  verb->add_option("--engine", arguments->engine, "What looks for them: campaign (default) or fuzzer")
      ->check(CLI::IsMember({"campaign", "fuzzer"}))
      ->type_name("NAME");
  add_format(*verb, arguments->format);
  verb->callback([arguments, &chosen] {
    chosen.verb = [arguments, &chosen] { return selftest_verb(chosen.fixtures, *arguments); };
  });
}

}  // namespace barnacle
