// barnacle conform: the model against recordings of the real deploy logic.
#include "harness/engine/conform.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/cli/catalogue.h"
#include "harness/cli/command_line.h"
#include "harness/cli/exit_status.h"
#include "harness/cli/live.h"
#include "harness/cli/output.h"
#include "harness/cli/verbs.h"
#include "harness/report/table.h"
#include "harness/report/words.h"

namespace barnacle {
namespace {

constexpr std::size_t kShownDisagreements = 5;

std::string number(int value) { return with_thousands(static_cast<std::uint64_t>(value)); }

void add_row(Table& table, const std::string& name, const ConformScenario& scenario) {
  const std::string verdict =
      scenario.disagreements.empty() ? "agrees" : counted(scenario.disagreements.size(), "disagreement");
  table.add({name, number(scenario.listings), number(scenario.entries), number(scenario.files_by_bytes),
             number(scenario.files_by_value), verdict});
}

ConformScenario total_of(const std::vector<ConformScenario>& scenarios) {
  ConformScenario total;
  for (const ConformScenario& scenario : scenarios) {
    total.listings += scenario.listings;
    total.entries += scenario.entries;
    total.files_by_bytes += scenario.files_by_bytes;
    total.files_by_value += scenario.files_by_value;
    total.disagreements.insert(total.disagreements.end(), scenario.disagreements.begin(), scenario.disagreements.end());
  }
  return total;
}

std::string disagreements_of(const ConformScenario& scenario) {
  std::string out;
  const std::size_t shown = std::min(kShownDisagreements, scenario.disagreements.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const Disagreement& one = scenario.disagreements[i];
    out += fmt::format("✗ {}\n    {}\n", one_line(one.where), one_line(one.what));
  }
  if (shown < scenario.disagreements.size()) {
    out += fmt::format("  … and {} more in {}/{}\n", scenario.disagreements.size() - shown, scenario.version,
                       scenario.scenario);
  }
  return out;
}

int conform_verb(const std::string& given, ConformOptions options, bool fast) {
  const auto fixtures = find_fixtures(given);
  if (!fixtures) return refuse(fixtures.error());
  options.scenarios = fixtures->conformance();
  options.versions = fixtures->versions();
  options.hosts = fixtures->hosts();
  options.own_payload = fixtures->payload();
  if (is_live(options.subject)) {
    options.prepare = [&](Catalogue& catalogue) {
      return add_live_subject(catalogue, options.subject, {.payloads = options.payload, .fast = fast});
    };
  } else if (!options.subject.empty()) {
    return refuse("--subject: conform holds a live subject (live:DIR), or without it the presets, against recordings");
  }
  const auto scenarios = conform(options);
  if (!scenarios) return refuse(scenarios.error());
  if (scenarios->empty()) return refuse(options.traces + ": no recording of that name there");
  Table table({{"recording"},
               {"listings", Table::Align::right},
               {"entries", Table::Align::right},
               {"by bytes", Table::Align::right},
               {"by value", Table::Align::right},
               {"verdict"}});
  std::string disagreements;
  for (const ConformScenario& scenario : *scenarios) {
    add_row(table, one_line(scenario.version + "/" + scenario.scenario), scenario);
    disagreements += disagreements_of(scenario);
  }
  const ConformScenario total = total_of(*scenarios);
  add_row(table, fmt::format("total of {}", scenarios->size()), total);
  print(table.text());
  if (!disagreements.empty()) print("\n" + disagreements);
  return total.disagreements.empty() ? kNothingFound : kFinding;
}

}  // namespace

void add_conform(CLI::App& program, Chosen& chosen) {
  auto options = std::make_shared<ConformOptions>();
  CLI::App* verb = program.add_subcommand("conform", "Hold the model against recordings of the real deploy logic");
  verb->add_option("TRACES", options->traces, "Folder with VERSION/SCENARIO/NN-*.txt and outcome.json")
      ->required()
      ->type_name("DIR");
  verb->add_option("--payload", options->payload, "Folder with VERSION/opt/kata: the image trees of the recordings")
      ->type_name("DIR");
  verb->add_option("--version", options->version, "Only this version")->type_name("V");
  verb->add_option("--subject", options->subject,
                   "A live subject (live:DIR) in place of the model; it is of one version")
      ->type_name("S");
  verb->add_option("--scenario", options->scenario, "Only this scenario")->type_name("NAME");
  auto fast = std::make_shared<bool>(false);
  add_fast(*verb, *fast);
  verb->callback([options, fast, &chosen] {
    chosen.verb = [options, fast, &chosen] { return conform_verb(chosen.fixtures, *options, *fast); };
  });
}

}  // namespace barnacle
