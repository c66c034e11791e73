// barnacle shrink: the smallest scenario near a given one that violates the same invariant.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/cli/catalogue.h"
#include "harness/cli/command_line.h"
#include "harness/cli/exit_status.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/live.h"
#include "harness/cli/output.h"
#include "harness/cli/verbs.h"
#include "harness/engine/campaign.h"
#include "harness/scenario/file.h"

namespace barnacle {
namespace {

struct ShrinkArguments {
  bool fast = false;
  std::string scenario;
  std::string subject;
  std::string invariant;
  std::string out;
};

// The steps and expectations of the file are no longer those of the result: it expects what it was shrunk for.
std::string shrunk_text(Scenario scenario, const Version& subject, const std::string& invariant) {
  scenario.subject = subject_name(subject);
  scenario.expect = {.present = true, .findings = std::nullopt, .at_least = {invariant}};
  return write_scenario(scenario);
}

int shrink_verb(const std::string& fixtures, const ShrinkArguments& arguments) {
  const auto catalogue = load_catalogue_with(fixtures, arguments.subject, {.fast = arguments.fast});
  if (!catalogue) return refuse(catalogue.error());
  if (!arguments.invariant.empty() && find_invariant(arguments.invariant) == nullptr) {
    return refuse(fmt::format("--invariant: unknown invariant '{}'{}", arguments.invariant,
                              did_you_mean(arguments.invariant, names_of(**catalogue).invariants)));
  }
  auto loaded = load_for_replay(**catalogue, arguments.scenario, arguments.subject);
  if (!loaded) return refuse(loaded.error());
  Lab lab(**catalogue);
  const auto timeline = replay(lab, loaded->subject, loaded->scenario,
                               {.details = false, .only_invariant = arguments.invariant, .stop_at_first = true});
  if (!timeline) return refuse(arguments.scenario + ": " + timeline.error());
  if (timeline->findings.empty()) {
    note(arguments.scenario + ": nothing to shrink, no finding");
    return kNothingFound;
  }
  const std::string invariant = timeline->findings.front().invariant;
  const std::size_t before = loaded->scenario.steps.size();
  catch_interrupts();
  const Scenario shrunk = shrink(lab, loaded->subject, std::move(loaded->scenario), invariant, interrupted());
  const std::string text = shrunk_text(shrunk, *loaded->subject, invariant);
  note(fmt::format("{}: {} of {} steps are enough", invariant, shrunk.steps.size(), before));
  if (arguments.out.empty()) {
    print(text);
  } else if (const auto written = write_file(arguments.out, text); !written) {
    return refuse(arguments.out + ": " + written.error().what);
  }
  return kFinding;
}

}  // namespace

void add_shrink(CLI::App& program, Chosen& chosen) {
  auto arguments = std::make_shared<ShrinkArguments>();
  CLI::App* verb =
      program.add_subcommand("shrink", "Make a scenario as small as it can be and still violate the same invariant");
  verb->add_option("SCENARIO", arguments->scenario, "The scenario, a TOML file")->required();
  verb->add_option("--invariant", arguments->invariant,
                   "The invariant to keep violated (default: the first one that is)")
      ->type_name("ID");
  verb->add_option("--subject", arguments->subject, "The deploy logic under test, in place of the scenario's own");
  verb->add_option("--out", arguments->out, "Write the result to FILE, not to standard output")->type_name("FILE");
  add_fast(*verb, arguments->fast);
  verb->callback([arguments, &chosen] {
    chosen.verb = [arguments, &chosen] { return shrink_verb(chosen.fixtures, *arguments); };
  });
}

}  // namespace barnacle
