#include "harness/report/selftest_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "harness/report/table.h"
#include "harness/report/words.h"
#include "harness/scenario/scenario_toml.h"
#include "harness/scenario/steps.h"
#include "sim/host/toml.h"

namespace barnacle {
namespace {

std::string id_of(const DefectScore& score) { return std::string(row_of(score.defect).id); }

bool is_canary(const DefectScore& score) { return score.defect == Defect::canary; }

// The invariants that spoke for most seeds, most of them first.
std::string catchers(const DefectScore& score) {
  std::vector<std::pair<int, std::string>> by_count;
  for (const auto& [invariant, seeds] : score.caught_by) by_count.emplace_back(-seeds, invariant);
  std::ranges::sort(by_count);
  constexpr std::size_t kShown = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(kShown, by_count.size()); ++i) text += (i == 0 ? "" : ", ") + by_count[i].second;
  if (by_count.size() > kShown) text += fmt::format(", {} more", by_count.size() - kShown);
  return text.empty() ? "-" : text;
}

std::string kinds_of(const Scenario& scenario) {
  std::string text;
  for (const Step& step : scenario.steps) text += (text.empty() ? "" : ", ") + std::string(step_name(step.kind));
  return text.empty() ? "-" : text;
}

std::string of_seeds(int count, int seeds) { return fmt::format("{}/{}", count, seeds); }

std::string failure_of(const DefectScore& score, const SelftestReport& report) {
  const std::string id = report.engine + ": " + id_of(score);
  if (is_canary(score)) return score.detected == 0 ? "" : id + ": was detected, though nothing can be wrong with it";
  if (score.detected < report.seeds)
    return fmt::format("{}: detected by {} of {} seeds", id, score.detected, report.seeds);
  const auto budget = report.budget.find(id_of(score));
  if (budget == report.budget.end() ||
      score.median_sequences() <= kBudgetFactor * std::max<std::uint64_t>(budget->second, 1))
    return "";
  return fmt::format("{}: takes {} sequences (median), more than {} times its budget of {}", id,
                     score.median_sequences(), kBudgetFactor, budget->second);
}

// The error begins with the line.
std::expected<SelftestBudget, std::string> budget_in(const TomlValue& table) {
  if (!table.is_table()) return std::unexpected(fmt::format("{}: is to be a table", table.line));
  SelftestBudget budget;
  for (const auto& [key, value] : table.table()) {
    const auto* number = std::get_if<std::int64_t>(&value.value);
    if (number == nullptr || *number < 1)
      return std::unexpected(fmt::format("{}: '{}' is no number from 1", value.line, key));
    if (!defect_from_id(key)) return std::unexpected(fmt::format("{}: unknown defect '{}'", value.line, key));
    budget[key] = static_cast<std::uint64_t>(*number);
  }
  return budget;
}

}  // namespace

std::expected<SelftestBudgets, std::string> read_selftest_budgets(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream bytes;
  bytes << stream.rdbuf();
  if (!stream) return std::unexpected(file + ": cannot be read");
  const auto parsed = parse_toml(bytes.str());
  if (!parsed) return std::unexpected(fmt::format("{}:{}: {}", file, parsed.error().line, parsed.error().what));
  SelftestBudgets budgets;
  for (const std::string engine : {"campaign", "fuzzer"}) {
    const TomlValue* table = parsed->get(engine);
    if (table == nullptr) continue;
    auto budget = budget_in(*table);
    if (!budget) return std::unexpected(fmt::format("{}:{}", file, budget.error()));
    budgets[engine] = std::move(*budget);
  }
  if (budgets.empty()) return std::unexpected(file + ": has no table [campaign] and none [fuzzer]");
  return budgets;
}

std::string selftest_budgets_text(const std::vector<SelftestReport>& reports) {
  std::string text = fmt::format(
      "# Median sequences until a defect is detected, by engine, as barnacle selftest --record wrote them.\n"
      "# The score fails when one takes more than {} times as many.\n",
      kBudgetFactor);
  for (const SelftestReport& report : reports) {
    text += fmt::format("\n[{}]\n", report.engine);
    for (const DefectScore& score : report.scores) {
      if (score.detected > 0) text += fmt::format("{} = {}\n", id_of(score), score.median_sequences());
    }
  }
  return text;
}

std::vector<std::string> SelftestReport::failures() const {
  std::vector<std::string> lines;
  for (const DefectScore& score : scores) {
    if (std::string line = failure_of(score, *this); !line.empty()) lines.push_back(std::move(line));
  }
  return lines;
}

namespace {

std::string engine_text(const SelftestReport& report) {
  Table table({{"defect"},
               {"reached", kRight},
               {"triggered", kRight},
               {"detected", kRight},
               {"sequences", kRight},
               {"seconds", kRight},
               {"shortest sequence"},
               {"caught by"}});
  for (const DefectScore& score : report.scores) {
    const bool any = score.detected > 0;
    table.add({id_of(score), of_seeds(score.reached, report.seeds), of_seeds(score.triggered, report.seeds),
               of_seeds(score.detected, report.seeds), any ? with_thousands(score.median_sequences()) : "-",
               any ? fmt::format("{:.2f}", score.median_seconds()) : "-", kinds_of(score.minimal), catchers(score)});
  }
  return table.text() + fmt::format("\n{}, medians of {}; {} in {:.0f} s\n\n", report.engine,
                                    counted(static_cast<std::uint64_t>(report.seeds), "seed"),
                                    counted(report.scores.size(), "defect"), report.wall_seconds);
}

}  // namespace

std::string selftest_text(const std::vector<SelftestReport>& reports) {
  std::string text;
  std::vector<std::string> failures;
  bool interrupted = false;
  for (const SelftestReport& report : reports) {
    text += engine_text(report);
    for (std::string& failure : report.failures()) failures.push_back(std::move(failure));
    interrupted = interrupted || report.interrupted;
  }
  for (const DefectRow& row : all_defects()) {
    if (!row.inexpressible.empty()) text += fmt::format("left out  {}: {}\n", row.id, row.inexpressible);
  }
  for (const std::string& failure : failures) text += "✗ " + failure + "\n";
  if (interrupted) text += "verdict   interrupted\n";
  else
    text += failures.empty() ? "verdict   every defect is detected by every seed; the canary is not\n"
                             : fmt::format("verdict   {}\n", counted(failures.size(), "failure"));
  return text;
}

namespace {

nlohmann::json engine_json(const SelftestReport& report) {
  nlohmann::json defects = nlohmann::json::array();
  for (const DefectScore& score : report.scores) {
    nlohmann::json caught = nlohmann::json::array();
    for (const auto& [invariant, seeds] : score.caught_by) caught.push_back(invariant);
    nlohmann::json one = {{"id", id_of(score)},
                          {"reached", score.reached},
                          {"triggered", score.triggered},
                          {"detected", score.detected},
                          {"median_sequences", score.median_sequences()},
                          {"median_seconds", score.median_seconds()},
                          {"caught_by", std::move(caught)}};
    if (score.detected > 0) one["scenario"] = write_scenario(score.minimal);
    defects.push_back(std::move(one));
  }
  return {{"engine", report.engine},
          {"seeds", report.seeds},
          {"defects", std::move(defects)},
          {"failures", report.failures()},
          {"interrupted", report.interrupted}};
}

}  // namespace

nlohmann::json selftest_json(const std::vector<SelftestReport>& reports) {
  nlohmann::json all = engine_json(reports.front());
  for (std::size_t i = 1; i < reports.size(); ++i) all[reports[i].engine] = engine_json(reports[i]);
  return all;
}

namespace {

struct MutantCounts {
  std::uint64_t all = 0;
  std::uint64_t killed = 0;
  std::uint64_t equivalent = 0;
  std::uint64_t survived = 0;

  void add(const MutantScore& mutant) {
    ++all;
    killed += mutant.fate == MutantScore::Fate::killed ? 1 : 0;
    equivalent += mutant.fate == MutantScore::Fate::equivalent ? 1 : 0;
    survived += mutant.fate == MutantScore::Fate::survived ? 1 : 0;
  }
  std::vector<std::string> cells(std::string name) const {
    return {std::move(name),          with_thousands(all),
            with_thousands(killed),   with_thousands(equivalent),
            with_thousands(survived), percent(killed, killed + survived)};
  }
};

std::string fate_name(MutantScore::Fate fate) {
  static constexpr std::string_view kNames[] = {"killed", "equivalent", "survived"};
  return std::string(kNames[static_cast<std::size_t>(fate)]);
}

std::string mutant_name(const Mutation& mutation) {
  Effect effect;
  effect.kind = mutation.place.kind;
  return fmt::format("{} {}{}", mutation_name(mutation.what), describe(effect), mutation.place.where);
}

}  // namespace

double killed_share(const std::vector<MutantScore>& mutants) {
  MutantCounts counts;
  for (const MutantScore& mutant : mutants) counts.add(mutant);
  const std::uint64_t judged = counts.killed + counts.survived;
  return judged == 0 ? 1 : static_cast<double>(counts.killed) / static_cast<double>(judged);
}

std::string mutants_text(const std::vector<MutantScore>& mutants) {
  std::map<Mutation::What, MutantCounts> by_kind;
  MutantCounts all;
  for (const MutantScore& mutant : mutants) {
    by_kind[mutant.mutation.what].add(mutant);
    all.add(mutant);
  }
  Table table({{"mutants"},
               {"made", kRight},
               {"killed", kRight},
               {"equivalent", kRight},
               {"survived", kRight},
               {"killed of the rest", kRight}});
  for (const auto& [what, counts] : by_kind) table.add(counts.cells(std::string(mutation_name(what))));
  table.add(all.cells("all"));
  std::string text = table.text();
  for (const MutantScore& mutant : mutants) {
    if (mutant.fate == MutantScore::Fate::survived)
      text += fmt::format("survived: {} (first seen in sequence {})\n", mutant_name(mutant.mutation), mutant.sequence);
  }
  return text;
}

nlohmann::json mutants_json(const std::vector<MutantScore>& mutants) {
  nlohmann::json list = nlohmann::json::array();
  for (const MutantScore& mutant : mutants) {
    list.push_back({{"mutant", mutant_name(mutant.mutation)},
                    {"fate", fate_name(mutant.fate)},
                    {"invariant", mutant.invariant},
                    {"sequence", mutant.sequence},
                    {"tried", mutant.tried}});
  }
  return {{"killed_share", killed_share(mutants)}, {"mutants", std::move(list)}};
}

}  // namespace barnacle
