// The score as a table and as JSON, and the budgets that it is held against.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/engine/mutants.h"
#include "harness/engine/selftest.h"

namespace barnacle {

// Median sequences to detection, by the defect's id, as they were when the budget was recorded.
using SelftestBudget = std::map<std::string, std::uint64_t>;

// A median may be so many times its budget.
inline constexpr std::uint64_t kBudgetFactor = 3;

// By engine: "campaign", "fuzzer".
using SelftestBudgets = std::map<std::string, SelftestBudget>;

// What one engine scored.
struct SelftestReport {
  std::string engine = "campaign";  // or "fuzzer": who looked
  std::vector<DefectScore> scores;
  SelftestBudget budget;  // may be empty
  int seeds = 0;
  bool interrupted = false;
  double wall_seconds = 0;

  // What is wrong with the score, a line each: defects that some seed does not detect, medians beyond their budget, a
  // canary that is detected. Empty when all is well.
  std::vector<std::string> failures() const;
};

// fixtures/selftest.toml: a table for each engine. The error is one line with file, line and key.
std::expected<SelftestBudgets, std::string> read_selftest_budgets(const std::string& file);
std::string selftest_budgets_text(const std::vector<SelftestReport>& reports);

// How many mutants of the effects were killed, and the survivors one by one.
std::string mutants_text(const std::vector<MutantScore>& mutants);
nlohmann::json mutants_json(const std::vector<MutantScore>& mutants);
// Killed, of those that are not equivalent; 1 where there are none.
double killed_share(const std::vector<MutantScore>& mutants);
inline constexpr double kLeastKilledShare = 0.9;

std::string selftest_text(const std::vector<SelftestReport>& reports);
// The first engine's score, and below their names those of the others.
nlohmann::json selftest_json(const std::vector<SelftestReport>& reports);

}  // namespace barnacle
