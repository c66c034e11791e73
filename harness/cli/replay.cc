// barnacle replay: plays one scenario and reports what every invariant has to say about every step.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/cli/against.h"
#include "harness/cli/catalogue.h"
#include "harness/cli/command_line.h"
#include "harness/cli/exit_status.h"
#include "harness/cli/fast_check.h"
#include "harness/cli/live.h"
#include "harness/cli/output.h"
#include "harness/cli/verbs.h"
#include "harness/report/dump_host.h"
#include "harness/report/json.h"
#include "harness/report/text.h"

namespace barnacle {
namespace {

struct ReplayArguments {
  bool fast = false;
  std::string scenario;
  std::string subject;
  std::string against;
  std::string format = "text";
  std::string dump_host;
  bool check_determinism = false;
};

std::string command_of(const ReplayArguments& arguments) {
  std::string command = "barnacle replay " + shell_quoted(arguments.scenario);
  if (!arguments.subject.empty()) command += " --subject " + shell_quoted(arguments.subject);
  return command;
}

int replay_verb(const std::string& fixtures, const ReplayArguments& arguments) {
  if (!arguments.against.empty())
    return compare_scenario(fixtures, arguments.scenario,
                            {arguments.subject, arguments.against, arguments.format, arguments.fast});
  const auto catalogue = load_catalogue_with(fixtures, arguments.subject, {.fast = arguments.fast});
  if (!catalogue) return refuse(catalogue.error());
  const auto loaded = load_for_replay(**catalogue, arguments.scenario, arguments.subject);
  if (!loaded) return refuse(loaded.error());
  Lab lab(**catalogue);
  const auto timeline = replay(lab, loaded->subject, loaded->scenario, {.details = true, .only_invariant = {}});
  if (!timeline) return refuse(arguments.scenario + ": " + timeline.error());

  if (arguments.check_determinism) {
    Lab fresh(**catalogue);
    const auto again = replay(fresh, loaded->subject, loaded->scenario, {.details = true, .only_invariant = {}});
    if (!again) return report_internal_fault("a scenario can be played once only: " + again.error());
    if (const std::string what = difference_of(*timeline, *again); !what.empty()) return report_internal_fault(what);
  }
  if (!arguments.dump_host.empty()) {
    if (const auto dumped = dump_hosts(timeline->end, arguments.dump_host); !dumped) return refuse(dumped.error());
  }
  const ReplayReport report{loaded->scenario, *timeline, subject_name(*loaded->subject), command_of(arguments)};
  print(arguments.format == "json" ? json_text(replay_json(report)) : replay_text(report));
  return timeline->findings.empty() ? kNothingFound : kFinding;
}

}  // namespace

void add_replay(CLI::App& program, Chosen& chosen) {
  auto arguments = std::make_shared<ReplayArguments>();
  CLI::App* verb = program.add_subcommand("replay", "Play a scenario, step by step, and judge it by every invariant");
  verb->add_option("SCENARIO", arguments->scenario, "The scenario, a TOML file")->required();
  verb->add_option("--subject", arguments->subject,
                   "The deploy logic under test, in place of the scenario's own (default model:kata)");
  CLI::Option* against =
      verb->add_option("--against", arguments->against,
                       "A model that plays the same beside it: reports where hosts, objects or outcomes part");
  add_format(*verb, arguments->format);
  verb->add_option("--dump-host", arguments->dump_host,
                   "Write the final host of each node as plain files below DIR/<node>/")
      ->type_name("DIR")
      ->excludes(against);
  verb->add_flag("--check-determinism", arguments->check_determinism, "Play twice; status 3 when the two plays differ")
      ->excludes(against);
  add_fast(*verb, arguments->fast);
  verb->callback([arguments, &chosen] {
    chosen.verb = [arguments, &chosen] { return replay_verb(chosen.fixtures, *arguments); };
  });
}

}  // namespace barnacle
