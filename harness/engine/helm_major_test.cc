// One scenario under both majors of Helm: fixtures/field/helm-4-edited-field.toml.
#include <gtest/gtest.h>

#include "harness/engine/lifecycle.h"
#include "harness/scenario/scenario_toml.h"

namespace barnacle {
namespace {

Scenario edited_field(int major) {
  auto scenario = load_scenario(std::string(BARNACLE_SOURCE_DIR) + "/fixtures/field/helm-4-edited-field.toml");
  if (!scenario) throw std::runtime_error(scenario.error().text());
  scenario->helm = major;
  if (major == kHelm3) scenario->steps[4].options.force_conflicts = false;
  return *scenario;
}

Timeline played(const Scenario& scenario) {
  auto timeline = replay(lifecycle_lab(), find_subject(fixtures_catalogue().versions, "model:kata"), scenario);
  if (!timeline) throw std::runtime_error(timeline.error());
  return std::move(*timeline);
}

TEST(EditBetweenUpgrades, FailsTheUpgradeOfHelm4UntilItTakesTheField) {
  const Timeline timeline = played(edited_field(kHelm4));
  EXPECT_EQ(timeline.steps[1].result, "ok");
  EXPECT_EQ(timeline.steps[3].result,
            "exit 1: UPGRADE FAILED: conflict occurred while applying object kube-system/kata-deploy apps/v1, "
            "Kind=DaemonSet: Apply failed with 1 conflict: conflict with \"kubectl-edit\" using apps/v1: "
            ".spec.updateStrategy.rollingUpdate.maxUnavailable");
  EXPECT_TRUE(timeline.steps[3].record.runs.empty()) << "no pod hears of the new values";
  EXPECT_EQ(timeline.steps[4].result, "ok");
  EXPECT_FALSE(timeline.steps[4].record.runs.empty());
  EXPECT_TRUE(timeline.findings.empty());
}

TEST(EditBetweenUpgrades, IsWrittenOverByHelm3) {
  const Timeline timeline = played(edited_field(kHelm3));
  EXPECT_EQ(timeline.steps[3].result, "ok");
  EXPECT_FALSE(timeline.steps[3].record.runs.empty());
  EXPECT_TRUE(timeline.findings.empty());
}

// The cleanup fails until Helm's patience is at its end. Helm 4 then deletes the hooks that had succeeded: the account
// of the Job that still tries, which from then on cannot make a pod and is never over.
TEST(Kata11187UnderHelm4, TheCleanupJobLosesItsAccountAndNeverEnds) {
  auto scenario = load_scenario(std::string(BARNACLE_SOURCE_DIR) + "/fixtures/field/kata-11187.toml");
  ASSERT_TRUE(scenario) << scenario.error().text();
  std::vector<std::string> found[2];
  for (const int major : {kHelm3, kHelm4}) {
    scenario->helm = major;
    const auto timeline =
        replay(lifecycle_lab(), find_subject(fixtures_catalogue().versions, scenario->subject), *scenario);
    ASSERT_TRUE(timeline) << timeline.error();
    for (const Finding& finding : timeline->findings) {
      // Which hooks are left of a failed uninstall is Helm's own doing, and differs.
      if (finding.invariant != "cluster.no-orphans")
        found[major - kHelm3].push_back(finding.invariant + " " + finding.violation.path);
    }
  }
  found[0].push_back("release.settles Job kube-system/kata-deploy-cicd-cleanup");
  EXPECT_EQ(found[0], found[1]);
}

}  // namespace
}  // namespace barnacle
