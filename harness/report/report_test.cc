// Reports of hand-made timelines: what somebody in a hurry must find there, and what must never get there.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "harness/report/campaign_report.h"
#include "harness/report/dump_host.h"
#include "harness/report/expectation.h"
#include "harness/report/json.h"
#include "harness/report/pods.h"
#include "harness/report/table.h"
#include "harness/report/text.h"
#include "harness/report/words.h"
#include "harness/scenario/scenario_toml.h"

namespace barnacle {
namespace {

namespace fs = std::filesystem;

::testing::AssertionResult contains(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "no '" << part << "' in:\n" << text;
}

Step step_of(StepKind kind) {
  Step step;
  step.kind = kind;
  step.release = "kata-deploy-cicd";
  return step;
}

Scenario install_and_uninstall() {
  Scenario scenario;
  scenario.title = "the suffix is appended again";
  scenario.nodes.emplace_back();
  scenario.steps = {step_of(StepKind::install), step_of(StepKind::restart_pod), step_of(StepKind::uninstall)};
  return scenario;
}

RunEvent event_of(Program program, std::string pod, int exit_code, std::vector<std::string> log) {
  RunRecord run;
  run.program = program;
  run.result.ending = RunResult::Ending::exited;
  run.result.exit_code = exit_code;
  run.result.log = std::move(log);
  RunEvent event;
  event.node = "node-a";
  event.pod = std::move(pod);
  event.namespace_ = "kube-system";
  event.owner = program == Program::cleanup ? "kata-deploy-cleanup" : "kata-deploy";
  event.release = "kata-deploy-cicd";
  event.run = std::make_shared<const RunRecord>(std::move(run));
  return event;
}

Finding finding_of(std::string invariant, int step, std::string path) {
  Finding finding;
  finding.invariant = std::move(invariant);
  finding.step = step;
  finding.violation = {.node = "node-a",
                       .path = std::move(path),
                       .detail = "relocated twice",
                       .release = {},
                       .file = "/opt/kata-cicd/configuration-qemu.toml",
                       .line = 15};
  finding.by = {
      "kata-deploy-cicd", 1, 2, "node-a", "kata-deploy-x7z2k", 31, "replace /opt/kata-cicd/configuration-qemu.toml"};
  return finding;
}

Timeline played(const Scenario& scenario) {
  Timeline timeline;
  for (std::size_t i = 0; i < scenario.steps.size(); ++i) {
    StepOutcome outcome;
    outcome.index = static_cast<int>(i) + 1;
    outcome.kind = scenario.steps[i].kind;
    outcome.result = "ok";
    outcome.digest = {i, i};
    timeline.steps.push_back(std::move(outcome));
  }
  return timeline;
}

std::string text_of(const Scenario& scenario, const Timeline& timeline) {
  return replay_text({scenario, timeline, "model:kata-3.16.0", "barnacle replay x.toml"});
}

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "barnacle-report-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  std::string path(const std::string& name = "") const { return name.empty() ? path_ : path_ + "/" + name; }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(path_)) found.push_back(entry.path().filename().string());
    return found;
  }

 private:
  std::string path_;
};

std::string contents(const std::string& path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

struct DumpTest : ::testing::Test {
  Store store;
  Folder folder;
  FileTree tree{store, 0};

  World world(const std::vector<std::string>& nodes = {"node-a"}) {
    World made;
    for (const std::string& name : nodes) {
      const HostPtr host = std::make_shared<const FrozenHost>(FrozenHost{Host{tree, {}, {}, nullptr, ""}, {}});
      made.nodes.push_back({name, "kind", host, host});
    }
    return made;
  }
};

// --- findings ---

TEST(ReplayText, AFindingSaysWhatWhereByWhomAndHowToSeeItAgain) {
  const Scenario scenario = install_and_uninstall();
  Timeline timeline = played(scenario);
  timeline.findings = {finding_of("path.suffix-once", 2, "/opt/kata-cicd-cicd/bin/qemu")};
  const std::string text = text_of(scenario, timeline);
  EXPECT_TRUE(contains(text, "✗ path.suffix-once  every path is a payload path relocated exactly once\n"));
  EXPECT_TRUE(contains(text, "  /opt/kata-cicd-cicd/bin/qemu    relocated twice\n"));
  EXPECT_TRUE(contains(text, "  in  /opt/kata-cicd/configuration-qemu.toml:15\n"));
  EXPECT_TRUE(contains(text,
                       "  by  kata-deploy-cicd rev 1 · step 2 restart-pod · node-a · kata-deploy-x7z2k · effect 31 "
                       "replace /opt/kata-cicd"));
  EXPECT_TRUE(contains(text, "  1 install kata-deploy-cicd    2 restart-pod kata-deploy-cicd\n"));
  EXPECT_TRUE(contains(text, "  replay: barnacle replay x.toml\n"));
  EXPECT_TRUE(contains(text, "verdict  1 finding of 1 invariant\n"));
}

TEST(ReplayText, NothingFoundIsSaidSo) {
  const Scenario scenario = install_and_uninstall();
  const std::string text = text_of(scenario, played(scenario));
  EXPECT_TRUE(contains(text, "verdict  clean: nothing found\n"));
  EXPECT_TRUE(contains(text, "the suffix is appended again\n"));
  EXPECT_FALSE(contains(text, "✗"));
  EXPECT_FALSE(contains(text, "expected:"));
}

TEST(ReplayText, FindingsOfOneKindAreShownOnceWithThreeMorePaths) {
  const Scenario scenario = install_and_uninstall();
  Timeline timeline = played(scenario);
  for (int i = 0; i < 6; ++i)
    timeline.findings.push_back(finding_of("path.suffix-once", 2, "/opt/path-" + std::to_string(i)));
  const std::string text = text_of(scenario, timeline);
  EXPECT_EQ(text.find("✗"), text.rfind("✗"));
  EXPECT_TRUE(contains(text, "and 5 more of this kind\n"));
  EXPECT_TRUE(contains(text, "/opt/path-3\n"));
  EXPECT_FALSE(contains(text, "/opt/path-4"));
}

TEST(ReplayText, AnUninstallShowsItsCleanupPodsWithTheirErrors) {
  const Scenario scenario = install_and_uninstall();
  Timeline timeline = played(scenario);
  StepRecord& record = timeline.steps[2].record;
  record.runs.push_back(
      event_of(Program::cleanup, "kata-deploy-cleanup-1", 1, {"deleting", "sed: can't read the file"}));
  for (int i = 2; i <= 7; ++i) {
    record.runs.push_back(
        event_of(Program::cleanup, "kata-deploy-cleanup-" + std::to_string(i), 1, {"Error from server (NotFound)"}));
  }
  timeline.findings = {finding_of("cleanup.single-job", 3, "Job kata-deploy-cleanup")};
  const std::string text = text_of(scenario, timeline);
  EXPECT_TRUE(contains(text, "cleanup: 7 pods of Job kata-deploy-cleanup\n"));
  EXPECT_TRUE(contains(text, "    1      exit 1  sed: can't read the file\n"));
  EXPECT_TRUE(contains(text, "    2–7    exit 1  Error from server (NotFound)\n"));
}

TEST(ReplayText, ACrashLoopShowsItsStartsAndTheEndOfItsLog) {
  const Scenario scenario = install_and_uninstall();
  Timeline timeline = played(scenario);
  for (int i = 0; i < 3; ++i) {
    timeline.steps[1].record.runs.push_back(
        event_of(Program::install, "kata-deploy-x7z2k", 1, {"one", "two", "three", "ERROR: four"}));
  }
  const std::string text = text_of(scenario, timeline);
  EXPECT_TRUE(contains(text, "crash loop: pod kata-deploy-x7z2k on node-a, 3 starts, exit 1\n"));
  EXPECT_TRUE(contains(text, "| two\n"));
  EXPECT_TRUE(contains(text, "| ERROR: four\n"));
  EXPECT_FALSE(contains(text, "| one\n"));
}

TEST(ReplayText, APodThatRecoversIsNotReported) {
  StepRecord record;
  record.runs.push_back(event_of(Program::install, "kata-deploy-x7z2k", 1, {"ERROR"}));
  record.runs.push_back(event_of(Program::install, "kata-deploy-x7z2k", 0, {}));
  EXPECT_TRUE(failing_pods(record).empty());
}

TEST(ReplayText, ALongHostDiffIsCut) {
  const Scenario scenario = install_and_uninstall();
  Timeline timeline = played(scenario);
  for (int i = 0; i < 20; ++i) timeline.steps[1].host_changes.push_back("node-a + /opt/file-" + std::to_string(i));
  timeline.findings = {finding_of("path.suffix-once", 2, "/x"), finding_of("path.resolves", 2, "/y")};
  const std::string text = text_of(scenario, timeline);
  EXPECT_TRUE(contains(text, "node-a + /opt/file-11\n"));
  EXPECT_FALSE(contains(text, "node-a + /opt/file-12"));
  EXPECT_TRUE(contains(text, "… and 8 more\n"));
  EXPECT_EQ(text.find("host, changed by step 2"), text.rfind("host, changed by step 2"))
      << "shown once for both findings";
  EXPECT_TRUE(contains(text, "host and pods of step 2: as above\n"));
}

TEST(ReplayText, AFolderThatCameOrWentIsOneEntry) {
  const Scenario scenario = install_and_uninstall();
  Timeline timeline = played(scenario);
  timeline.steps[1].host_changes = {
      "node-a ~ /etc/x",      "node-a + /opt/kata",   "node-a + /opt/kata/bin", "node-a + /opt/kata/bin/qemu",
      "node-a + /opt/kata-x", "node-b - /opt/kata-x", "node-b + /opt/kata-x/y"};
  timeline.findings = {finding_of("path.resolves", 2, "/y")};
  EXPECT_TRUE(contains(text_of(scenario, timeline),
                       "    node-a ~ /etc/x\n    node-a + /opt/kata  and 2 below it\n    node-a + /opt/kata-x\n"
                       "    node-b - /opt/kata-x\n    node-b + /opt/kata-x/y\n"));
}

// A title, a release or a log line is somebody else's text: it must not drive the terminal of who reads the report.
TEST(ReplayText, ForeignTextCannotDriveTheTerminal) {
  Scenario scenario = install_and_uninstall();
  scenario.title = "\x1b[2J gone";
  scenario.steps[0].release = "x\ny";
  Timeline timeline = played(scenario);
  timeline.findings = {finding_of("path.suffix-once", 2, "/opt/\x1b[31m")};
  timeline.steps[1].record.runs.push_back(event_of(Program::install, "p", 1, {"\r\x1b]0;title\x07"}));
  const std::string text = text_of(scenario, timeline);
  EXPECT_EQ(text.find_first_of("\x1b\r\x07"), std::string::npos) << text;
}

// --- expectations ---

TEST(Expectation, TheExactSetAllowsNothingElse) {
  const Expectation expect{
      .present = true, .findings = std::vector<std::string>{"path.resolves", "host.isolated"}, .at_least = {}};
  const ExpectationResult result =
      compare_expectation(expect, {finding_of("path.suffix-once", 1, "/x"), finding_of("path.resolves", 1, "/x")});
  EXPECT_FALSE(result.matched);
  EXPECT_EQ(result.missing, std::vector<std::string>{"host.isolated"});
  EXPECT_EQ(result.unexpected, std::vector<std::string>{"path.suffix-once"});
}

TEST(Expectation, ASubsetAllowsMore) {
  const Expectation expect{.present = true, .findings = std::nullopt, .at_least = {"path.resolves"}};
  EXPECT_TRUE(
      compare_expectation(expect, {finding_of("path.suffix-once", 1, "/x"), finding_of("path.resolves", 1, "/x")})
          .matched);
  EXPECT_FALSE(compare_expectation(expect, {finding_of("path.suffix-once", 1, "/x")}).matched);
}

TEST(Expectation, AnEmptyExactSetExpectsACleanRun) {
  const Expectation expect{.present = true, .findings = std::vector<std::string>{}, .at_least = {}};
  EXPECT_TRUE(compare_expectation(expect, {}).matched);
  EXPECT_FALSE(compare_expectation(expect, {finding_of("path.resolves", 1, "/x")}).matched);
}

TEST(Expectation, ATextReportSaysWhatIsMissing) {
  Scenario scenario = install_and_uninstall();
  scenario.expect = {.present = true, .findings = std::nullopt, .at_least = {"path.resolves"}};
  EXPECT_TRUE(contains(text_of(scenario, played(scenario)), "expected: NOT matched\n  missing: path.resolves\n"));
}

// --- JSON ---

TEST(ReplayJson, HasTheKeysThatOthersRelyOn) {
  Scenario scenario = install_and_uninstall();
  scenario.expect = {.present = true, .findings = std::nullopt, .at_least = {"path.resolves"}};
  Timeline timeline = played(scenario);
  timeline.findings = {finding_of("path.suffix-once", 2, "/opt/kata-cicd-cicd/bin/qemu")};
  const auto json = replay_json({scenario, timeline, "model:kata-3.16.0", ""});
  EXPECT_EQ(json["verdict"], "findings");
  EXPECT_EQ(json["subject"], "model:kata-3.16.0");
  EXPECT_EQ(json["digest"], std::string(32, '0'));
  EXPECT_TRUE(json.contains("seed"));
  EXPECT_EQ(json["findings"][0]["path"], "/opt/kata-cicd-cicd/bin/qemu");
  EXPECT_EQ(json["findings"][0]["by"]["effect"], 31);
  EXPECT_EQ(json["findings"][0]["by"]["revision"], 1);
  EXPECT_EQ(json["steps"].size(), 3U);
  EXPECT_EQ(json["steps"][1]["do"], "restart-pod");
  EXPECT_EQ(json["steps"][1]["index"], 2);
  EXPECT_EQ(json["expect"]["matched"], false);
  EXPECT_EQ(json["expect"]["missing"][0], "path.resolves");
}

TEST(ReplayJson, StaysValidWhateverAFileIsCalled) {
  const Scenario scenario = install_and_uninstall();
  Timeline timeline = played(scenario);
  timeline.findings = {finding_of("path.resolves", 1, "/opt/\xff\xfe")};
  EXPECT_TRUE(nlohmann::json::accept(json_text(replay_json({scenario, timeline, "s", ""}))));
}

// --- campaigns ---

CampaignResult campaign_with_one_finding() {
  CampaignResult result;
  result.seed = 7;
  result.sequences = 10;
  result.steps = 120;
  result.applied = 100;
  result.installs = 20;
  result.refused_installs = 1;
  result.steps_by_kind = {{"install", 20}, {"restart-pod", 100}};
  result.counted.asked.assign(all_invariants().size(), 120);
  result.counted.spoke.assign(all_invariants().size(), 90);
  result.counted.spoke[0] = 0;
  result.findings.push_back({finding_of("path.suffix-once", 2, "/opt/kata-cicd-cicd"), 3, 4, install_and_uninstall()});
  return result;
}

TEST(Campaign, TheTableCountsAndWarns) {
  const CampaignResult result = campaign_with_one_finding();
  const std::string text = campaign_text({result, "model:kata", {}});
  EXPECT_TRUE(contains(text, "10 sequences, 120 steps; 10.0 applied"));
  EXPECT_TRUE(contains(text, "20, of which 1 were refused (5.0 %)"));
  EXPECT_TRUE(contains(text, "83.3 %"));
  EXPECT_TRUE(contains(text, "warning: no step uninstall was ever played"));
  EXPECT_TRUE(contains(text, "warning: invariant " + std::string(all_invariants()[0].id) + " was never reached"));
  EXPECT_FALSE(contains(text, "warning: invariant " + std::string(all_invariants()[1].id)));
  EXPECT_FALSE(contains(text, "warning: no step install"));
}

TEST(Campaign, AFindingWithoutAFileIsShownAsAScenarioThatCanBePlayed) {
  const CampaignResult result = campaign_with_one_finding();
  CampaignReport report{result, "model:kata", {}};
  Timeline timeline = played(result.findings[0].scenario);
  timeline.findings = {result.findings[0].finding};
  report.findings.push_back({result.findings[0], timeline, ""});
  const std::string contents = write_scenario(scenario_of_finding(result.findings[0], 7));
  EXPECT_TRUE(contains(campaign_text(report), contents));
  const auto read = parse_scenario(contents, "finding.toml");
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->expect.at_least, std::vector<std::string>{"path.suffix-once"});
  EXPECT_EQ(read->steps.size(), 3U);

  report.findings[0].file = "out/findings/x.toml";
  EXPECT_TRUE(contains(campaign_text(report), "replay: barnacle replay out/findings/x.toml\n"));
  EXPECT_FALSE(contains(campaign_text(report), contents));
}

TEST(Campaign, JsonHasTheCounts) {
  const CampaignResult result = campaign_with_one_finding();
  const auto json = campaign_json({result, "model:kata", {}});
  EXPECT_EQ(json["verdict"], "findings");
  EXPECT_EQ(json["seed"], 7);
  EXPECT_EQ(json["sequences"], 10);
  EXPECT_EQ(json["steps"], 120);
  EXPECT_EQ(json["steps_by_kind"]["restart-pod"], 100);
  EXPECT_EQ(json["steps_by_kind"]["uninstall"], 0);
  EXPECT_EQ(json["invariants"]["path.resolves"]["spoke"], 90);
  EXPECT_EQ(json["never_reached"]["invariants"][0], std::string(all_invariants()[0].id));
}

TEST(Campaign, AFileIsNamedByInvariantAndContents) {
  const std::string name = file_name_of("path.suffix-once", "a");
  EXPECT_EQ(name.size(), std::string("path.suffix-once-4f1c.toml").size());
  EXPECT_EQ(name, file_name_of("path.suffix-once", "a"));
  EXPECT_NE(name, file_name_of("path.suffix-once", "b"));
}

// --- words and tables ---

RC_GTEST_PROP(Words, ThousandsAreOnlyCommas, (std::uint64_t number)) {
  std::string text = with_thousands(number);
  std::erase(text, ',');
  RC_ASSERT(text == std::to_string(number));
}

TEST(Words, ThousandsStandInGroupsOfThree) {
  EXPECT_EQ(with_thousands(999), "999");
  EXPECT_EQ(with_thousands(1000), "1,000");
  EXPECT_EQ(with_thousands(1234567), "1,234,567");
}

TEST(TableText, ColumnsAreAsWideAsTheirWidestCell) {
  Table table({{"name"}, {"n", Table::Align::right}, {"last"}});
  table.add({"ü", "5", "x"});
  table.add({"longer", "1000"});
  EXPECT_EQ(table.text("  "), "  name       n  last\n  ü          5  x\n  longer  1000\n");
}

// --- hosts as plain files ---

TEST_F(DumpTest, WritesFilesLinksAndModes) {
  ASSERT_TRUE(tree.make_directories("/etc/containerd", 0));
  ASSERT_TRUE(tree.write("/etc/containerd/config.toml", "version = 3\n", 0, 0640));
  ASSERT_TRUE(tree.make_symlink("/etc/link", "/does/not/exist", 0));
  ASSERT_TRUE(tree.write("/run-me", std::string("\0\xff", 2), 0, 0755));
  const auto dumped = dump_hosts(world({"node-a", "node-b"}), folder.path("new/below"));
  ASSERT_TRUE(dumped) << dumped.error();
  const std::string node = folder.path("new/below/node-b");
  EXPECT_EQ(contents(node + "/etc/containerd/config.toml"), "version = 3\n");
  EXPECT_EQ(contents(node + "/run-me"), std::string("\0\xff", 2));
  EXPECT_EQ(fs::read_symlink(node + "/etc/link"), "/does/not/exist");
  struct stat status{};
  ASSERT_EQ(::stat((node + "/etc/containerd/config.toml").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0640U);
  EXPECT_TRUE(fs::exists(folder.path("new/below/node-a/run-me")));
}

// A link of the simulated host that leads out of it must not make anybody write there.
TEST_F(DumpTest, NeverFollowsALinkOut) {
  const std::string outside = folder.path("outside");
  fs::create_directory(outside);
  ASSERT_TRUE(tree.make_symlink("/etc", outside, 0));
  ASSERT_TRUE(tree.write("/file", "x", 0));
  ASSERT_TRUE(dump_hosts(world(), folder.path("dump")));
  EXPECT_TRUE(fs::is_symlink(folder.path("dump/node-a/etc")));
  EXPECT_TRUE(fs::is_empty(outside));
}

TEST_F(DumpTest, GivesNobodyTheRightsOfTheOwner) {
  ASSERT_TRUE(tree.write("/su", "x", 0, 04755));
  ASSERT_TRUE(dump_hosts(world(), folder.path()));
  struct stat status{};
  ASSERT_EQ(::stat(folder.path("node-a/su").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0755U);
}

TEST_F(DumpTest, AFolderThatForbidsWritingIsWrittenAllTheSame) {
  ASSERT_TRUE(tree.make_directory("/locked", 0, 0555));
  ASSERT_TRUE(tree.write("/locked/file", "x", 0, 0000));
  ASSERT_TRUE(dump_hosts(world(), folder.path()));
  struct stat status{};
  ASSERT_EQ(::stat(folder.path("node-a/locked").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0555U);
  ::chmod(folder.path("node-a/locked").c_str(), 0755);  // so that the test can clean up
}

TEST_F(DumpTest, WhatIsThereStaysAndNothingElseIsWritten) {
  ASSERT_TRUE(tree.write("/file", "new", 0));
  fs::create_directory(folder.path("node-b"));
  std::ofstream(folder.path("node-b/mine")) << "old";
  const auto dumped = dump_hosts(world({"node-a", "node-b"}), folder.path());
  ASSERT_FALSE(dumped);
  EXPECT_TRUE(contains(dumped.error(), "node-b: is there already and is not empty"));
  EXPECT_EQ(folder.names(), std::vector<std::string>{"node-b"})
      << "node-a was taken back, and no temporary folder is left";
  EXPECT_EQ(contents(folder.path("node-b/mine")), "old");
}

TEST_F(DumpTest, AnEmptyFolderIsFilledAndALinkToOneIsRefused) {
  ASSERT_TRUE(tree.write("/file", "x", 0));
  fs::create_directory(folder.path("node-a"));
  EXPECT_TRUE(dump_hosts(world(), folder.path()));
  fs::create_directory(folder.path("elsewhere"));
  fs::create_directory_symlink(folder.path("elsewhere"), folder.path("node-b"));
  EXPECT_FALSE(dump_hosts(world({"node-b"}), folder.path()));
  EXPECT_TRUE(fs::is_empty(folder.path("elsewhere")));
}

TEST_F(DumpTest, ANodeCannotBeCalledLikeAPath) {
  for (const char* name : {"..", "../escaped", "a/b", ""}) {
    EXPECT_FALSE(dump_hosts(world({name}), folder.path("dump"))) << name;
  }
  EXPECT_EQ(folder.names(), std::vector<std::string>{"dump"});
  EXPECT_TRUE(fs::is_empty(folder.path("dump")));
}

TEST_F(DumpTest, AFileInPlaceOfTheFolderIsOneLine) {
  std::ofstream(folder.path("file")) << "x";
  const auto dumped = dump_hosts(world(), folder.path("file"));
  ASSERT_FALSE(dumped);
  EXPECT_EQ(dumped.error().find('\n'), std::string::npos);
}

}  // namespace
}  // namespace barnacle
