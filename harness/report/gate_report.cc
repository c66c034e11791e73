#include "harness/report/gate_report.h"

#include <fmt/format.h>

#include "harness/report/campaign_report.h"
#include "harness/report/json.h"
#include "harness/report/line.h"
#include "harness/report/text.h"
#include "harness/report/words.h"
#include "sim/base/dates.h"

namespace barnacle {
namespace {

std::string where_seen(const GateFinding& finding, const GateResult& result) {
  return fmt::format("first in sequence {}; in {} of {}", with_thousands(finding.hit.sequence),
                     with_thousands(finding.hit.times), counted(result.played.sequences, "sequence"));
}

std::string length_of(const GateFinding& finding) {
  const std::string as_found = fmt::format("{} as found", counted(finding.steps_as_found, "step"));
  const std::string now = counted(finding.scenario.steps.size(), "step");
  if (finding.shrunk) return fmt::format("shrunk to {} ({})", now, as_found);
  return finding.scenario.steps.size() == finding.steps_as_found
             ? fmt::format("not shrunk: time ran out ({})", as_found)
             : fmt::format("shrunk to {} when time ran out ({})", now, as_found);
}

void write_expired(std::string& out, const GateReport& report, const GateFinding& finding) {
  for (const std::size_t i : finding.expired) {
    const Accepted& entry = report.options.baseline.entries[i];
    line(out, "  {} ({}: {})", term_of(entry, report.options.today), one_line(entry.pattern), one_line(entry.reason));
  }
}

void write_baseline(std::string& out, const GateReport& report) {
  const Baseline& baseline = report.options.baseline;
  if (baseline.file.empty()) return;
  line(out, "baseline  {}, {}", one_line(baseline.file), counted(baseline.entries.size(), "accepted finding"));
  for (std::size_t i = 0; i < baseline.entries.size(); ++i) {
    const Accepted& entry = baseline.entries[i];
    const std::uint64_t times = report.result.entries[i].hit.times;
    const std::string matched =
        times == 0 ? "matched nothing" : fmt::format("matched in {}", counted(times, "sequence"));
    line(out, "  {}  {}  {}; {}; {}", entry.invariant, one_line(entry.pattern), matched,
         term_of(entry, report.options.today), one_line(entry.reason));
  }
}

std::string verdict_of(const GateReport& report) {
  const std::size_t found = report.result.findings.size();
  const std::string verdict =
      found == 0 ? "passed: nothing new" : fmt::format("FAILED: new findings of {}", counted(found, "invariant"));
  return verdict + (report.interrupted ? " (interrupted)" : "");
}

nlohmann::json finding_json(const GateReport& report, std::size_t index) {
  const GateFinding& finding = report.result.findings[index];
  nlohmann::json json = to_json(finding.timeline.findings.front());
  json["sequence"] = finding.hit.sequence;
  json["times"] = finding.hit.times;
  json["shrunk"] = finding.shrunk;
  json["steps"] = steps_json(finding.timeline);
  json["file"] = report.files[index];
  json["replay"] = report.commands[index];
  json["expired"] = nlohmann::json::array();
  for (const std::size_t i : finding.expired)
    json["expired"].push_back(term_of(report.options.baseline.entries[i], report.options.today));
  return json;
}

nlohmann::json entry_json(const GateReport& report, std::size_t index) {
  const Accepted& entry = report.options.baseline.entries[index];
  return {{"invariant", entry.invariant},
          {"pattern", entry.pattern},
          {"reason", entry.reason},
          {"expires", date_text(entry.expires)},
          {"state", entry_state(report, index)},
          {"times", report.result.entries[index].hit.times},
          {"path", report.result.entries[index].path}};
}

}  // namespace

std::string_view entry_state(const GateReport& report, std::size_t index) {
  if (report.result.entries[index].hit.times == 0) return "unused";
  return has_expired(report.options.baseline.entries[index], report.options.today) ? "expired" : "accepted";
}

Scenario scenario_of_gate_finding(const GateFinding& finding, std::uint64_t seed) {
  const CampaignFinding found{finding.first, finding.hit.sequence, finding.hit.times, finding.scenario};
  return scenario_of_finding(found, seed);
}

std::string gate_first_text(const GateReport& report, std::size_t index) {
  const GateFinding& finding = report.result.findings[index];
  const Violation& violation = finding.first.violation;
  std::string out;
  line(out, "found {}: {}    {}", finding.invariant, one_line(violation.path), one_line(violation.detail));
  line(out, "  {}; {} as found: {}", where_seen(finding, report.result), counted(finding.steps_as_found, "step"),
       report.commands[index]);
  return out;
}

std::string gate_finding_text(const GateReport& report, std::size_t index) {
  const GateFinding& finding = report.result.findings[index];
  std::string out = findings_text({finding.scenario, finding.timeline, report.subject, report.commands[index]});
  out.pop_back();  // the blank line, which comes after the next ones
  line(out, "  {}", where_seen(finding, report.result));
  line(out, "  {}", length_of(finding));
  write_expired(out, report, finding);
  out.push_back('\n');
  return out;
}

std::string gate_closing_text(const GateReport& report) {
  const GateResult& result = report.result;
  std::string out;
  line(out, "subject   {}", report.subject);
  if (report.options.against) {
    line(out, "against   {}, which has findings in common in {}", subject_name(*report.options.against),
         counted(result.shared, "sequence"));
  }
  line(out, "seed      {}", report.options.campaign.seed);
  line(out, "played    {}, {}", counted(result.played.sequences, "sequence"), counted(result.played.steps, "step"));
  write_baseline(out, report);
  line(out, "verdict   {}", verdict_of(report));
  line(out, "digest    {}", to_hex(result.played.digest));
  return out;
}

nlohmann::json gate_json(const GateReport& report) {
  const GateResult& result = report.result;
  nlohmann::json json;
  json["verdict"] = result.findings.empty() ? "passed" : "failed";
  json["subject"] = report.subject;
  json["against"] =
      report.options.against ? nlohmann::json(subject_name(*report.options.against)) : nlohmann::json(nullptr);
  json["seed"] = report.options.campaign.seed;
  json["today"] = date_text(report.options.today);
  json["interrupted"] = report.interrupted;
  json["sequences"] = result.played.sequences;
  json["steps"] = result.played.steps;
  json["digest"] = to_hex(result.played.digest);
  json["findings"] = nlohmann::json::array();
  for (std::size_t i = 0; i < result.findings.size(); ++i) json["findings"].push_back(finding_json(report, i));
  json["baseline"] = nlohmann::json::array();
  for (std::size_t i = 0; i < result.entries.size(); ++i) json["baseline"].push_back(entry_json(report, i));
  return json;
}

}  // namespace barnacle
