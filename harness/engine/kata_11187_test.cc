// kata-containers#11187, told as it was reported, and what became of it.
#include <filesystem>

#include "harness/engine/lifecycle.h"
#include "harness/report/expectation.h"
#include "harness/scenario/scenario_toml.h"

namespace barnacle {
namespace {

const ChartValues kCicd{.suffix = "cicd", .shims = "qemu"};

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
  life.install("kata-deploy-cicd", kCicd).upgrade("kata-deploy-cicd", {.suffix = "cicd", .shims = "qemu clh"}).uninstall("kata-deploy-cicd");
  life.expect("cleanup.single-job", "Job kata-deploy-cicd-cleanup");
  const Timeline timeline = life.play();
  int pods = 0;
  for (const RunEvent& event : timeline.steps.back().record.runs) pods += event.run->program == Program::cleanup ? 1 : 0;
  EXPECT_EQ(pods, 7) << "the first, and six more by backoffLimit";
  EXPECT_TRUE(timeline.steps.back().result.starts_with("exit 1: ")) << timeline.steps.back().result;
}

TEST(Kata11187, TheReferenceLogicDoesNoneOfThis) {
  Lifecycle life("model:kata");
  life.install("kata-deploy-cicd", kCicd).restart_pod("kata-deploy-cicd").reboot();
  life.upgrade("kata-deploy-cicd", {.suffix = "cicd", .shims = "qemu clh qemu-coco-dev"}).restart_pod("kata-deploy-cicd");
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

// --- the repair that circulates in write-ups ---

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
