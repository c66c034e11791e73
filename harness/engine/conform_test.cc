#include "harness/engine/conform.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "harness/engine/conform_host.h"
#include "harness/engine/conform_outcome.h"
#include "harness/engine/conform_plan.h"
#include "sim/base/sha256.h"

namespace barnacle {
namespace {

// --- hosts ---

struct RecordedHost {
  Store store;
  FileTree model{store, 0};
  Listing listing;
  std::string version = "3.16.0";
  std::optional<std::string> image;

  void has(const std::string& path, const std::string& text) {
    ASSERT_TRUE(model.make_directories(parent_path(path), 0));
    ASSERT_TRUE(model.write(path, text, 0));
  }
  void recorded(const std::string& path, const std::string& text) {
    for (std::string_view folder = parent_path(path); folder != "/" && !folder.empty(); folder = parent_path(folder)) {
      listing.entries[std::string(folder)] = {
          .kind = FileKind::directory, .mode = 0755, .size = 0, .sha256 = {}, .target = {}};
    }
    listing.entries[path] = {
        .kind = FileKind::file, .mode = 0644, .size = text.size(), .sha256 = sha256_hex(text), .target = {}};
    listing.sections[path] = text;
  }
  HostComparison compare() {
    Fingerprints fingerprints;
    return compare_host(model, listing, version, [this](const std::string&) { return image; }, fingerprints);
  }
};

using Lines = std::vector<std::string>;

TEST(CompareHost, EqualHostsAgreeByBytes) {
  RecordedHost host;
  host.has("/etc/containerd/config.toml", "version = 3\n");
  host.recorded("/etc/containerd/config.toml", "version = 3\n");
  const HostComparison comparison = host.compare();
  EXPECT_EQ(comparison.differences, Lines{});
  EXPECT_EQ(comparison.entries, 3);
  EXPECT_EQ(comparison.files_by_bytes, 1);
  EXPECT_EQ(comparison.files_by_value, 0);
}

TEST(CompareHost, TellsWhatOnlyOneSideHas) {
  RecordedHost host;
  host.has("/opt/kata/bin/left", "");
  host.recorded("/opt/kata/gone", "");
  EXPECT_EQ(host.compare().differences, (Lines{"/opt/kata/bin: is not recorded, and the model has it",
                                               "/opt/kata/bin/left: is not recorded, and the model has it",
                                               "/opt/kata/gone: is recorded, and the model has it not"}));
}

TEST(CompareHost, TellsKindsModesAndTargets) {
  RecordedHost host;
  host.has("/opt/a", "x");
  host.recorded("/opt/a", "x");
  host.listing.entries["/opt/a"].mode = 0755;
  ASSERT_TRUE(host.model.make_symlink("/opt/b", "a", 0));
  host.listing.entries["/opt/b"] = {.kind = FileKind::symlink, .mode = 0, .size = 0, .sha256 = {}, .target = "c"};
  ASSERT_TRUE(host.model.make_directory("/opt/d", 0));
  host.listing.entries["/opt/d"] = {.kind = FileKind::symlink, .mode = 0, .size = 0, .sha256 = {}, .target = "c"};
  EXPECT_EQ(host.compare().differences,
            (Lines{"/opt/a: recorded f 0755, model f 0644", "/opt/b: recorded -> c, model -> a",
                   "/opt/d: recorded l, model d 0755"}));
}

TEST(CompareHost, LeavesOutWhatTheSandboxBroughtAndNothingElse) {
  RecordedHost host;
  for (const char* path : {"/usr/a", "/run/a", "/lib64/a", "/root/a", "/runner/a"}) host.has(path, "");
  EXPECT_EQ(host.compare().differences, (Lines{"/runner: is not recorded, and the model has it",
                                               "/runner/a: is not recorded, and the model has it"}));
}

TEST(CompareHost, ContainerdsConfigurationIsComparedByValueAndOrderOfLists) {
  RecordedHost host;
  host.recorded("/etc/containerd/config.toml", "imports = [\"a\", \"b\"]\nversion = 3\n");
  host.has("/etc/containerd/config.toml", "version = 3\nimports = [ \"a\", \"b\" ]\n");
  EXPECT_EQ(host.compare().differences, Lines{});
  EXPECT_EQ(host.compare().files_by_value, 1);
  host.has("/etc/containerd/config.toml", "version = 3\nimports = [\"b\", \"a\"]\n");
  EXPECT_EQ(host.compare().differences,
            (Lines{"/etc/containerd/config.toml: imports: recorded [\"a\", \"b\"], model [\"b\", \"a\"]"}));
}

TEST(CompareHost, EverythingElseIsComparedByBytes) {
  RecordedHost host;
  host.recorded("/etc/crio/crio.conf.d/99-kata-deploy", "[crio]\na = 1\n");
  host.has("/etc/crio/crio.conf.d/99-kata-deploy", "[crio]\na =  1\n");
  EXPECT_EQ(host.compare().differences,
            (Lines{"/etc/crio/crio.conf.d/99-kata-deploy: line 2: recorded 'a = 1', model 'a =  1'"}));
  EXPECT_EQ(host.compare().files_by_value, 0);
}

TEST(CompareHost, ShimConfigurationIsComparedByValueOnlyWhereALaterVersionRewroteIt) {
  const std::string path = "/opt/kata/share/defaults/kata-containers/configuration-qemu.toml";
  RecordedHost host;
  host.image = "a = 1\n";
  host.recorded(path, "a = 2\n");
  host.has(path, "a =  2\n");
  EXPECT_EQ(host.compare().differences.size(), 1U) << "3.16.0 edits text";
  host.version = "3.23.0";
  EXPECT_EQ(host.compare().differences, Lines{});
  EXPECT_EQ(host.compare().files_by_value, 1);
  host.image = "a = 2\n";
  EXPECT_EQ(host.compare().differences.size(), 1U) << "what is the image's must be left as it is, byte by byte";
}

TEST(CompareHost, WithoutTheRecordedTextOnlyBytesCount) {
  RecordedHost host;
  host.recorded("/etc/containerd/config.toml", "a = 1\n");
  host.has("/etc/containerd/config.toml", "a =  1\n");
  host.listing.sections.clear();
  EXPECT_EQ(host.compare().differences.size(), 1U);
}

// --- plans ---

Scenario scenario_of(std::vector<Step> steps, std::vector<std::string> nodes = {"node-a"}) {
  Scenario scenario;
  for (const std::string& name : nodes) {
    NodeSpec node;
    node.name = name;
    scenario.nodes.push_back(node);
  }
  scenario.steps = std::move(steps);
  return scenario;
}

Step step_of(StepKind kind, int times = 1) {
  Step step;
  step.kind = kind;
  step.release = "kata";
  step.times = times;
  return step;
}

std::string told(const RecordingPlan& plan) {
  std::string text;
  for (const Play& play : plan.plays) {
    text += std::string(step_name(play.step.kind)) + "(";
    for (const PlannedListing& listing : play.listings) text += listing.file;
    text += ") ";
  }
  return text;
}

TEST(Plan, RestartsAreAsManyAsTheRecordingHas) {
  const Scenario scenario =
      scenario_of({step_of(StepKind::install), step_of(StepKind::restart_pod, 3), step_of(StepKind::uninstall)});
  const RecordingPlan plan =
      plan_recording(scenario, {{"install", "kata", {{"a", 1}}}},
                     {"00-before.txt", "01-after-install.txt", "02-after-restart1.txt", "03-after-uninstall.txt"});
  EXPECT_EQ(told(plan),
            "install(01-after-install.txt) restart-pod(02-after-restart1.txt) uninstall(03-after-uninstall.txt) ");
  ASSERT_EQ(plan.before.size(), 1U);
  EXPECT_EQ(plan.before.front().node, "node-a");
  EXPECT_EQ(plan.problems, Lines{});
  EXPECT_EQ(plan.plays.front().step.values, (Values{{"a", 1}}));
}

TEST(Plan, ListingsOfOtherNodesAreOfTheEnd) {
  const Scenario scenario =
      scenario_of({step_of(StepKind::install), step_of(StepKind::uninstall)}, {"node-a", "node-b"});
  const RecordingPlan plan = plan_recording(scenario, {{"install", "kata", {}}},
                                            {"01-a.txt", "02-after-uninstall.txt", "90-node-b-after-uninstall.txt"});
  EXPECT_EQ(told(plan), "install(01-a.txt) uninstall(02-after-uninstall.txt) ");
  ASSERT_EQ(plan.at_the_end.size(), 1U);
  EXPECT_EQ(plan.at_the_end.front().node, "node-b");
  EXPECT_TRUE(plan.before.empty());
}

TEST(Plan, AfterTheFirstStepThatIsNotThereOnlyUninstallsArePlayed) {
  const Scenario scenario = scenario_of({step_of(StepKind::install), step_of(StepKind::upgrade),
                                         step_of(StepKind::restart_pod), step_of(StepKind::uninstall)});
  const RecordingPlan plan = plan_recording(scenario, {{"install", "kata", {}}}, {"01-after-install.txt"});
  EXPECT_EQ(told(plan), "install(01-after-install.txt) uninstall() ");
  EXPECT_EQ(plan.problems, Lines{});
}

TEST(Plan, SaysWhatTheScenarioHasNoStepFor) {
  const Scenario scenario = scenario_of({step_of(StepKind::install), step_of(StepKind::uninstall)});
  const RecordingPlan plan = plan_recording(scenario, {{"install", "other", {}}, {"upgrade", "kata", {}}},
                                            {"01-after-install.txt", "02-after-upgrade.txt", "03-after-uninstall.txt"});
  EXPECT_EQ(plan.problems,
            (Lines{"install kata: given was install other", "02-after-upgrade.txt: no step of the scenario",
                   "03-after-uninstall.txt: no step of the scenario", "given upgrade kata: no step of the scenario"}));
}

// --- outcomes ---

struct Told {
  Step step;
  std::vector<StepRecord> records;

  Told() {
    step.kind = StepKind::uninstall;
    records.emplace_back().step = &step;
  }
  void runs(const std::string& pod, Program program, int exit_code, const std::string& last_line) {
    auto run = std::make_shared<RunRecord>();
    run->program = program;
    run->result.ending = exit_code < 0 ? RunResult::Ending::settled : RunResult::Ending::exited;
    run->result.exit_code = std::max(exit_code, 0);
    run->result.log = {"before", last_line};
    RunEvent event;
    event.pod = pod;
    event.owner = "kata";
    event.run = run;
    records.front().runs.push_back(event);
  }
};

Outcome outcome_of(std::vector<RecordedPod> pods) {
  return {.given = {}, .helm = {{"uninstall", 0}, {"list", 0}}, .pods = std::move(pods), .listings = {}};
}

TEST(CompareOutcome, PodsThatWereKilledInTheEndHaveServed) {
  Told model;
  model.runs("b", Program::install, 1, "line 370: failed");
  model.runs("b", Program::install, -1, "node labeled");
  const Outcome recorded = outcome_of({{"x", "install", "kata", {{1, "line 12: failed"}, {143, "another line"}}}});
  EXPECT_EQ(compare_outcome(recorded, model.records), Lines{});
}

TEST(CompareOutcome, TellsHelmStatusPodsStartsExitsAndLastLines) {
  Told model;
  model.records.front().exit_status = 1;
  model.records.front().message = "timed out";
  model.runs("a", Program::cleanup, 1, "not found");
  model.runs("a", Program::cleanup, 0, "");
  model.runs("b", Program::cleanup, 143, "deleted");
  const Outcome recorded = outcome_of({{"x", "cleanup", "kata", {{1, "forbidden"}}},
                                       {"y", "cleanup", "kata", {{0, "deleted"}}},
                                       {"z", "cleanup", "kata", {}}});
  EXPECT_EQ(
      compare_outcome(recorded, model.records),
      (Lines{"helm uninstall: recorded uninstall status 0, model status 1 (timed out)",
             "cleanup pods of kata: recorded 3, model 2", "cleanup pods of kata: pod 1: recorded 1 starts, model 2",
             "cleanup pods of kata: pod 1 start 1: recorded 'forbidden', model 'not found'",
             "cleanup pods of kata: pod 2 start 1: recorded exit 0 'deleted', model exit 143 'deleted'"}));
}

TEST(CompareOutcome, TellsCommandsThatOnlyOneSideHas) {
  Told model;
  Outcome recorded = outcome_of({});
  recorded.helm = {{"uninstall", 0}, {"uninstall", 0}};
  EXPECT_EQ(compare_outcome(recorded, model.records),
            (Lines{"helm uninstall: is recorded, and no step of the scenario"}));
  recorded.helm.clear();
  EXPECT_EQ(compare_outcome(recorded, model.records), (Lines{"helm uninstall: is not recorded"}));
}

TEST(Outcome, IsReadOrRefusedInOneLine) {
  const auto outcome = parse_outcome(R"({"given": [{"do": "install", "release": "kata", "values": {"a": 1}}],
    "helm": [{"command": "install", "status": 1}], "host_listings": ["00-before.txt"],
    "pods": [{"name": "p", "role": "cleanup", "owner": "kata", "starts": 1, "exits": [3], "last_lines": [null]}]})");
  ASSERT_TRUE(outcome) << outcome.error();
  EXPECT_EQ(outcome->given.front().values.at("a"), 1);
  EXPECT_EQ(outcome->helm.front().status, 1);
  EXPECT_EQ(outcome->pods.front().starts.front().exit_code, 3);
  EXPECT_EQ(outcome->listings, Lines{"00-before.txt"});
  for (const char* bad : {"", "[]", "{}", R"({"given": [], "helm": 3, "pods": [], "host_listings": []})",
                          R"({"given": [], "helm": [], "host_listings": [],
                              "pods": [{"name": "p", "role": "install", "owner": "o", "starts": 2, "exits": [1], "last_lines": [""]}]})"}) {
    const auto refused = parse_outcome(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().find('\n'), std::string::npos);
  }
}

// --- recordings ---

TEST(Conform, AFolderWithoutRecordingsIsAnError) {
  ConformOptions options;
  options.traces = BARNACLE_SOURCE_DIR "/fixtures/conformance";
  EXPECT_FALSE(conform(options));
  options.traces = BARNACLE_SOURCE_DIR "/fixtures/no-such-folder";
  EXPECT_FALSE(conform(options));
}

// Runs where BARNACLE_TRACES names the folder of the recordings, and BARNACLE_PAYLOAD that of their image trees.
TEST(Conform, TheModelAgreesWithEveryRecording) {
  const char* traces = std::getenv("BARNACLE_TRACES");
  const char* payload = std::getenv("BARNACLE_PAYLOAD");
  if (traces == nullptr || payload == nullptr)
    GTEST_SKIP() << "BARNACLE_TRACES and BARNACLE_PAYLOAD name no recordings";
  const std::string fixtures = BARNACLE_SOURCE_DIR "/fixtures";
  ConformOptions options;
  options.traces = traces;
  options.payload = payload;
  options.scenarios = fixtures + "/conformance";
  options.versions = fixtures + "/versions";
  options.hosts = fixtures + "/hosts";
  options.own_payload = fixtures + "/payload/image";
  const auto results = conform(options);
  ASSERT_TRUE(results) << results.error();
  for (const ConformScenario& scenario : *results) {
    EXPECT_GT(scenario.listings, 0) << scenario.version << "/" << scenario.scenario;
    EXPECT_GT(scenario.files_by_bytes, 0) << scenario.version << "/" << scenario.scenario;
    for (const Disagreement& disagreement : scenario.disagreements)
      ADD_FAILURE() << disagreement.where << ": " << disagreement.what;
  }
}

}  // namespace
}  // namespace barnacle
