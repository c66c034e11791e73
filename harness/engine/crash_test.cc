// Crash points of an installation, and what recovers from them.
#include "harness/engine/crash.h"

#include "harness/engine/lifecycle.h"
#include "harness/scenario/scenario_toml.h"

namespace barnacle {
namespace {

CrashReport crashed(const Lifecycle& life) {
  const VersionPtr subject = find_subject(fixtures_catalogue().versions, life.scenario().subject);
  auto report = crash_everywhere(lifecycle_lab(), subject, life.scenario(), kNeverStop);
  if (!report) throw std::runtime_error(report.error());
  return std::move(*report);
}

TEST(Crash, TheReferenceLogicRecoversByItselfFromEveryCut) {
  Lifecycle life("model:kata");
  life.install("kata-cicd", {.suffix = "cicd", .shims = "qemu"})
      .upgrade("kata-cicd", {.suffix = "cicd", .shims = "qemu clh"})
      .uninstall("kata-cicd");
  const CrashReport report = crashed(life);
  EXPECT_GT(report.cuts, 300);
  for (const CrashPoint& point : report.points)
    ADD_FAILURE() << "step " << point.step << " effect " << point.effect << " " << point.what << ": " << point.path;
}

// 3.16.0 substitutes in place: whoever is killed after the first substitution begins the next start with a path that is
// relocated already, and relocates it again.
TEST(Crash, AnInstallOf3160RecoversOnlyBeforeItHasRelocatedAnything) {
  Lifecycle life("model:kata-3.16.0");
  life.install("kata-cicd", {.suffix = "cicd", .shims = "qemu"});
  const CrashReport report = crashed(life);
  ASSERT_FALSE(report.points.empty());
  EXPECT_GT(report.points.front().effect, 50) << "copying is safe to repeat";
  for (const CrashPoint& point : report.points) {
    EXPECT_EQ(point.step, 1);
    EXPECT_NE(point.recovery, Recovery::by_itself);
    EXPECT_NE(point.recovery, Recovery::by_restart) << "one more start makes it worse";
  }
}

// 3.24.0 takes the first relocated configuration for the end of its work: what comes after it in the list stays as the
// payload has it.
TEST(Crash, AnInstallOf3240ForgetsTheShimsAfterTheOneItWasKilledAt) {
  const auto scenario = load_scenario(std::string(BARNACLE_SOURCE_DIR) + "/fixtures/crash/two-shims-structured.toml");
  ASSERT_TRUE(scenario) << scenario.error().text();
  const VersionPtr subject = find_subject(fixtures_catalogue().versions, scenario->subject);
  const auto report = crash_everywhere(lifecycle_lab(), subject, *scenario, kNeverStop);
  ASSERT_TRUE(report) << report.error();
  ASSERT_FALSE(report->points.empty());
  EXPECT_TRUE(report->points.front().what.ends_with("configuration-clh.toml")) << report->points.front().what;
  for (const CrashPoint& point : report->points) EXPECT_EQ(point.recovery, Recovery::by_uninstall) << point.what;
}

}  // namespace
}  // namespace barnacle
