// The gate's reports on findings with strange names, and with time running out.
#include "harness/report/gate_report.h"

#include <gtest/gtest.h>

#include <pugixml.hpp>

#include "harness/engine/lifecycle.h"
#include "harness/report/json.h"

namespace barnacle {
namespace {

const std::string kStrange = "/opt/\x01\x1b[31m]]></failure>&\"'<\xff\xfe\xEF\xBF\xBF\n/x";

Scenario one_install() {
  Scenario scenario;
  scenario.nodes.resize(1);
  scenario.nodes[0].name = "node-a";
  scenario.nodes[0].host = "ubuntu-24.04-containerd-2.0";
  scenario.steps.resize(1);
  scenario.steps[0].kind = StepKind::install;
  scenario.steps[0].release = "kata-deploy";
  return scenario;
}

struct GateReportTest : ::testing::Test {
  GateOptions options;
  GateResult result;

  GateReportTest() {
    options.baseline = {
        "base.toml",
        {{"path.resolves", "*", "known to us", 0}, {"host.restored", "/etc/*", "known as well", 86'400'000'000}}};
    options.today = 86'400;
    result.played.sequences = 10;
    result.entries.resize(2);
    GateFinding finding;
    finding.invariant = "path.resolves";
    finding.hit = {3, 2};
    finding.scenario = one_install();
    auto timeline = replay(lifecycle_lab(), find_subject(fixtures_catalogue().versions, "model:kata"), finding.scenario,
                           {.details = true, .only_invariant = {}});
    finding.timeline = std::move(*timeline);
    Finding found;
    found.invariant = finding.invariant;
    found.step = 1;
    found.violation = {"node-a", kStrange, "does not exist"};
    finding.timeline.findings.push_back(found);
    finding.first = found;
    finding.steps_as_found = 4;
    finding.expired = {0};
    result.findings.push_back(std::move(finding));
    result.entries[0].hit = {3, 2};
    result.entries[1].hit = {5, 1};
  }

  GateReport report() {
    return {options,
            result,
            "model:kata",
            {"gate-findings/path.resolves.toml"},
            {"barnacle replay gate-findings/path.resolves.toml"},
            false};
  }
};

TEST_F(GateReportTest, JUnitIsWellFormedWhateverAPathIsCalled) {
  const GateReport gate = report();
  const std::string text = gate_junit(gate);
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(text.c_str()));
  const pugi::xml_node suite = document.child("testsuites").child("testsuite");
  EXPECT_EQ(suite.attribute("tests").as_uint(), all_invariants().size());
  EXPECT_EQ(suite.attribute("failures").as_uint(), 1U);
  EXPECT_EQ(suite.attribute("skipped").as_uint(), 1U);
  const pugi::xml_node failed = suite.find_child_by_attribute("testcase", "name", "path.resolves");
  const std::string message = failed.child("failure").attribute("message").value();
  EXPECT_NE(message.find("]]></failure>&\"'<"), std::string::npos) << message;
  for (const unsigned char c : text)
    EXPECT_TRUE(c >= 0x20 || c == '\n') << "no XML holds this character: " << static_cast<int>(c);
  const pugi::xml_node skipped = suite.find_child_by_attribute("testcase", "name", "host.restored");
  EXPECT_NE(std::string(skipped.child("skipped").attribute("message").value()).find("known as well"),
            std::string::npos);
}

TEST_F(GateReportTest, SaysWhatExpiredAndThatTimeRanOut) {
  result.findings[0].steps_as_found = 1;
  const std::string text = gate_finding_text(report(), 0);
  EXPECT_NE(text.find("accepted until 1970-01-01: expired (*: known to us)"), std::string::npos) << text;
  EXPECT_NE(text.find("not shrunk: time ran out (1 step as found)"), std::string::npos) << text;
  result.findings[0].steps_as_found = 4;
  EXPECT_NE(gate_finding_text(report(), 0).find("shrunk to 1 step when time ran out (4 steps as found)"),
            std::string::npos);
  result.findings[0].shrunk = true;
  EXPECT_NE(gate_finding_text(report(), 0).find("shrunk to 1 step (4 steps as found)"), std::string::npos);
}

TEST_F(GateReportTest, JsonTellsTheStateOfEachEntry) {
  const auto json = nlohmann::json::parse(json_text(gate_json(report())));
  EXPECT_EQ(json["verdict"], "failed");
  EXPECT_EQ(json["findings"][0]["expired"][0], "accepted until 1970-01-01: expired");
  EXPECT_EQ(json["baseline"][0]["state"], "expired");
  EXPECT_EQ(json["baseline"][1]["state"], "accepted");
}

}  // namespace
}  // namespace barnacle
