#include "harness/report/json.h"

#include "harness/report/expectation.h"

namespace barnacle {
namespace {

nlohmann::json to_json(const Author& by) {
  if (by.step == 0) return nullptr;
  nlohmann::json author = {{"release", by.release}, {"revision", by.revision}, {"step", by.step}, {"node", by.node},
                           {"pod", by.pod},         {"effect", by.effect},     {"what", by.what}};
  if (!by.line.empty()) author["line"] = by.line;
  return author;
}

nlohmann::json expectation_json(const ReplayReport& report) {
  const ExpectationResult result = compare_expectation(report.scenario.expect, report.timeline.findings);
  if (!result.present) return nullptr;
  return {{"matched", result.matched}, {"missing", result.missing}, {"unexpected", result.unexpected}};
}

}  // namespace

nlohmann::json to_json(const Finding& finding) {
  const Violation& violation = finding.violation;
  return {{"invariant", finding.invariant}, {"step", finding.step},         {"node", violation.node},
          {"path", violation.path},         {"detail", violation.detail},   {"file", violation.file},
          {"line", violation.line},         {"release", violation.release}, {"by", to_json(finding.by)}};
}

nlohmann::json steps_json(const Timeline& timeline) {
  nlohmann::json steps = nlohmann::json::array();
  for (const StepOutcome& step : timeline.steps) {
    steps.push_back({{"index", step.index},
                     {"do", step_name(step.kind)},
                     {"result", step.result},
                     {"digest", to_hex(step.digest)}});
  }
  return steps;
}

nlohmann::json replay_json(const ReplayReport& report) {
  nlohmann::json findings = nlohmann::json::array();
  for (const Finding& finding : report.timeline.findings) findings.push_back(to_json(finding));
  return {{"verdict", findings.empty() ? "clean" : "findings"},
          {"title", report.scenario.title},
          {"digest", to_hex(report.timeline.digest)},
          {"seed", nullptr},
          {"subject", report.subject},
          {"findings", std::move(findings)},
          {"steps", steps_json(report.timeline)},
          {"expect", expectation_json(report)}};
}

std::string json_text(const nlohmann::json& document) {
  return document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace barnacle
