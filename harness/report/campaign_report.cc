#include "harness/report/campaign_report.h"

#include <fmt/format.h>

#include "harness/report/json.h"
#include "harness/report/line.h"
#include "harness/report/table.h"
#include "harness/report/text.h"
#include "harness/report/words.h"
#include "harness/scenario/scenario_toml.h"
#include "harness/scenario/steps.h"

namespace barnacle {
namespace {

std::uint64_t count_of(const std::vector<std::uint64_t>& counts, std::size_t index) {
  return index < counts.size() ? counts[index] : 0;
}

double mean_applied(const CampaignResult& result) {
  return result.sequences == 0 ? 0 : static_cast<double>(result.applied) / static_cast<double>(result.sequences);
}

std::uint64_t steps_of_kind(const CampaignResult& result, std::string_view name) {
  const auto count = result.steps_by_kind.find(std::string(name));
  return count == result.steps_by_kind.end() ? 0 : count->second;
}

std::string replay_command(const std::string& file) {
  return file.empty() ? "" : fmt::format("barnacle replay {}", file);
}

// Text that is not written to a file is shown whole, so that it can be pasted into one.
void write_finding(std::string& out, const ShownFinding& shown, const CampaignReport& report) {
  const Scenario& scenario = shown.found.scenario;
  out += findings_text({scenario, shown.timeline, report.subject, replay_command(shown.file)});
  out.pop_back();  // the blank line, which comes after the next ones
  line(out, "  first in sequence {}; in {} of {}", with_thousands(shown.found.sequence),
       with_thousands(shown.found.times), counted(report.result.sequences, "sequence"));
  if (shown.file.empty()) {
    line(out, "  its scenario, for barnacle replay FILE:\n");
    out += write_scenario(scenario_of_finding(shown.found, report.result.seed));
  }
  out.push_back('\n');
}

std::string steps_table(const CampaignResult& result) {
  Table table({{"step"}, {"played", kRight}, {"share", kRight}});
  for (const StepRow& row : step_rows()) {
    const std::uint64_t count = steps_of_kind(result, row.name);
    table.add({std::string(row.name), with_thousands(count), percent(count, result.steps)});
  }
  return table.text("  ");
}

std::string invariants_table(const CampaignResult& result) {
  Table table({{"invariant"}, {"asked", kRight}, {"spoke", kRight}, {"violated in sequences", kRight}});
  const auto invariants = all_invariants();
  for (std::size_t i = 0; i < invariants.size(); ++i) {
    std::uint64_t times = 0;
    for (const CampaignFinding& found : result.findings) {
      if (found.finding.invariant == invariants[i].id) times = found.times;
    }
    table.add({std::string(invariants[i].id), with_thousands(count_of(result.counted.asked, i)),
               with_thousands(count_of(result.counted.spoke, i)), times == 0 ? "-" : with_thousands(times)});
  }
  return table.text("  ");
}

void write_counts(std::string& out, const CampaignReport& report) {
  const CampaignResult& result = report.result;
  line(out, "subject   {}", report.subject);
  line(out, "seed      {}", result.seed);
  line(out, "played    {}, {}; {:.1f} applied in a sequence on average", counted(result.sequences, "sequence"),
       counted(result.steps, "step"), mean_applied(result));
  line(out, "installs  {}, of which {} were refused ({})", with_thousands(result.installs),
       with_thousands(result.refused_installs), percent(result.refused_installs, result.installs));
  if (result.faults.empty()) return;
  std::string kinds;
  for (const auto& [name, count] : result.faults)
    kinds += fmt::format("{}{} {}", kinds.empty() ? "" : ", ", name, with_thousands(count));
  line(out, "faults    struck in {} of the sequences ({} of them); steps: {}",
       percent(result.disturbed, result.sequences), with_thousands(result.disturbed), kinds);
}

void write_warnings(std::string& out, const CampaignResult& result) {
  const NeverReached never = never_reached(result);
  for (const std::string& step : never.steps) line(out, "warning: no step {} was ever played", step);
  for (const std::string& id : never.invariants)
    line(out, "warning: invariant {} was never reached: nothing that it speaks of was there", id);
  if (!never.empty()) out.push_back('\n');
}

nlohmann::json finding_json(const ShownFinding& shown, const CampaignReport& report) {
  nlohmann::json json = to_json(shown.found.finding);
  json["sequence"] = shown.found.sequence;
  json["times"] = shown.found.times;
  json["steps"] = steps_json(shown.timeline);
  if (shown.file.empty()) json["scenario"] = write_scenario(scenario_of_finding(shown.found, report.result.seed));
  else json["file"] = shown.file;
  return json;
}

}  // namespace

NeverReached never_reached(const CampaignResult& result) {
  NeverReached never;
  for (const StepRow& row : step_rows()) {
    if (steps_of_kind(result, row.name) == 0) never.steps.emplace_back(row.name);
  }
  const auto invariants = all_invariants();
  for (std::size_t i = 0; i < invariants.size(); ++i) {
    if (!invariants[i].needs_fault && count_of(result.counted.spoke, i) == 0)
      never.invariants.emplace_back(invariants[i].id);
  }
  return never;
}

Scenario scenario_of_finding(const CampaignFinding& found, std::uint64_t seed) {
  Scenario scenario = found.scenario;
  const Invariant* invariant = find_invariant(found.finding.invariant);
  if (scenario.title.empty() && invariant != nullptr) scenario.title = fmt::format("not so: {}", invariant->sentence);
  if (scenario.source.empty())
    scenario.source = fmt::format("barnacle run --seed {}, sequence {}", seed, found.sequence);
  scenario.expect = {.present = true, .findings = std::nullopt, .at_least = {found.finding.invariant}};
  return scenario;
}

std::string file_name_of(const std::string& invariant, const std::string& contents) {
  return fmt::format("{}-{}.toml", invariant, to_hex(hash_bytes(contents)).substr(0, 4));
}

std::string campaign_text(const CampaignReport& report) {
  const CampaignResult& result = report.result;
  std::string out;
  for (const ShownFinding& shown : report.findings) write_finding(out, shown, report);
  write_counts(out, report);
  line(out, "\n{}\n{}", steps_table(result), invariants_table(result));
  write_warnings(out, result);
  const std::string found = fmt::format("{} violated", counted(result.findings.size(), "invariant"));
  line(out, "verdict   {}{}", result.findings.empty() ? "clean: nothing found" : found,
       result.interrupted ? " (interrupted)" : "");
  line(out, "digest    {}", to_hex(result.digest));
  if (result.wall_seconds > 0)
    line(out, "time      {:.1f} s, {} steps a second", result.wall_seconds,
         with_thousands(static_cast<std::uint64_t>(static_cast<double>(result.steps) / result.wall_seconds)));
  return out;
}

nlohmann::json campaign_json(const CampaignReport& report) {
  const CampaignResult& result = report.result;
  nlohmann::json json;
  json["verdict"] = result.findings.empty() ? "clean" : "findings";
  json["digest"] = to_hex(result.digest);
  json["seed"] = result.seed;
  json["subject"] = report.subject;
  json["interrupted"] = result.interrupted;
  json["sequences"] = result.sequences;
  json["steps"] = result.steps;
  json["applied_steps"] = result.applied;
  json["mean_applied_steps"] = mean_applied(result);
  json["disturbed_sequences"] = result.disturbed;
  json["faults"] = result.faults;
  json["installs"] = result.installs;
  json["refused_installs"] = result.refused_installs;
  for (const StepRow& row : step_rows()) json["steps_by_kind"][std::string(row.name)] = steps_of_kind(result, row.name);
  const auto invariants = all_invariants();
  for (std::size_t i = 0; i < invariants.size(); ++i) {
    json["invariants"][std::string(invariants[i].id)] = {{"asked", count_of(result.counted.asked, i)},
                                                         {"spoke", count_of(result.counted.spoke, i)}};
  }
  const NeverReached never = never_reached(result);
  json["never_reached"] = {{"steps", never.steps}, {"invariants", never.invariants}};
  json["findings"] = nlohmann::json::array();
  for (const ShownFinding& shown : report.findings) json["findings"].push_back(finding_json(shown, report));
  json["seconds"] = result.wall_seconds;
  return json;
}

}  // namespace barnacle
