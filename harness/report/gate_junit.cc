#include <fmt/format.h>

#include <algorithm>
#include <pugixml.hpp>
#include <sstream>

#include "harness/report/gate_report.h"
#include "harness/report/words.h"

namespace barnacle {
namespace {

// What XML can hold: valid UTF-8 without control characters and the two code points that are none.
std::string xml_text(std::string_view text) {
  const std::string valid =
      nlohmann::json::parse(nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace))
          .get<std::string>();
  std::string out;
  for (std::size_t i = 0; i < valid.size(); ++i) {
    const bool control = (static_cast<unsigned char>(valid[i]) < 0x20 && valid[i] != '\n') || valid[i] == 0x7f;
    const std::string_view three = std::string_view(valid).substr(i, 3);
    const bool no_character = three == "\xEF\xBF\xBE" || three == "\xEF\xBF\xBF";
    out.push_back(control || no_character ? '?' : valid[i]);
    if (no_character) i += 2;
  }
  return out;
}

void set(pugi::xml_node node, const char* name, std::string_view value) {
  node.append_attribute(name).set_value(xml_text(value).c_str());
}

void set(pugi::xml_node node, const char* name, std::size_t value) { set(node, name, std::to_string(value)); }

void add_property(pugi::xml_node properties, std::string_view name, std::string_view value) {
  pugi::xml_node property = properties.append_child("property");
  set(property, "name", name);
  set(property, "value", value);
}

void add_properties(pugi::xml_node suite, const GateReport& report) {
  pugi::xml_node properties = suite.append_child("properties");
  add_property(properties, "subject", report.subject);
  if (report.options.against) add_property(properties, "against", subject_name(*report.options.against));
  add_property(properties, "seed", std::to_string(report.options.campaign.seed));
  add_property(properties, "sequences", std::to_string(report.result.played.sequences));
  add_property(properties, "digest", to_hex(report.result.played.digest));
}

void add_failure(pugi::xml_node test, const GateReport& report, std::size_t index) {
  const Violation& violation = report.result.findings[index].timeline.findings.front().violation;
  pugi::xml_node failure = test.append_child("failure");
  set(failure, "message",
      fmt::format("{} {}; replay: {}", one_line(violation.path), one_line(violation.detail), report.commands[index]));
  set(failure, "type", "finding");
  failure.append_child(pugi::node_pcdata).set_value(xml_text(gate_finding_text(report, index)).c_str());
}

// The reasons of the entries that accept findings of this invariant; empty when none does.
std::string accepted_because(const GateReport& report, std::string_view invariant) {
  std::string reasons;
  for (std::size_t i = 0; i < report.result.entries.size(); ++i) {
    const Accepted& entry = report.options.baseline.entries[i];
    if (entry.invariant != invariant || entry_state(report, i) != "accepted") continue;
    reasons += fmt::format("{}{}: {}", reasons.empty() ? "" : "; ", term_of(entry, report.options.today),
                           one_line(entry.reason));
  }
  return reasons;
}

struct Counts {
  std::size_t failures = 0;
  std::size_t skipped = 0;
};

Counts add_tests(pugi::xml_node suite, const GateReport& report) {
  Counts counts;
  const auto& findings = report.result.findings;
  for (const Invariant& invariant : all_invariants()) {
    pugi::xml_node test = suite.append_child("testcase");
    set(test, "classname", report.subject);
    set(test, "name", invariant.id);
    const auto found = std::ranges::find(findings, invariant.id, &GateFinding::invariant);
    const std::string accepted = accepted_because(report, invariant.id);
    if (found != findings.end()) {
      ++counts.failures;
      add_failure(test, report, static_cast<std::size_t>(found - findings.begin()));
    } else if (!accepted.empty()) {
      ++counts.skipped;
      set(test.append_child("skipped"), "message", accepted);
    }
  }
  return counts;
}

void set_counts(pugi::xml_node node, const Counts& counts) {
  set(node, "tests", all_invariants().size());
  set(node, "failures", counts.failures);
  set(node, "errors", std::size_t{0});
  set(node, "skipped", counts.skipped);
}

}  // namespace

std::string gate_junit(const GateReport& report) {
  pugi::xml_document document;
  pugi::xml_node declaration = document.append_child(pugi::node_declaration);
  set(declaration, "version", "1.0");
  set(declaration, "encoding", "UTF-8");
  pugi::xml_node suites = document.append_child("testsuites");
  set(suites, "name", "barnacle");
  pugi::xml_node suite = suites.append_child("testsuite");
  set(suite, "name", "barnacle gate " + report.subject);
  add_properties(suite, report);
  const Counts counts = add_tests(suite, report);
  set_counts(suites, counts);
  set_counts(suite, counts);
  suite.append_child("system-out")
      .append_child(pugi::node_pcdata)
      .set_value(xml_text(gate_closing_text(report)).c_str());
  std::ostringstream out;
  document.save(out, "  ", pugi::format_default, pugi::encoding_utf8);
  return out.str();
}

}  // namespace barnacle
