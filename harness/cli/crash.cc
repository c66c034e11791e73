// barnacle crash: each step cut after each of its effects in turn.
#include <CLI/CLI.hpp>

#include "harness/cli/catalogue.h"
#include "harness/cli/command_line.h"
#include "harness/cli/exit_status.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/live.h"
#include "harness/cli/output.h"
#include "harness/cli/verbs.h"
#include "harness/report/crash_report.h"
#include "harness/report/json.h"

namespace barnacle {
namespace {

struct CrashArguments {
  bool fast = false;
  std::string scenario;
  std::string subject;
  std::string format = "text";
};

int crash_verb(const std::string& fixtures, const CrashArguments& arguments) {
  const auto catalogue = load_catalogue_with(fixtures, arguments.subject, {.fast = arguments.fast});
  if (!catalogue) return refuse(catalogue.error());
  const auto loaded = load_for_replay(**catalogue, arguments.scenario, arguments.subject);
  if (!loaded) return refuse(loaded.error());
  catch_interrupts();
  Lab lab(**catalogue);
  const auto report = crash_everywhere(lab, loaded->subject, loaded->scenario, interrupted());
  if (!report) return refuse(arguments.scenario + ": " + report.error());
  const std::string subject = subject_name(*loaded->subject);
  print(arguments.format == "json" ? json_text(crash_json(subject, *report))
                                   : crash_text(loaded->scenario, subject, *report));
  return report->points.empty() ? kNothingFound : kFinding;
}

}  // namespace

void add_crash(CLI::App& program, Chosen& chosen) {
  auto arguments = std::make_shared<CrashArguments>();
  CLI::App* verb =
      program.add_subcommand("crash", "Cut each step of a scenario after each of its effects, and see what recovers");
  verb->add_option("SCENARIO", arguments->scenario, "The scenario, a TOML file")->required();
  verb->add_option("--subject", arguments->subject,
                   "The deploy logic under test, in place of the scenario's own (default model:kata)");
  add_format(*verb, arguments->format);
  add_fast(*verb, arguments->fast);
  verb->callback(
      [arguments, &chosen] { chosen.verb = [arguments, &chosen] { return crash_verb(chosen.fixtures, *arguments); }; });
}

}  // namespace barnacle
