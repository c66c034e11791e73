// What Helm 4 does otherwise than Helm 3: it applies, it is refused where others own a field, and it says so in other
// words. Each text is the real client's (4.1.4).
#include <gtest/gtest.h>

#include "sim/helm/chart.h"
#include "sim/helm/helm.h"
#include "sim/helm/test_charts.h"

namespace barnacle {
namespace {

using NameList = std::vector<std::string>;
const Account kDeskOperator{.namespace_ = {}, .name = {}, .manager = "kubectl-edit"};

// The same cluster and chart, under either major version.
struct DeskOf {
  explicit DeskOf(int major) : helm(cluster, machines, major) {
    cluster.notes_managers = major == kHelm4;
    cluster.add_node("node-a", "containerd://2.0.4");
  }

  HelmResult install(const HelmOptions& options = {}) {
    return helm.install("kata-deploy", "kube-system", chart, Values::object(), options);
  }
  HelmResult upgrade(const Values& values, const HelmOptions& options = {}) {
    return helm.upgrade("kata-deploy", "kube-system", chart, &values, options);
  }
  HelmResult uninstall(const HelmOptions& options = {}) {
    return helm.uninstall("kata-deploy", "kube-system", options);
  }

  void edit(const nlohmann::json& spec) {
    ASSERT_TRUE(
        cluster.strategic_merge_patch(kDeskOperator, Kind::daemon_set, "kube-system", "kata-deploy", {{"spec", spec}}));
  }
  nlohmann::json daemon_set() const { return cluster.find(Kind::daemon_set, "kube-system", "kata-deploy")->json(); }
  int max_unavailable() const { return daemon_set()["spec"]["updateStrategy"]["rollingUpdate"]["maxUnavailable"]; }
  std::string debug() const {
    const nlohmann::json container = daemon_set()["spec"]["template"]["spec"]["containers"][0];
    for (const nlohmann::json& variable : container["env"]) {
      if (variable["name"] == "DEBUG") return variable["value"];
    }
    return "(not set)";
  }
  NameList statuses() const {
    NameList list;
    for (const RevisionPtr& revision : stored_revisions(cluster)) list.emplace_back(status_name(revision->status));
    return list;
  }

  Cluster cluster;
  TestMachines machines;
  ChartPtr chart = make_kata_chart(facts_3_16());
  Helm helm;
};

const nlohmann::json kEdit = {{"updateStrategy", {{"rollingUpdate", {{"maxUnavailable", 2}}}}}};
const Values kDebug = {{"env", {{"debug", "true"}}}};

TEST(Helm4, AnOperatorsEditOfAnAppliedFieldFailsTheUpgrade) {
  DeskOf desk(kHelm4);
  ASSERT_EQ(desk.install().exit_status, 0);
  desk.edit(kEdit);
  const HelmResult refused = desk.upgrade(kDebug);
  EXPECT_EQ(refused.exit_status, 1);
  EXPECT_FALSE(refused.refused) << "a failed revision is stored";
  EXPECT_EQ(refused.message,
            "UPGRADE FAILED: conflict occurred while applying object kube-system/kata-deploy apps/v1, Kind=DaemonSet: "
            "Apply failed with 1 conflict: conflict with \"kubectl-edit\" using apps/v1: "
            ".spec.updateStrategy.rollingUpdate.maxUnavailable");
  EXPECT_EQ(desk.max_unavailable(), 2);
  EXPECT_EQ(desk.debug(), "false") << "nothing of a refused object is written";
  EXPECT_EQ(desk.statuses(), (NameList{"deployed", "failed"}));
}

TEST(Helm3, WritesOverTheSameEdit) {
  DeskOf desk(kHelm3);
  ASSERT_EQ(desk.install().exit_status, 0);
  desk.edit(kEdit);
  EXPECT_EQ(desk.upgrade(kDebug).exit_status, 0);
  EXPECT_EQ(desk.max_unavailable(), 1);
  EXPECT_EQ(desk.debug(), "true");
}

TEST(Helm4, ForceConflictsTakesTheFieldBack) {
  DeskOf desk(kHelm4);
  ASSERT_EQ(desk.install().exit_status, 0);
  desk.edit(kEdit);
  EXPECT_EQ(desk.upgrade(kDebug, {.force_conflicts = true}).exit_status, 0);
  EXPECT_EQ(desk.max_unavailable(), 1);
  EXPECT_EQ(desk.upgrade(kDebug).exit_status, 0) << "and for good";
  DeskOf older(kHelm3);
  EXPECT_EQ(older.install({.force_conflicts = true}).message, "unknown flag: --force-conflicts");
}

TEST(Helm4, WhatAnOperatorAddsIsNobodysConflictAndStays) {
  DeskOf desk(kHelm4);
  ASSERT_EQ(desk.install().exit_status, 0);
  desk.edit({{"minReadySeconds", 5}});
  EXPECT_EQ(desk.upgrade(kDebug).exit_status, 0);
  EXPECT_EQ(desk.daemon_set()["spec"]["minReadySeconds"], 5);
  EXPECT_EQ(desk.debug(), "true");
}

TEST(Helm4, ReplacingByForceDoesNotGoWithServerSideApply) {
  DeskOf desk(kHelm4);
  ASSERT_EQ(desk.install().exit_status, 0);
  EXPECT_EQ(desk.upgrade(kDebug, {.force = true}).message,
            "UPGRADE FAILED: invalid operation: cannot use server-side apply and force replace together");
}

TEST(Helm4, AFailedCleanupJobLeavesOnlyItself) {
  for (const int major : {kHelm3, kHelm4}) {
    DeskOf desk(major);
    ASSERT_EQ(desk.install().exit_status, 0);
    desk.machines.cleanup_exit_code = 1;
    const HelmResult failed = desk.uninstall({.timeout_s = 3600});
    EXPECT_EQ(failed.exit_status, 1);
    EXPECT_EQ(failed.message,
              major == kHelm3 ? "uninstallation completed with 1 error(s): job kata-deploy-cleanup failed: "
                                "BackoffLimitExceeded"
                              : "uninstallation completed with 1 error(s): resource "
                                "Job/kube-system/kata-deploy-cleanup not ready. status: Failed, message: Job Failed. "
                                "failed: 7/1");
    EXPECT_NE(desk.cluster.find(Kind::job, "kube-system", "kata-deploy-cleanup"), nullptr);
    const bool account_left =
        desk.cluster.find(Kind::service_account, "kube-system", "kata-deploy-sa-cleanup") != nullptr;
    EXPECT_EQ(account_left, major == kHelm3) << "Helm 4 deletes the hooks that had succeeded";
  }
}

TEST(Helm4, AHookThatHangsIsInProgressWhenTimeIsUp) {
  DeskOf desk(kHelm4);
  ASSERT_EQ(desk.install().exit_status, 0);
  desk.machines.cleanup_hangs = true;
  EXPECT_EQ(desk.uninstall().message,
            "uninstallation completed with 1 error(s): resource Job/kube-system/kata-deploy-cleanup not ready. "
            "status: InProgress, message: Job in progress context deadline exceeded");
}

TEST(Helm4, AnInstallOverAnExistingReleaseIsRefusedInItsOwnWords) {
  DeskOf desk(kHelm4);
  ASSERT_EQ(desk.install().exit_status, 0);
  EXPECT_EQ(desk.install().message,
            "INSTALLATION FAILED: release name check failed: cannot reuse a name that is still in use");
}

TEST(Helm4, ALifeWithoutEditsEndsLikeHelm3s) {
  for (const int major : {kHelm3, kHelm4}) {
    DeskOf desk(major);
    ASSERT_EQ(desk.install({.wait = true}).exit_status, 0);
    ASSERT_EQ(desk.upgrade(kDebug, {.wait = true}).exit_status, 0);
    EXPECT_EQ(desk.debug(), "true");
    ASSERT_EQ(desk.helm.rollback("kata-deploy", "kube-system", 0, {}).exit_status, 0);
    EXPECT_EQ(desk.debug(), "false");
    EXPECT_EQ(desk.statuses(), (NameList{"superseded", "superseded", "deployed"}));
    ASSERT_EQ(desk.uninstall().exit_status, 0);
    for (const ObjectPtr& object : desk.cluster.objects())
      EXPECT_TRUE(object->kind == Kind::pod || !object->name.starts_with("kata-")) << describe(*object);
  }
}

}  // namespace
}  // namespace barnacle
