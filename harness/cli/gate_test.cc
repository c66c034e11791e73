// The gate as a pipeline meets it: fails on what is new, passes on what is accepted, and keeps its time.
#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <sstream>

#include "harness/cli/program_run.h"
#include "sim/base/sanitized.h"

namespace barnacle {
namespace {

constexpr double kSlack_s = kSanitized ? 20 : 1;

// The reference logic with one defect, which one invariant notices.
const std::string kPlanted = "model:kata+Z91";
const std::string kInvariant = "runtime.handlers";

struct GateTest : ProgramTest {
  Ended gate(const std::string& subject, std::vector<std::string> more = {}) {
    std::vector<std::string> words{"gate", "--subject", subject, "--out", folder.path("findings")};
    if (std::ranges::find(more, "--time") == more.end())
      words.insert(words.end(), {"--sequences", kSanitized ? "10" : "30"});
    words.insert(words.end(), more.begin(), more.end());
    return run(words);
  }

  std::string accepted(const std::string& invariant, const std::string& pattern, const std::string& expires) {
    return "[[accepted]]\ninvariant = \"" + invariant + "\"\npattern = \"" + pattern +
           "\"\nreason = \"known to us\"\nexpires = " + expires + "\n";
  }

  std::string baseline(const std::string& text) { return folder.write("baseline.toml", text); }

  static bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

  void expect_valid_junit(const std::string& file) {
    if (shell("command -v xmllint").status != 0) return;  // ci/packages.txt has it for ci/test
    const Ended checked = shell("xmllint --noout --schema " BARNACLE_SOURCE_DIR "/ci/junit.xsd '" + file + "'");
    EXPECT_EQ(checked.status, 0) << checked.error;
  }
};

TEST_F(GateTest, FailsWithTheOneFindingOfAPlantedDefectAndItsReplay) {
  const Ended ended = gate(kPlanted);
  ASSERT_EQ(ended.status, kFinding) << ended.out << ended.error;
  EXPECT_EQ(ended.error, "");
  EXPECT_TRUE(has(ended.out, "FAILED: new findings of 1 invariant")) << ended.out;
  const std::string file = folder.path("findings") + "/" + kInvariant + ".toml";
  EXPECT_TRUE(has(ended.out, "replay: barnacle replay " + file)) << ended.out;
  const std::size_t found = ended.out.find("found " + kInvariant);
  ASSERT_NE(found, std::string::npos) << ended.out;
  EXPECT_LT(found, ended.out.find("shrunk to 2 steps")) << "printed first, shrunk after: " << ended.out;
  const Ended again = run({"replay", file});
  EXPECT_EQ(again.status, kFinding) << again.error;
  EXPECT_TRUE(has(again.out, "expected: matched")) << again.out;
}

TEST_F(GateTest, PassesOnTheReferenceLogic) {
  const Ended ended = gate("model:kata");
  EXPECT_EQ(ended.status, kNothingFound) << ended.out << ended.error;
  EXPECT_TRUE(has(ended.out, "passed: nothing new")) << ended.out;
  EXPECT_FALSE(fs::exists(folder.path("findings")));
}

TEST_F(GateTest, PassesOnWhatIsAcceptedUntilThatExpires) {
  const std::string file = baseline(accepted(kInvariant, "RuntimeClass kata-*", "2026-01-31") +
                                    accepted("path.resolves", "/opt/*", "2026-03-01"));
  const Ended last_day = gate(kPlanted, {"--baseline", file, "--today", "2026-01-31"});
  EXPECT_EQ(last_day.status, kNothingFound) << last_day.out << last_day.error;
  EXPECT_TRUE(has(last_day.out, "accepted until 2026-01-31; known to us")) << last_day.out;
  EXPECT_TRUE(has(last_day.out, "path.resolves  /opt/*  matched nothing")) << last_day.out;

  const Ended next_day = gate(kPlanted, {"--baseline", file, "--today", "2026-02-01"});
  EXPECT_EQ(next_day.status, kFinding) << next_day.out << next_day.error;
  EXPECT_TRUE(has(next_day.out, "accepted until 2026-01-31: expired")) << next_day.out;
}

TEST_F(GateTest, WhatIsAcceptedHidesNoOtherFindingOfTheInvariant) {
  const std::string file = baseline(accepted(kInvariant, "RuntimeClass kata-qemu*", "2026-12-31"));
  const Ended ended = gate(kPlanted, {"--baseline", file, "--today", "2026-01-01"});
  ASSERT_EQ(ended.status, kFinding) << ended.out << ended.error;
  EXPECT_FALSE(has(ended.out, "\n  RuntimeClass kata-qemu")) << "shrinking keeps what is new: " << ended.out;
}

TEST_F(GateTest, ABaselineThatIsNotOneIsOneLine) {
  const auto refused = [&](const std::string& text, const std::string& naming) {
    expect_refusal({"gate", "--sequences", "1", "--baseline", baseline(text)}, "baseline.toml" + naming);
  };
  refused("[[accepted]]\ninvariant = \"path.resolves\"\npattern = \"/x\"\nreason = \"y\"\n", ":1: expires: is missing");
  refused(accepted(kInvariant, "*", "2026-01-01") + "expire = 2\n",
          ":6: expire: unknown key of an [[accepted]] table (did you mean 'expires'?)");
  refused(accepted("runtime.handler", "*", "2026-01-01"),
          ":2: invariant: unknown invariant 'runtime.handler' (did you mean 'runtime.handlers'?)");
  refused(accepted(kInvariant, "", "2026-01-01"), ":3: pattern: must not be empty");
  refused(accepted(kInvariant, "*", "\"some day\""), ":5: expires: must be a date");
  refused(accepted(kInvariant, "*", "2026-01-01T12:00:00Z"), ":5: expires: must be a day");
  refused("[accepted]\n", ":1: accepted: must be an array of tables");
  expect_refusal({"gate", "--sequences", "1", "--baseline", folder.path("missing.toml")},
                 "missing.toml: cannot be opened");
}

TEST_F(GateTest, WrongUsageIsOneLine) {
  expect_refusal({"gate", "--sequences", "1", "--time", "1s"}, "--time");
  expect_refusal({"gate", "--time", "soon"}, "soon");
  expect_refusal({"gate", "--commit", "HEAD"}, "--commit");
  expect_refusal({"gate", "--commit", "0123456789abcdef", "--seed", "1"}, "--seed excludes --commit");
  expect_refusal({"gate", "--sequences", "1", "--today", "tomorrow"}, "--today: 'tomorrow'");
  expect_refusal({"gate", "--sequences", "1", "--against", "model:kato"}, "model:kata");
  expect_refusal({"gate", "--sequences", "1", "--junit", folder.path("nowhere/x.xml")}, "--junit");
  expect_refusal({"gate", "--sequences", "1", "--json", folder.path("")}, "--json");
  expect_refusal({"gate", "--sequences", "1", "--out", folder.write("file", "mine")}, "--out");
}

TEST_F(GateTest, TakesItsSeedFromACommit) {
  const Ended ended = run({"gate", "--sequences", "1", "--commit", "00000000002a00000000ffffffffffffffffffff"});
  EXPECT_TRUE(has(ended.out, "seed      42\n")) << ended.out << ended.error;
}

TEST_F(GateTest, ReportsOnlyWhatTheOtherSubjectDoesNotHave) {
  const Ended same = gate(kPlanted, {"--against", kPlanted});
  EXPECT_EQ(same.status, kNothingFound) << same.out << same.error;
  EXPECT_FALSE(has(same.out, "in common in 0 sequences")) << same.out;
  const Ended reference = gate(kPlanted, {"--against", "model:kata"});
  EXPECT_EQ(reference.status, kFinding) << reference.out << reference.error;
  EXPECT_TRUE(has(reference.out, "FAILED: new findings of 1 invariant")) << reference.out;
  const Ended better = gate("model:kata", {"--against", kPlanted});
  EXPECT_EQ(better.status, kNothingFound) << better.out << better.error;
}

TEST_F(GateTest, WritesJUnitThatValidatesAndJson) {
  const std::string junit = folder.path("gate.xml");
  const std::string json = folder.path("gate.json");
  ASSERT_EQ(gate(kPlanted, {"--junit", junit, "--json", json}).status, kFinding);
  expect_valid_junit(junit);
  EXPECT_TRUE(has(contents(junit), "<failure message=\"RuntimeClass kata-")) << contents(junit);
  EXPECT_TRUE(has(contents(junit), "replay: barnacle replay ")) << contents(junit);
  const auto report = nlohmann::json::parse(contents(json), nullptr, false);
  ASSERT_FALSE(report.is_discarded());
  EXPECT_EQ(report["verdict"], "failed");
  EXPECT_EQ(report["findings"].size(), 1U);
  EXPECT_EQ(report["findings"][0]["invariant"], kInvariant);
  EXPECT_EQ(report["findings"][0]["shrunk"], true);

  const std::string file = baseline(accepted(kInvariant, "*", "2026-01-31"));
  ASSERT_EQ(gate(kPlanted, {"--junit", junit, "--json", json, "--baseline", file, "--today", "2026-01-01"}).status,
            kNothingFound);
  expect_valid_junit(junit);
  EXPECT_TRUE(has(contents(junit), "<skipped message=\"accepted until 2026-01-31: known to us\"")) << contents(junit);
  EXPECT_EQ(nlohmann::json::parse(contents(json), nullptr, false)["baseline"][0]["state"], "accepted");

  ASSERT_EQ(gate(kPlanted, {"--junit", junit, "--baseline", file, "--today", "2026-02-01"}).status, kFinding);
  expect_valid_junit(junit);
  EXPECT_TRUE(has(contents(junit), "accepted until 2026-01-31: expired")) << contents(junit);
}

TEST_F(GateTest, TheReportIsTheSameForAnyNumberOfJobs) {
  const Ended one = gate("model:kata-3.24.0", {"--jobs", "1"});
  const Ended three = gate("model:kata-3.24.0", {"--jobs", "3"});
  EXPECT_EQ(one.status, kFinding) << one.error;
  EXPECT_EQ(one.out, three.out);
}

TEST_F(GateTest, KeepsItsTimeAlsoWhereThereIsMuchToShrink) {
  const auto start = std::chrono::steady_clock::now();
  const Ended ended = gate("model:kata-3.16.0", {"--time", "3s"});
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  EXPECT_LT(seconds, 3 + kSlack_s);
#ifndef __SANITIZE_ADDRESS__  // there, nothing may have been played by then
  EXPECT_EQ(ended.status, kFinding) << ended.error;
#endif
}

// --- ci/gate and the example ---

struct ScriptTest : GateTest {
  ScriptTest() { fs::create_directory_symlink(BARNACLE_SOURCE_DIR, folder.path(".barnacle")); }

  // With the program that is under test, and nothing else of this shell's surroundings.
  Ended script(const std::string& line, const std::string& surroundings = "") {
    return shell("env -i PATH=\"$PATH\" HOME=\"$PWD\" BARNACLE_PROGRAM='" BARNACLE_PROGRAM "' " + surroundings +
                 " sh -ec '" + line + "'");
  }
};

TEST_F(ScriptTest, TheScriptTakesTheSeedFromTheCommitThatIsCheckedOut) {
  if (shell("command -v git").status != 0) GTEST_SKIP() << "git is not here";
  const Ended none = script(".barnacle/ci/gate --sequences 1");
  EXPECT_EQ(none.status, kNothingFound) << none.error;
  EXPECT_TRUE(has(none.error, "no commit here")) << none.error;
  EXPECT_TRUE(has(none.out, "seed      1\n")) << none.out;

  ASSERT_EQ(
      script("git init -q . && git -c user.name=a -c user.email=a@example.org commit -q --allow-empty -m first").status,
      0);
  const std::string commit = script("git rev-parse HEAD").out.substr(0, 40);
  const Ended ended = script(".barnacle/ci/gate --sequences 1");
  EXPECT_EQ(ended.status, kNothingFound) << ended.error;
  EXPECT_TRUE(has(ended.out, "seed      " + std::to_string(std::stoull(commit.substr(0, 12), nullptr, 16)) + "\n"))
      << commit << "\n"
      << ended.out;
  EXPECT_TRUE(has(script(".barnacle/ci/gate --sequences 1 --seed=7").out, "seed      7\n"));
}

// The `run:` lines of a workflow, each a command of one line.
std::vector<std::string> commands_of(const std::string& workflow) {
  std::vector<std::string> commands;
  std::istringstream lines(workflow);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t at = line.find("run: ");
    if (at != std::string::npos && line.find_first_not_of(" -") == at) commands.push_back(line.substr(at + 5));
  }
  return commands;
}

TEST_F(ScriptTest, TheCommandsOfTheExampleWorkflowRun) {
  const std::string examples = BARNACLE_SOURCE_DIR "/ci/examples/";
  const std::string workflow = contents(examples + "github-gate.yml");
  const std::vector<std::string> commands = commands_of(workflow);
  ASSERT_EQ(commands.size(), 1U);
  EXPECT_TRUE(has(workflow, "\n  GATE_SUBJECT: model:kata\n")) << "what follows is set as it is there";
  EXPECT_TRUE(has(workflow, "\n  GATE_TIME: 60s"));
  fs::copy_file(examples + "barnacle-baseline.toml", folder.path("barnacle-baseline.toml"));
  for (const std::string& command : commands) {
    const Ended ended =
        script(command, "GITHUB_SHA=c96427f0000000000000000000000000deadbeef GATE_SUBJECT=model:kata GATE_TIME=" +
                            std::string(kSanitized ? "5s" : "2s"));
    EXPECT_EQ(ended.status, kNothingFound) << command << "\n" << ended.out << ended.error;
  }
  expect_valid_junit(folder.path("gate.xml"));
  EXPECT_TRUE(fs::exists(folder.path("gate.json")));
}

}  // namespace
}  // namespace barnacle
