// What a gate came to: for people, for programs, and for the test pages of pipelines.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/engine/gate.h"

namespace barnacle {

struct GateReport {
  const GateOptions& options;
  const GateResult& result;
  std::string subject;
  std::vector<std::string> files;     // one for each of result.findings: where its scenario is
  std::vector<std::string> commands;  // and how to play it
  bool interrupted = false;
};

// A finding as it was found, in two lines: before anybody takes the time to shrink it.
std::string gate_first_text(const GateReport& report, std::size_t index);
// The same finding in full. Of this and what follows: Gate::show has filled the timelines.
std::string gate_finding_text(const GateReport& report, std::size_t index);
// The baseline, what was played, verdict and digest.
std::string gate_closing_text(const GateReport& report);

nlohmann::json gate_json(const GateReport& report);

// JUnit XML: one test case for each invariant. New findings fail it; one that has accepted findings only is skipped.
std::string gate_junit(const GateReport& report);

// The finding's scenario as a file of its own.
Scenario scenario_of_gate_finding(const GateFinding& finding, std::uint64_t seed);

// For each entry of the baseline: "accepted", "expired" or "unused".
std::string_view entry_state(const GateReport& report, std::size_t index);

}  // namespace barnacle
