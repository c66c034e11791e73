// kata-containers#11187, told as it was reported, and what became of it.
#include <algorithm>
#include <filesystem>
#include <functional>
#include <iterator>

#include "harness/engine/lifecycle.h"
#include "harness/report/expectation.h"
#include "harness/scenario/scenario_toml.h"

namespace barnacle {
namespace {

const ChartValues kCicd{.suffix = "cicd", .shims = "qemu"};

using Ids = std::set<std::string>;

Ids without(const Ids& some, const Ids& others) {
  Ids left;
  std::ranges::set_difference(some, others, std::inserter(left, left.end()));
  return left;
}

std::vector<std::string> paths_found(const Timeline& timeline, const std::string& invariant, int step) {
  std::vector<std::string> paths;
  for (const Finding& finding : timeline.findings) {
    if (finding.invariant == invariant && finding.step == step) paths.push_back(finding.violation.path);
  }
  return paths;
}

TEST(Kata11187, AFirstInstallRelocatesOnce) {
  Lifecycle life("model:kata-3.16.0");
  life.install("kata-deploy-cicd", kCicd);
  life.expect_holds("path.suffix-once");
  life.expect_holds("path.resolves");
  life.expect_holds("release.settles");
}

TEST(Kata11187, EveryRestartAppendsTheSuffixAgain) {
  Lifecycle life("model:kata-3.16.0");
  life.install("kata-deploy-cicd", kCicd).restart_pod("kata-deploy-cicd");
  life.expect("path.suffix-once", "/opt/kata-cicd-cicd");
  life.expect("path.resolves", "/opt/kata-cicd-cicd");
  life.expect("release.settles", "DaemonSet kata-deploy-cicd");
  life.expect("host.idempotent", "/opt/kata-cicd/share/defaults/kata-containers/configuration-qemu.toml");
}

// Cloud Hypervisor has no wrapper to die of: the pod settles, so that its starts can be counted by its suffixes.
TEST(Kata11187, WithoutAWrapperEachStartSilentlyAddsOneSuffix) {
  constexpr int kRestarts = 3;
  Lifecycle life("model:kata-3.16.0");
  life.install("kata-deploy-cicd", {.suffix = "cicd", .shims = "clh"});
  for (int i = 0; i < kRestarts; ++i) life.restart_pod("kata-deploy-cicd");
  const Timeline timeline = life.play();
  EXPECT_TRUE(paths_found(timeline, "path.suffix-once", 1).empty());
  std::string root = "/opt/kata-cicd";
  for (int step = 2; step <= 1 + kRestarts; ++step) {
    root += "-cicd";
    const auto paths = paths_found(timeline, "path.suffix-once", step);
    EXPECT_EQ(std::ranges::count(paths, root + "/bin/cloud-hypervisor"), 1) << "step " << step;
    for (const std::string& path : paths) EXPECT_TRUE(path.starts_with(root + "/")) << "step " << step << " " << path;
    EXPECT_EQ(timeline.steps.at(static_cast<std::size_t>(step) - 1).record.runs.size(), 1U);
  }
  life.expect_holds("release.settles");
}

// With a wrapper the pod dies at its second start, in the words of the report, and each back-off adds one suffix more.
TEST(Kata11187, InTheCrashLoopEachBackOffAddsOneSuffix) {
  Lifecycle life("model:kata-3.16.0");
  life.install("kata-deploy-cicd", kCicd).restart_pod("kata-deploy-cicd");
  const Timeline timeline = life.play();
  std::string root = "/opt/kata-cicd";
  ASSERT_GT(timeline.steps.back().record.runs.size(), 1U);
  for (const RunEvent& event : timeline.steps.back().record.runs) {
    root += "-cicd";
    EXPECT_EQ(event.run->result.exit_code, 1);
    const std::string missing = "/host/" + root + "/bin/qemu-system-x86_64-installation-prefix-installation-prefix";
    EXPECT_TRUE(last_line(event).ends_with(missing + ": No such file or directory")) << last_line(event);
  }
  life.expect("path.suffix-once", root + "/bin/qemu-system-x86_64-installation-prefix");
  life.expect("cluster.label", "katacontainers.io/kata-runtime");
}

TEST(Kata11187, ARollbackDoesItToo) {
  Lifecycle life("model:kata-3.16.0");
  life.install("kata-deploy-cicd", {.suffix = "cicd", .shims = "clh"});
  life.upgrade("kata-deploy-cicd", {.suffix = "cicd", .shims = "clh", .debug = true}).rollback("kata-deploy-cicd");
  life.expect("path.suffix-once", "/opt/kata-cicd-cicd-cicd/bin/cloud-hypervisor");
}

// Helm changes no object, so that no pod starts.
TEST(Kata11187, AnUpgradeThatChangesNothingIsHarmless) {
  Lifecycle life("model:kata-3.16.0");
  life.install("kata-deploy-cicd", kCicd).upgrade("kata-deploy-cicd", kCicd);
  life.expect_holds("path.suffix-once");
  EXPECT_TRUE(life.play().steps.back().record.runs.empty());
}

TEST(Kata11187, AnUpgradeAndARebootDoTheSame) {
  Lifecycle upgrade("model:kata-3.16.0");
  upgrade.install("kata-deploy-cicd", kCicd).upgrade("kata-deploy-cicd", {.suffix = "cicd", .shims = "qemu clh"});
  upgrade.expect("path.suffix-once", "/opt/kata-cicd-cicd");
  Lifecycle reboot("model:kata-3.16.0");
  reboot.install("kata-deploy-cicd", kCicd).reboot();
  reboot.expect("path.suffix-once", "/opt/kata-cicd-cicd");
  reboot.expect("reboot.noop", "/opt/kata-cicd/");
}

TEST(Kata11187, WithoutASuffixNothingGrows) {
  Lifecycle life("model:kata-3.16.0");
  life.install("kata-deploy", {.shims = "qemu"}).restart_pod("kata-deploy").restart_pod("kata-deploy");
  life.expect_holds("path.suffix-once");
  life.expect_holds("path.resolves");
}

TEST(Kata11187, TheUninstallPilesUpSevenPodsOfOneJob) {
  Lifecycle life("model:kata-3.16.0");
  life.install("kata-deploy-cicd", kCicd)
      .upgrade("kata-deploy-cicd", {.suffix = "cicd", .shims = "qemu clh"})
      .uninstall("kata-deploy-cicd");
  life.expect("cleanup.single-job", "Job kata-deploy-cicd-cleanup");
  const Timeline timeline = life.play();
  int pods = 0;
  for (const RunEvent& event : timeline.steps.back().record.runs)
    pods += event.run->program == Program::cleanup ? 1 : 0;
  EXPECT_EQ(pods, 7) << "the first, and six more by backoffLimit";
  EXPECT_TRUE(timeline.steps.back().result.starts_with("exit 1: ")) << timeline.steps.back().result;
}

TEST(Kata11187, TheReferenceLogicDoesNoneOfThis) {
  Lifecycle life("model:kata");
  life.install("kata-deploy-cicd", kCicd).restart_pod("kata-deploy-cicd").reboot();
  life.upgrade("kata-deploy-cicd", {.suffix = "cicd", .shims = "qemu clh qemu-coco-dev"})
      .restart_pod("kata-deploy-cicd");
  life.uninstall("kata-deploy-cicd");
  life.expect_clean();
}

// 3.17.0 asks first whether the file is relocated.
TEST(Kata11187, From3170OnTheShimsOfTheReportAreRelocatedOnce) {
  for (const char* version : {"3.17.0", "3.20.0", "3.22.0", "3.24.0"}) {
    SCOPED_TRACE(version);
    Lifecycle life("model:kata-" + std::string(version));
    life.install("kata-deploy-cicd", kCicd).restart_pod("kata-deploy-cicd");
    life.expect_holds("release.settles");
    for (const Finding& finding : life.play().findings) {
      EXPECT_FALSE(finding.violation.path.starts_with("/opt/kata-cicd-cicd")) << finding.violation.path;
    }
  }
}

TEST(Kata11187, Version3170RepairsIt) {
  Lifecycle life("model:kata-3.17.0");
  life.install("kata-deploy-cicd", kCicd).restart_pod("kata-deploy-cicd").reboot().restart_pod("kata-deploy-cicd");
  life.uninstall("kata-deploy-cicd");
  for (const char* invariant : {"path.suffix-once", "path.resolves", "host.idempotent", "host.converged", "reboot.noop",
                                "release.settles", "cluster.label", "cleanup.single-job", "cluster.no-orphans"}) {
    life.expect_holds(invariant);
  }
}

// --- the repair that circulates in write-ups ---

// What the repair breaks that was whole in 3.16.0, and what it mends, on the same story.
struct Repair {
  Ids broken;
  Ids mended;
};

Repair repair_of(const std::function<void(Lifecycle&)>& tell) {
  Lifecycle repaired("model:kata-3.16.0-strip");
  Lifecycle plain("model:kata-3.16.0");
  tell(repaired);
  tell(plain);
  return {without(repaired.found(), plain.found()), without(plain.found(), repaired.found())};
}

// It dies before it touches what 3.16.0 is blamed for otherwise (the operator's comments, a restart at a bad moment).
TEST(Kata11187Strip, AFirstInstallFindsNothingElseAsItEndsThere) {
  Lifecycle life("model:kata-3.16.0-strip");
  life.install("kata-deploy-cicd", kCicd);
  EXPECT_EQ(life.found(), Ids{"release.settles"});
  const Timeline timeline = life.play();
  const FileTree& files = timeline.end.nodes.front().host->host.files;
  EXPECT_FALSE(files.exists("/opt/kata"));
  EXPECT_TRUE(files.exists("/opt/kata-cicd"));
}

TEST(Kata11187Strip, BesideAPlainReleaseItMendsTheCrashLoopAndBreaksTheNeighbour) {
  const Repair repair = repair_of([](Lifecycle& life) {
    life.install("kata-deploy", {.shims = "qemu"}).install("kata-deploy-cicd", kCicd).restart_pod("kata-deploy-cicd");
  });
  EXPECT_EQ(repair.broken,
            (Ids{"path.inside-roots", "host.isolated", "host.converged", "list.no-duplicates", "disruption.bounded"}));
  EXPECT_EQ(repair.mended, (Ids{"release.settles"}));
}

TEST(Kata11187Strip, WithASuffixInTheBinarysNameTheReleasesStillSettle) {
  const Repair repair = repair_of([](Lifecycle& life) {
    life.install("kata-deploy", {.shims = "qemu"}).install("kata-deploy-system", {.suffix = "system", .shims = "qemu"});
  });
  EXPECT_EQ(repair.broken, (Ids{"path.inside-roots", "host.isolated", "path.suffix-once", "path.resolves"}));
  EXPECT_EQ(repair.mended, Ids{});
}

TEST(Kata11187Strip, WithoutASuffixItChangesNothing) {
  const Repair repair = repair_of([](Lifecycle& life) {
    life.install("kata-deploy", {.shims = "qemu clh"}).restart_pod("kata-deploy").reboot().uninstall("kata-deploy");
  });
  EXPECT_EQ(repair.broken, Ids{});
  EXPECT_EQ(repair.mended, Ids{});
}

TEST(Kata11187Strip, AFirstInstallCannotWriteItsWrapper) {
  Lifecycle life("model:kata-3.16.0-strip");
  life.install("kata-deploy-cicd", kCicd);
  life.expect("release.settles", "DaemonSet kata-deploy-cicd");
}

TEST(Kata11187Strip, BesideAPlainReleaseTheWrapperGoesIntoItsFolder) {
  Lifecycle life("model:kata-3.16.0-strip");
  life.install("kata-deploy", {.shims = "qemu"}).install("kata-deploy-cicd", kCicd);
  life.expect("path.inside-roots", "/opt/kata/bin/qemu-system-x86_64-installation-prefix");
  life.expect("host.isolated", "/opt/kata/bin/qemu-system-x86_64-installation-prefix");
  life.expect_holds("release.settles");
}

TEST(Kata11187Strip, TheOtherKeysStillGrowAtARestart) {
  Lifecycle life("model:kata-3.16.0-strip");
  life.install("kata-deploy", {.shims = "qemu"}).install("kata-deploy-cicd", kCicd).restart_pod("kata-deploy-cicd");
  life.expect("path.suffix-once", "/opt/kata-cicd-cicd/share/kata-containers/");
}

TEST(Kata11187Strip, ASuffixInTheBinarysNameIsTakenOutOfIt) {
  Lifecycle life("model:kata-3.16.0-strip");
  life.install("kata-deploy", {.shims = "qemu"}).install("kata-deploy-system", {.suffix = "system", .shims = "qemu"});
  life.expect("path.resolves", "/opt/kata/bin/qemu-x86_64");
}

// --- the scenarios of fixtures/field ---

TEST(FieldReports, FindWhatTheyExpect) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(BARNACLE_SOURCE_DIR) + "/fixtures/field")) {
    SCOPED_TRACE(entry.path().filename().string());
    const auto scenario = load_scenario(entry.path().string());
    ASSERT_TRUE(scenario) << scenario.error().text();
    ASSERT_TRUE(scenario->expect.present) << "a bug report says what is wrong";
    Lab lab(fixtures_catalogue());
    const auto timeline = replay(lab, find_subject(lab.catalogue.versions, scenario->subject), *scenario);
    ASSERT_TRUE(timeline) << timeline.error();
    EXPECT_TRUE(compare_expectation(scenario->expect, timeline->findings).matched);
    const auto clean = replay(lab, find_subject(lab.catalogue.versions, "model:kata"), *scenario);
    ASSERT_TRUE(clean) << clean.error();
    EXPECT_TRUE(clean->findings.empty()) << clean->findings.front().invariant;
    ++count;
  }
  EXPECT_GE(count, 4);
}

}  // namespace
}  // namespace barnacle
