// barnacle list: what there is to choose from.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <algorithm>

#include "harness/cli/catalogue.h"
#include "harness/cli/exit_status.h"
#include "harness/cli/output.h"
#include "harness/cli/verbs.h"
#include "harness/engine/replay.h"
#include "harness/invariants/contract.h"
#include "harness/invariants/invariant.h"
#include "harness/report/table.h"
#include "harness/scenario/steps.h"
#include "sim/base/stable_sort.h"
#include "sim/deploy/defects.h"

namespace barnacle {
namespace {

std::string list_subjects(const Catalogue& catalogue) {
  std::vector<VersionPtr> versions;
  for (const auto& [name, version] : catalogue.versions.versions) {
    if (!version->planted) versions.push_back(version);
  }
  sort_stably(versions, [](const VersionPtr& left, const VersionPtr& right) {
    return compare_versions(left->deploy.version, right->deploy.version) < 0;
  });
  Table table({{"subject"}, {"defects", Table::Align::right}, {"against recordings"}, {"title"}});
  for (const VersionPtr& version : versions) {
    const auto defects = std::ranges::count_if(
        all_defects(), [&](const DefectRow& row) { return version->deploy.defects.has(row.defect); });
    table.add({subject_name(*version), std::to_string(defects),
               version->recorded ? "verified"
               : defects == 0    ? "none there can be"
                                 : "not yet",
               version->title});
  }
  return table.text() +
         "\nmodel:kata+ID is the reference logic with one defect planted: model:kata+Z01 (see barnacle list "
         "defects).\n";
}

// What is owed where a fault struck; the reasons below the table.
std::string list_contract() {
  std::vector<Table::Column> columns{{"where a fault struck"}};
  for (std::size_t i = 0; i < kDisturbances; ++i)
    columns.push_back({std::string(disturbance_name(static_cast<Disturbance>(i)))});
  Table table(std::move(columns));
  std::size_t suspended = 0;
  for (const Invariant& invariant : all_invariants()) {
    std::vector<std::string> cells{std::string(invariant.id)};
    for (std::size_t i = 0; i < kDisturbances; ++i) {
      const Owed owed = owed_under(static_cast<Disturbance>(i), invariant.id);
      if (owed == Owed::suspended) ++suspended;
      cells.emplace_back(owed_name(owed));
    }
    table.add(std::move(cells));
  }
  Table reasons({{"fault"}, {"invariant"}, {"is owed"}, {"because"}});
  for (const ContractRow& row : contract()) {
    reasons.add({std::string(disturbance_name(row.disturbance)), std::string(row.invariant),
                 std::string(owed_name(row.owed)), std::string(row.reason)});
  }
  const std::size_t pairs = all_invariants().size() * kDisturbances;
  return table.text() +
         fmt::format("\n{} of {} pairs are suspended ({:.1f} %). Recovered: once the world is at rest again.\n\n",
                     suspended, pairs, 100.0 * static_cast<double>(suspended) / static_cast<double>(pairs)) +
         reasons.text();
}

std::string list_invariants(const Catalogue&) {
  Table table({{"invariant"}, {"holds when"}});
  for (const Invariant& invariant : all_invariants())
    table.add({std::string(invariant.id), std::string(invariant.sentence)});
  return table.text() + "\n" + list_contract();
}

// Keys that must be there carry a star.
std::string starred(Names keys, Names required) {
  std::vector<std::string> words;
  for (const std::string_view key : keys)
    words.push_back(std::string(key) + (std::ranges::find(required, key) == required.end() ? "" : "*"));
  return fmt::format("{}", fmt::join(words, " "));
}

std::string list_steps(const Catalogue&) {
  Table steps({{"step"}, {"what it does"}, {"keys"}});
  Table options({{"helm's options"}, {"keys"}});
  for (const StepRow& row : step_rows()) {
    steps.add({std::string(row.name), std::string(row.sentence), starred(row.keys, row.required)});
    const std::vector<std::string_view> keys = helm_option_keys(row.kind);
    if (!keys.empty()) options.add({std::string(row.name), fmt::format("{}", fmt::join(keys, " "))});
  }
  return fmt::format("{}\nEvery step: do* {}. A star: must be given.\n\n{}", steps.text(),
                     fmt::join(common_step_keys().subspan(1), " "), options.text());
}

std::string list_faults(const Catalogue&) {
  Table table({{"fault"}, {"what it does"}, {"keys"}});
  for (const FaultRow& row : fault_rows())
    table.add({std::string(row.name), std::string(row.sentence), fmt::format("{}", fmt::join(row.keys, " "))});
  return table.text() + fmt::format("\nPrograms: {}. Errors: {}. Signals: {}.\n", fmt::join(fault_programs(), " "),
                                    fmt::join(fault_errors(), " "), fmt::join(fault_signals(), " "));
}

std::string list_hosts(const Catalogue& catalogue) {
  Table table({{"host"}, {"runtime"}, {"title"}});
  for (const HostKind& kind : catalogue.host_kinds) table.add({kind.name, kind.runtime.text(), kind.title});
  return table.text();
}

std::string list_defects(const Catalogue&) {
  Table table({{"defect"}, {"from"}, {"to"}, {"upstream"}, {"what it does"}});
  for (const DefectRow& row : all_defects()) {
    table.add({std::string(row.id), std::string(row.since), std::string(row.until), std::string(row.link),
               std::string(row.sentence)});
  }
  return table.text();
}

struct Row {
  const char* name;
  std::string (*list)(const Catalogue&);
  bool needs_fixtures;
};
constexpr Row kLists[] = {
    {"subjects", list_subjects, true}, {"invariants", list_invariants, false},
    {"steps", list_steps, false},      {"faults", list_faults, false},
    {"hosts", list_hosts, true},       {"defects", list_defects, false},
};

int list_verb(const std::string& fixtures, const std::string& what) {
  const Row& row = *std::ranges::find_if(kLists, [&](const Row& candidate) { return candidate.name == what; });
  if (!row.needs_fixtures) {
    print(row.list({}));
    return kNothingFound;
  }
  const auto catalogue = load_catalogue(fixtures);
  if (!catalogue) return refuse(catalogue.error());
  print(row.list(**catalogue));
  return kNothingFound;
}

}  // namespace

void add_list(CLI::App& program, Chosen& chosen) {
  auto what = std::make_shared<std::string>();
  CLI::App* verb = program.add_subcommand("list", "Show subjects, invariants, steps, faults, hosts or defects");
  std::vector<std::string> names;
  for (const Row& row : kLists) names.emplace_back(row.name);
  verb->add_option("WHAT", *what, "subjects, invariants, steps, faults, hosts or defects")
      ->required()
      ->check(CLI::IsMember(names))
      ->type_name("NAME");
  verb->callback([what, &chosen] { chosen.verb = [what, &chosen] { return list_verb(chosen.fixtures, *what); }; });
}

}  // namespace barnacle
