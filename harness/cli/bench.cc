// barnacle bench: the measured costs, and the rate of steps beside that of a trivial command of a property test.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <sstream>

#include "harness/cli/catalogue.h"
#include "harness/cli/exit_status.h"
#include "harness/cli/output.h"
#include "harness/cli/verbs.h"
#include "harness/report/table.h"
#include "harness/report/words.h"

namespace barnacle {
namespace {

constexpr const char* kTrivial = "rc_state_trivial";

// Prints as usual and keeps each benchmark's items a second.
class RatesReporter : public benchmark::ConsoleReporter {
 public:
  RatesReporter() : ConsoleReporter(OO_None) {}

  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      failed_ = failed_ || run.error_occurred;
      const auto rate = run.counters.find("items_per_second");
      if (!run.error_occurred && run.run_type == Run::RT_Iteration && rate != run.counters.end())
        measured_[run.run_name.function_name].push_back(rate->second);
    }
    ConsoleReporter::ReportRuns(runs);
  }

  // Of each benchmark the median of its repetitions: other work on the machine comes and goes.
  std::map<std::string, double> rates() const {
    std::map<std::string, double> medians;
    for (auto [name, rates] : measured_) {
      std::ranges::sort(rates);
      medians[name] = rates[rates.size() / 2];
    }
    return medians;
  }
  bool failed() const { return failed_; }

 private:
  std::map<std::string, std::vector<double>> measured_;
  bool failed_ = false;
};

std::string cost_text(double rate) {
  const double nanoseconds = 1e9 / rate;
  return nanoseconds < 1e3   ? fmt::format("{:.0f} ns", nanoseconds)
         : nanoseconds < 1e6 ? fmt::format("{:.1f} us", nanoseconds / 1e3)
                             : fmt::format("{:.1f} ms", nanoseconds / 1e6);
}

std::string rates_text(const std::map<std::string, double>& rates) {
  Table table({{"benchmark"},
               {"a second", Table::Align::right},
               {"each", Table::Align::right},
               {"of rc::state", Table::Align::right}});
  const auto trivial = rates.find(kTrivial);
  for (const auto& [name, rate] : rates) {
    const std::string ratio = trivial == rates.end() ? "" : fmt::format("{:.3f}", rate / trivial->second);
    table.add({name, with_thousands(static_cast<std::uint64_t>(rate)), cost_text(rate), ratio});
  }
  std::string out = "\n" + table.text();
  for (const char* steps : {"steps_with_all_invariants", "campaign_on_all_cores"}) {
    const auto rate = rates.find(steps);
    if (rate != rates.end() && trivial != rates.end())
      out += fmt::format("\n{} / {} = {:.3f}", steps, kTrivial, rate->second / trivial->second);
  }
  if (trivial != rates.end()) out += "\n";
  return out;
}

int bench_verb(const std::string& given, const std::vector<std::string>& options) {
  const auto fixtures = find_fixtures(given);
  if (!fixtures) return refuse(fixtures.error());
  // Benchmarks stand beside what they measure and know nothing of a command line.
  if (::setenv("BARNACLE_FIXTURES", fixtures->folder.c_str(), 1) != 0) return refuse("BARNACLE_FIXTURES cannot be set");
  // Repetitions of one benchmark are spread over the whole run, so that a slow minute of the machine is nobody's alone.
  std::vector<std::string> words{"barnacle bench", "--benchmark_enable_random_interleaving=true"};
  words.insert(words.end(), options.begin(), options.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  int count = static_cast<int>(arguments.size());
  arguments.push_back(nullptr);
  benchmark::Initialize(&count, arguments.data());
  if (count > 1) return refuse(fmt::format("bench: unknown option '{}'", arguments[1]));
  RatesReporter reporter;
  std::ostringstream complaints;  // in the library's words; ours follow
  reporter.SetErrorStream(&complaints);
  if (benchmark::RunSpecifiedBenchmarks(&reporter) == 0) return refuse("bench: no benchmark of that name");
  fmt::print(stderr, "{}", complaints.str());
  print(rates_text(reporter.rates()));
  return reporter.failed() ? kInternalFault : kNothingFound;
}

}  // namespace

void add_bench(CLI::App& program, Chosen& chosen) {
  CLI::App* verb =
      program.add_subcommand("bench", "Measure steps a second with all invariants on, and what they are made of");
  verb->footer("Google Benchmark's own options are taken too, as in --benchmark_filter=steps");
  verb->allow_extras();
  verb->fallthrough(false);  // what is not known here is Google Benchmark's
  verb->callback(
      [verb, &chosen] { chosen.verb = [verb, &chosen] { return bench_verb(chosen.fixtures, verb->remaining()); }; });
}

}  // namespace barnacle
