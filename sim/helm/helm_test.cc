// Helm's rules, each told by the release it happens to. The charts are kata-deploy's; nothing happens on any host.
#include "sim/helm/helm.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/helm/chart.h"
#include "sim/helm/chart_values.h"
#include "sim/helm/test_charts.h"

namespace barnacle {
namespace {

using Names = std::vector<std::string>;
const std::string kNamespace = "kube-system";
const Account kAdministrator;

Values with_shims(const std::string& shims) { return {{"env", {{"shims", shims}}}}; }
Values with_suffix(const std::string& suffix) { return {{"env", {{"multiInstallSuffix", suffix}, {"shims", "qemu"}}}}; }

// One cluster of one node, an operator with helm at hand, and one chart unless told otherwise.
struct Desk {
  Cluster cluster;
  TestMachines machines;
  Helm helm{cluster, machines};
  ChartPtr chart = make_kata_chart(facts_3_16());

  Desk() { cluster.add_node("node-a", "containerd://2.0.4"); }

  HelmResult install(const std::string& release, const Values& values = Values::object(),
                     const HelmOptions& options = {}) {
    return helm.install(release, kNamespace, chart, values, options);
  }
  HelmResult upgrade(const std::string& release, const std::optional<Values>& values = {},
                     const HelmOptions& options = {}) {
    return helm.upgrade(release, kNamespace, chart, values ? &*values : nullptr, options);
  }
  HelmResult rollback(const std::string& release, int revision = 0, const HelmOptions& options = {}) {
    return helm.rollback(release, kNamespace, revision, options);
  }
  HelmResult uninstall(const std::string& release, const HelmOptions& options = {}) {
    return helm.uninstall(release, kNamespace, options);
  }

  // "1 superseded", "2 deployed"
  Names history(const std::string& release) const {
    Names lines;
    for (const RevisionPtr& revision : stored_revisions(cluster)) {
      if (revision->release == release) {
        lines.push_back(std::to_string(revision->number) + " " + std::string(status_name(revision->status)));
      }
    }
    return lines;
  }

  // All objects that a chart could have made.
  Names chart_objects() const {
    Names names;
    for (const ObjectPtr& object : cluster.objects()) {
      const bool of_a_chart = object->name.starts_with("kata-") && object->kind != Kind::pod;
      if (of_a_chart) names.push_back(std::string(kind_name(object->kind)) + " " + object->name);
    }
    return names;
  }

  ObjectPtr daemon_set(const std::string& name = "kata-deploy") const {
    return cluster.find(Kind::daemon_set, kNamespace, name);
  }

  std::string variable(const std::string& variable, const std::string& name = "kata-deploy") const {
    for (const Values& entry : daemon_set(name)->json()["spec"]["template"]["spec"]["containers"][0]["env"]) {
      if (entry["name"] == variable) return text_at(entry, {"value"});
    }
    return "(not set)";
  }

  void kubectl_delete(Kind kind, const std::string& name) {
    ASSERT_TRUE(cluster.remove(kAdministrator, kind, is_namespaced(kind) ? kNamespace : "", name));
  }
};

// The chart with the hooks of one event that end as told: a Job that fails or succeeds like the cleanup.
ChartPtr with_hook(const ChartFacts& facts, const std::string& event,
                   HookPolicy policy = {.before_hook_creation = true, .hook_succeeded = false, .hook_failed = false}) {
  auto changed = std::make_shared<Chart>(*make_kata_chart(facts));
  changed->identity = {};
  changed->render = [inner = changed->render, event, policy](const RenderRequest& request) {
    auto rendered = inner(request);
    Hook hook = rendered->hooks.back();
    hook.events = {event};
    hook.delete_policy = policy;
    hook.object.name = "kata-hook";
    nlohmann::json body = hook.object.json();
    body["spec"]["template"]["spec"].erase("serviceAccountName");  // the cleanup's own is not there now
    hook.object.body = make_body(body);
    rendered->hooks = {hook};
    return rendered;
  };
  return changed;
}

// --- install ---

TEST(HelmInstall, PutsTheReleasesMarkOnItsObjectsAndRecordsIt) {
  Desk desk;
  const HelmResult result = desk.install("kata");
  EXPECT_EQ(result.exit_status, 0) << result.message;
  EXPECT_EQ(desk.history("kata"), Names{"1 deployed"});
  const ObjectPtr account = desk.cluster.find(Kind::service_account, kNamespace, "kata-deploy-sa");
  ASSERT_TRUE(account);
  EXPECT_EQ(account->labels.at("app.kubernetes.io/managed-by"), "Helm");
  EXPECT_EQ(account->annotations.at("meta.helm.sh/release-name"), "kata");
  EXPECT_EQ(account->annotations.at("meta.helm.sh/release-namespace"), kNamespace);
  const ObjectPtr secret = desk.cluster.find(Kind::secret, kNamespace, "sh.helm.release.v1.kata.v1");
  ASSERT_TRUE(secret);
  EXPECT_EQ(secret->labels, (Strings{{"name", "kata"}, {"owner", "helm"}, {"status", "deployed"}, {"version", "1"}}));
  EXPECT_EQ(secret->json()["type"], "helm.sh/release.v1");
  EXPECT_EQ(newest_revision(desk.cluster, kNamespace, "kata")->description, "Install complete");
}

TEST(HelmInstall, ReturnsBeforeThePodsStart) {
  Desk desk;
  const Time before = desk.cluster.now;
  ASSERT_EQ(desk.install("kata").exit_status, 0);
  EXPECT_EQ(desk.cluster.now, before);
  EXPECT_TRUE(desk.cluster.all(Kind::pod).empty());
}

TEST(HelmInstall, WithWaitThePodsAreThere) {
  Desk desk;
  ASSERT_EQ(desk.install("kata", {}, {.wait = true}).exit_status, 0);
  EXPECT_EQ(desk.cluster.all(Kind::pod).size(), 1U);
}

TEST(HelmInstall, ANameInUseIsRefused) {
  Desk desk;
  desk.install("kata");
  const HelmResult again = desk.install("kata");
  EXPECT_EQ(again.message, "INSTALLATION FAILED: cannot re-use a name that is still in use");
  EXPECT_TRUE(again.refused);
  EXPECT_EQ(desk.history("kata"), Names{"1 deployed"});
}

// Object names do not contain the release's name, so that two releases without suffix collide.
TEST(HelmInstall, ObjectsOfAnotherReleaseAreNotImported) {
  Desk desk;
  desk.install("kata");
  const Names before = desk.chart_objects();
  const HelmResult second = desk.install("other");
  EXPECT_EQ(
      second.message,
      "INSTALLATION FAILED: Unable to continue with install: ServiceAccount \"kata-deploy-sa\" in namespace "
      "\"kube-system\" exists "
      "and cannot be imported into the current release: invalid ownership metadata; annotation validation error: key "
      "\"meta.helm.sh/release-name\" must equal \"other\": current value is \"kata\"");
  EXPECT_TRUE(second.refused);
  EXPECT_EQ(desk.chart_objects(), before);
  EXPECT_TRUE(desk.history("other").empty());
}

TEST(HelmInstall, TakeOwnershipAdoptsThem) {
  Desk desk;
  desk.install("kata", with_shims("qemu"));
  EXPECT_EQ(desk.install("other", with_shims("clh"), {.take_ownership = true}).exit_status, 0);
  EXPECT_EQ(desk.daemon_set()->annotations.at("meta.helm.sh/release-name"), "other");
  EXPECT_EQ(desk.variable("SHIMS"), "clh");
}

// Z30: RuntimeClasses made by the script's kubectl stand in the way of the chart that owns them.
TEST(HelmUpgrade, From322To323IsRefusedForTheScriptsRuntimeClasses) {
  Desk desk;
  desk.install("kata", with_shims("qemu"));
  Object runtime_class;
  runtime_class.kind = Kind::runtime_class;
  runtime_class.name = "kata-qemu";
  runtime_class.body = make_body({{"handler", "kata-qemu"}});
  ASSERT_TRUE(desk.cluster.create(kAdministrator, runtime_class));
  desk.chart = make_kata_chart(ChartFacts{});
  const HelmResult result = desk.upgrade("kata", with_shims("qemu"));
  EXPECT_EQ(result.message,
            "UPGRADE FAILED: Unable to continue with update: RuntimeClass \"kata-qemu\" in namespace \"\" exists and "
            "cannot be imported "
            "into the current release: invalid ownership metadata; label validation error: missing key "
            "\"app.kubernetes.io/managed-by\": must be set to \"Helm\"; annotation validation error: missing key "
            "\"meta.helm.sh/release-name\": must be set to \"kata\"; annotation validation error: missing key "
            "\"meta.helm.sh/release-namespace\": must be set to \"kube-system\"");
  EXPECT_EQ(desk.history("kata"), Names{"1 deployed"});
  EXPECT_EQ(desk.upgrade("kata", with_shims("qemu"), {.take_ownership = true}).exit_status, 0);
  EXPECT_EQ(desk.cluster.find(Kind::runtime_class, "", "kata-qemu")->labels.at("app.kubernetes.io/managed-by"), "Helm");
}

TEST(HelmInstall, AtomicUninstallsWhatFailed) {
  Desk desk;
  desk.chart = with_hook(facts_3_16(), "post-install");
  desk.machines.cleanup_exit_code = 1;
  const HelmResult result = desk.install("kata", {}, {.atomic = true, .timeout_s = 7200});
  EXPECT_EQ(result.message,
            "INSTALLATION FAILED: release kata failed, and has been uninstalled due to atomic being set: failed "
            "post-install: job kata-hook "
            "failed: BackoffLimitExceeded");
  EXPECT_TRUE(desk.history("kata").empty());
  EXPECT_FALSE(desk.daemon_set());
}

TEST(HelmInstall, WithoutAtomicAFailureStaysAsItIs) {
  Desk desk;
  desk.chart = with_hook(facts_3_16(), "post-install");
  desk.machines.cleanup_exit_code = 1;
  EXPECT_EQ(desk.install("kata", {}, {.timeout_s = 7200}).message,
            "INSTALLATION FAILED: failed post-install: job kata-hook failed: BackoffLimitExceeded");
  EXPECT_EQ(desk.history("kata"), Names{"1 failed"});
  EXPECT_TRUE(desk.daemon_set());
  // The name of a failed release is free for --replace only.
  desk.machines.cleanup_exit_code = 0;
  EXPECT_TRUE(desk.install("kata").refused);
  EXPECT_EQ(desk.install("kata", {}, {.replace = true}).exit_status, 0);
  EXPECT_EQ(desk.history("kata"), (Names{"1 failed", "2 deployed"}));
}

// --- upgrade ---

TEST(HelmUpgrade, SupersedesAndResetsDriftButKeepsWhatWasAdded) {
  Desk desk;
  desk.install("kata", with_shims("qemu"));
  Object edited = *desk.daemon_set();
  nlohmann::json body = edited.json();
  nlohmann::json& pod = body["spec"]["template"]["spec"];
  pod["containers"][0]["env"].push_back({{"name", "MINE"}, {"value", "1"}});
  pod["hostPID"] = false;
  edited.body = make_body(body);
  edited.labels.edit()["team"] = "blue";
  ASSERT_TRUE(desk.cluster.update(kAdministrator, edited));

  ASSERT_EQ(desk.upgrade("kata", with_shims("qemu clh")).exit_status, 0);
  EXPECT_EQ(desk.history("kata"), (Names{"1 superseded", "2 deployed"}));
  EXPECT_EQ(desk.variable("SHIMS"), "qemu clh");
  EXPECT_EQ(desk.variable("MINE"), "1");
  EXPECT_EQ(desk.daemon_set()->json()["spec"]["template"]["spec"]["hostPID"], true);
  EXPECT_EQ(desk.daemon_set()->labels.at("team"), "blue");
}

TEST(HelmUpgrade, ForceReplacesAndDriftIsGone) {
  Desk desk;
  desk.install("kata", with_shims("qemu"));
  Object edited = *desk.daemon_set();
  edited.labels.edit()["team"] = "blue";
  ASSERT_TRUE(desk.cluster.update(kAdministrator, edited));
  ASSERT_EQ(desk.upgrade("kata", {}, {.force = true}).exit_status, 0);
  EXPECT_FALSE(desk.daemon_set()->labels.contains("team"));
}

TEST(HelmUpgrade, AnUnchangedObjectIsNotWritten) {
  Desk desk;
  desk.install("kata");
  const ObjectPtr before = desk.daemon_set();
  ASSERT_EQ(desk.upgrade("kata").exit_status, 0);
  EXPECT_EQ(desk.daemon_set()->resource_version, before->resource_version);
}

TEST(HelmUpgrade, AnObjectDeletedByHandComesBack) {
  Desk desk;
  desk.install("kata");
  desk.kubectl_delete(Kind::cluster_role, "kata-deploy-role");
  ASSERT_EQ(desk.upgrade("kata").exit_status, 0);
  EXPECT_TRUE(desk.cluster.find(Kind::cluster_role, "", "kata-deploy-role"));
}

// Z40: nothing cleans the nodes of the old suffix: no delete hook runs on an upgrade.
TEST(HelmUpgrade, ANewSuffixDeletesTheOldDaemonSetWithoutAnyCleanup) {
  Desk desk;
  desk.install("kata", with_suffix("a"));
  ASSERT_EQ(desk.upgrade("kata", with_suffix("b")).exit_status, 0);
  EXPECT_FALSE(desk.daemon_set("kata-deploy-a"));
  EXPECT_TRUE(desk.daemon_set("kata-deploy-b"));
  EXPECT_EQ(desk.machines.cleanup_starts, 0);
}

TEST(HelmUpgrade, TheReferenceChartRefusesANewSuffixOrPrefix) {
  Desk desk;
  desk.chart = make_kata_chart(reference_facts());
  ASSERT_EQ(desk.install("kata", with_suffix("a")).exit_status, 0);
  const HelmResult moved = desk.upgrade("kata", with_suffix("b"));
  EXPECT_TRUE(moved.refused);
  EXPECT_NE(moved.message.find("env.multiInstallSuffix cannot be changed from \"a\" to \"b\""), std::string::npos)
      << moved.message;
  Values prefixed = with_suffix("a");
  prefixed["env"]["installationPrefix"] = "/foo";
  EXPECT_NE(
      desk.upgrade("kata", prefixed).message.find("env.installationPrefix cannot be changed from \"\" to \"/foo\""),
      std::string::npos);
  EXPECT_EQ(desk.upgrade("kata", with_suffix("a")).exit_status, 0);
  // Another release is free to have another suffix.
  EXPECT_EQ(desk.install("other", with_suffix("b")).exit_status, 0);
}

TEST(HelmUpgrade, TheReferenceChartRemembersTheSuffixOfADaemonSetDeletedByHand) {
  Desk desk;
  desk.chart = make_kata_chart(reference_facts());
  ASSERT_EQ(desk.install("kata", with_suffix("a")).exit_status, 0);
  desk.kubectl_delete(Kind::daemon_set, "kata-deploy-a");
  EXPECT_TRUE(desk.upgrade("kata", with_suffix("b")).refused);
}

TEST(HelmUpgrade, WithoutValuesThoseOfTheDeployedRevisionAreUsedAgain) {
  Desk desk;
  desk.install("kata", with_shims("clh"));
  ASSERT_EQ(desk.upgrade("kata").exit_status, 0);
  EXPECT_EQ(desk.variable("SHIMS"), "clh");
}

TEST(HelmUpgrade, WithAnyValueTheOthersFallBackToTheChartsDefaults) {
  Desk desk;
  desk.install("kata", with_shims("clh"));
  ASSERT_EQ(desk.upgrade("kata", Values{{"env", {{"debug", "true"}}}}).exit_status, 0);
  EXPECT_EQ(desk.variable("SHIMS"), join(upstream_shims("3.16.0"), " "));
}

TEST(HelmUpgrade, ReuseValuesKeepsTheOldChartsDefaultsToo) {
  ChartFacts facts_3_15 = facts_3_16();
  facts_3_15.version = "3.15.0";
  facts_3_15.create_runtime_classes = false;
  Desk desk;
  desk.chart = make_kata_chart(facts_3_15);
  desk.install("kata", with_shims("clh"));
  desk.chart = make_kata_chart(facts_3_16());
  const Values debug = {{"env", {{"debug", "true"}}}};

  ASSERT_EQ(desk.upgrade("kata", debug, {.reuse_values = true}).exit_status, 0);
  EXPECT_EQ(desk.variable("SHIMS"), "clh");
  EXPECT_EQ(desk.variable("DEBUG"), "true");
  EXPECT_EQ(desk.variable("CREATE_RUNTIMECLASSES"), "false") << "the default of 3.15.0";

  ASSERT_EQ(desk.upgrade("kata", debug, {.reset_then_reuse_values = true}).exit_status, 0);
  EXPECT_EQ(desk.variable("SHIMS"), "clh");
  EXPECT_EQ(desk.variable("CREATE_RUNTIMECLASSES"), "true") << "the default of 3.16.0";

  ASSERT_EQ(desk.upgrade("kata", {}, {.reset_values = true}).exit_status, 0);
  EXPECT_EQ(desk.variable("DEBUG"), "false");
}

TEST(HelmUpgrade, OfNothingFailsUnlessItMayInstall) {
  Desk desk;
  EXPECT_EQ(desk.upgrade("kata").message, "UPGRADE FAILED: \"kata\" has no deployed releases");
  EXPECT_EQ(desk.upgrade("kata", with_shims("qemu"), {.install = true}).exit_status, 0);
  EXPECT_EQ(desk.history("kata"), Names{"1 deployed"});
}

TEST(HelmUpgrade, InstallsOverAKeptHistory) {
  Desk desk;
  desk.install("kata");
  ASSERT_EQ(desk.uninstall("kata", {.keep_history = true}).exit_status, 0);
  EXPECT_EQ(desk.upgrade("kata").message, "UPGRADE FAILED: \"kata\" has no deployed releases");
  EXPECT_EQ(desk.upgrade("kata", {}, {.install = true}).exit_status, 0);
  EXPECT_EQ(desk.history("kata"), (Names{"1 superseded", "2 deployed"}));
}

TEST(HelmUpgrade, AtomicRollsBackToTheLastSuccess) {
  Desk desk;
  desk.install("kata", with_shims("qemu"));
  desk.chart = with_hook(facts_3_16(), "post-upgrade");
  desk.machines.cleanup_exit_code = 1;
  const HelmResult result = desk.upgrade("kata", with_shims("clh"), {.atomic = true, .timeout_s = 7200});
  EXPECT_EQ(result.message,
            "UPGRADE FAILED: release kata failed, and has been rolled back due to atomic being set: post-upgrade hooks "
            "failed: job kata-hook "
            "failed: BackoffLimitExceeded");
  EXPECT_EQ(desk.history("kata"), (Names{"1 superseded", "2 failed", "3 deployed"}));
  EXPECT_EQ(desk.variable("SHIMS"), "qemu");
}

TEST(HelmUpgrade, AFailedOneLeavesTheOldRevisionDeployedAndItsNewObjectsBehind) {
  Desk desk;
  desk.install("kata", with_suffix("a"));
  desk.chart = with_hook(facts_3_16(), "post-upgrade");
  desk.machines.cleanup_exit_code = 1;
  EXPECT_EQ(desk.upgrade("kata", with_suffix("b"), {.timeout_s = 7200}).exit_status, 1);
  EXPECT_EQ(desk.history("kata"), (Names{"1 deployed", "2 failed"}));
  EXPECT_TRUE(desk.daemon_set("kata-deploy-b"));
  // The next upgrade compares with the deployed revision 1: what revision 2 made is nobody's.
  desk.chart = make_kata_chart(facts_3_16());
  ASSERT_EQ(desk.upgrade("kata", with_suffix("a")).exit_status, 0);
  EXPECT_TRUE(desk.daemon_set("kata-deploy-a"));
  EXPECT_TRUE(desk.daemon_set("kata-deploy-b"));
}

TEST(HelmUpgrade, CleanupOnFailDeletesTheNewObjects) {
  Desk desk;
  desk.install("kata", with_suffix("a"));
  desk.chart = with_hook(facts_3_16(), "post-upgrade");
  desk.machines.cleanup_exit_code = 1;
  EXPECT_EQ(desk.upgrade("kata", with_suffix("b"), {.cleanup_on_fail = true, .timeout_s = 7200}).exit_status, 1);
  EXPECT_FALSE(desk.daemon_set("kata-deploy-b"));
}

TEST(HelmUpgrade, HistoryMaxDropsTheOldestButNeverTheDeployedOne) {
  Desk desk;
  desk.install("kata");
  const HelmOptions three{.history_max = 3};
  for (int i = 0; i < 5; ++i) desk.upgrade("kata", {}, three);
  EXPECT_EQ(desk.history("kata"), (Names{"4 superseded", "5 superseded", "6 deployed"}));

  desk.chart = with_hook(facts_3_16(), "pre-upgrade");
  desk.machines.cleanup_exit_code = 1;
  for (int i = 0; i < 4; ++i) desk.upgrade("kata", {}, {.history_max = 3, .timeout_s = 7200});
  EXPECT_EQ(desk.history("kata"), (Names{"6 deployed", "9 failed", "10 failed"}));
}

// --- a killed client ---

TEST(HelmKilled, LeavesPendingUpgradeWhichBlocksTheNextOne) {
  Desk desk;
  desk.install("kata", with_shims("qemu"));
  const HelmResult killed = desk.upgrade("kata", with_shims("clh"), {.kill_after_requests = 1});
  EXPECT_EQ(killed.exit_status, 137);
  EXPECT_EQ(desk.history("kata"), (Names{"1 deployed", "2 pending-upgrade"}));
  EXPECT_EQ(desk.variable("SHIMS"), "qemu");
  EXPECT_EQ(desk.upgrade("kata").message,
            "UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress");
  EXPECT_EQ(desk.rollback("kata", 1).exit_status, 0) << "rollback is not blocked";
  EXPECT_EQ(desk.history("kata"), (Names{"1 superseded", "2 pending-upgrade", "3 deployed"}));
}

TEST(HelmKilled, LeavesPendingInstall) {
  Desk desk;
  desk.install("kata", {}, {.kill_after_requests = 3});
  EXPECT_EQ(desk.history("kata"), Names{"1 pending-install"});
  EXPECT_TRUE(desk.cluster.find(Kind::cluster_role, "", "kata-deploy-role"));
  EXPECT_FALSE(desk.cluster.find(Kind::cluster_role_binding, "", "kata-deploy-rb"));
  EXPECT_EQ(desk.uninstall("kata", {.timeout_s = 7200}).exit_status, 0);
  EXPECT_EQ(desk.chart_objects(), Names{});
}

TEST(HelmKilled, BeforeItsFirstRequestLeavesNothing) {
  Desk desk;
  EXPECT_EQ(desk.install("kata", {}, {.kill_after_requests = 0}).exit_status, 137);
  EXPECT_TRUE(desk.history("kata").empty());
}

TEST(HelmKilled, LeavesUninstallingWhichAnotherUninstallFinishes) {
  Desk desk;
  desk.install("kata");
  desk.uninstall("kata", {.kill_after_requests = 2});
  EXPECT_EQ(desk.history("kata"), Names{"1 uninstalling"});
  EXPECT_EQ(desk.upgrade("kata").message, "UPGRADE FAILED: \"kata\" has no deployed releases");
  EXPECT_EQ(desk.uninstall("kata").exit_status, 0);
  EXPECT_EQ(desk.chart_objects(), Names{});
}

// The writing requests of an uninstall that was recorded with the real client: 4 POST, 5 PUT, 16 DELETE at 4 revisions.
TEST(HelmKilled, AnUninstallOfFourRevisionsTakes25WritingRequests) {
  const auto exit_status_after = [](int requests) {
    Desk desk;
    desk.install("kata");
    for (int i = 0; i < 3; ++i) desk.upgrade("kata");
    return desk.uninstall("kata", {.kill_after_requests = requests}).exit_status;
  };
  EXPECT_EQ(exit_status_after(25), 137);
  EXPECT_EQ(exit_status_after(26), 0);
}

// --- rollback ---

TEST(HelmRollback, RestoresTheStoredManifestWithItsHooks) {
  Desk desk;
  desk.install("kata", with_suffix("a"));
  desk.upgrade("kata", with_suffix("b"));
  ASSERT_EQ(desk.rollback("kata").exit_status, 0);
  EXPECT_EQ(desk.history("kata"), (Names{"1 superseded", "2 superseded", "3 deployed"}));
  EXPECT_TRUE(desk.daemon_set("kata-deploy-a"));
  EXPECT_FALSE(desk.daemon_set("kata-deploy-b"));
  const RevisionPtr newest = newest_revision(desk.cluster, kNamespace, "kata");
  EXPECT_EQ(newest->description, "Rollback to 1");
  EXPECT_EQ(newest->manifest->hooks.back().object.name, "kata-deploy-a-cleanup");
}

TEST(HelmRollback, ToARevisionThatIsNotThere) {
  Desk desk;
  EXPECT_EQ(desk.rollback("kata").message, "release: not found");
  desk.install("kata");
  EXPECT_EQ(desk.rollback("kata").message, "release has no 0 version");
  EXPECT_EQ(desk.rollback("kata", 7).message, "release has no 7 version");
}

TEST(HelmRollback, BringsAnUninstalledReleaseBackThatWasKept) {
  Desk desk;
  desk.install("kata");
  ASSERT_EQ(desk.uninstall("kata", {.keep_history = true}).exit_status, 0);
  EXPECT_EQ(desk.history("kata"), Names{"1 uninstalled"});
  EXPECT_EQ(desk.chart_objects(), Names{});
  ASSERT_EQ(desk.rollback("kata", 1).exit_status, 0);
  EXPECT_TRUE(desk.daemon_set());
  EXPECT_EQ(desk.history("kata"), (Names{"1 uninstalled", "2 deployed"}));
}

// --- uninstall ---

TEST(HelmUninstall, RunsTheCleanupOnceAndLeavesNothing) {
  Desk desk;
  desk.install("kata", {}, {.wait = true});
  const HelmResult result = desk.uninstall("kata");
  EXPECT_EQ(result.exit_status, 0) << result.message;
  EXPECT_EQ(desk.machines.cleanup_starts, 1);
  EXPECT_EQ(desk.chart_objects(), Names{});
  EXPECT_TRUE(desk.history("kata").empty());
  EXPECT_EQ(desk.uninstall("kata").message, "uninstall: Release not loaded: kata: release: not found");
}

// Z79, and the second half of kata-containers#11187: seven cleanup pods, and a release that is gone all the same.
TEST(HelmUninstall, AFailedCleanupLeavesTheHooksObjectsAndPurgesTheRelease) {
  Desk desk;
  desk.install("kata", with_suffix("cicd"), {.wait = true});
  desk.machines.cleanup_exit_code = 1;
  const HelmResult result = desk.uninstall("kata", {.timeout_s = 7200});
  EXPECT_EQ(result.message,
            "uninstallation completed with 1 error(s): job kata-deploy-cicd-cleanup failed: BackoffLimitExceeded");
  EXPECT_FALSE(result.refused);
  EXPECT_EQ(desk.machines.cleanup_starts, 7);
  EXPECT_EQ(desk.chart_objects(),
            (Names{"Job kata-deploy-cicd-cleanup", "ServiceAccount kata-deploy-sa-cicd-cleanup",
                   "ClusterRole kata-deploy-role-cicd-cleanup", "ClusterRoleBinding kata-deploy-rb-cicd-cleanup"}));
  EXPECT_TRUE(desk.history("kata").empty());

  // Installed and uninstalled anew, the same hooks replace what was left.
  desk.machines.cleanup_exit_code = 0;
  desk.install("kata", with_suffix("cicd"));
  EXPECT_EQ(desk.uninstall("kata").exit_status, 0);
  EXPECT_EQ(desk.chart_objects(), Names{});
}

TEST(HelmUninstall, HelmDoesNotWaitForALongCleanup) {
  Desk desk;
  desk.install("kata");
  desk.machines.cleanup_hangs = true;
  const Time before = desk.cluster.now;
  EXPECT_EQ(desk.uninstall("kata").message,
            "uninstallation completed with 1 error(s): timed out waiting for the condition");
  EXPECT_EQ(desk.cluster.now, before + 300);
  EXPECT_TRUE(desk.history("kata").empty());
}

TEST(HelmUninstall, WithoutHooksNobodyCleans) {
  Desk desk;
  desk.install("kata");
  EXPECT_EQ(desk.uninstall("kata", {.no_hooks = true}).exit_status, 0);
  EXPECT_EQ(desk.machines.cleanup_starts, 0);
  EXPECT_EQ(desk.chart_objects(), Names{});
}

TEST(HelmUninstall, AFailedPreDeleteHookStopsIt) {
  Desk desk;
  desk.chart = with_hook(facts_3_16(), "pre-delete");
  desk.install("kata");
  desk.machines.cleanup_exit_code = 1;
  EXPECT_EQ(desk.uninstall("kata", {.timeout_s = 7200}).message, "job kata-hook failed: BackoffLimitExceeded");
  EXPECT_EQ(desk.history("kata"), Names{"1 uninstalling"});
  EXPECT_TRUE(desk.daemon_set());
}

TEST(HelmUninstall, OfAKeptHistoryPurgesItTheSecondTime) {
  Desk desk;
  desk.install("kata");
  desk.uninstall("kata", {.keep_history = true});
  EXPECT_EQ(desk.uninstall("kata", {.keep_history = true}).message, "the release named \"kata\" is already deleted");
  EXPECT_EQ(desk.uninstall("kata").exit_status, 0);
  EXPECT_TRUE(desk.history("kata").empty());
}

TEST(HelmUninstall, ObjectsWithThePolicyKeepStay) {
  Desk desk;
  auto chart = std::make_shared<Chart>(*desk.chart);
  chart->identity = {};
  chart->render = [inner = chart->render](const RenderRequest& request) {
    auto rendered = inner(request);
    rendered->objects.front().annotations.edit()["helm.sh/resource-policy"] = "keep";
    return rendered;
  };
  desk.chart = chart;
  desk.install("kata");
  EXPECT_EQ(desk.uninstall("kata").exit_status, 0);
  EXPECT_EQ(desk.chart_objects(), Names{"ServiceAccount kata-deploy-sa"});
}

TEST(HelmHooks, APolicyHookFailedTakesTheFailedJobAway) {
  Desk desk;
  desk.chart = with_hook(facts_3_16(), "post-install",
                         {.before_hook_creation = false, .hook_succeeded = false, .hook_failed = true});
  desk.machines.cleanup_exit_code = 1;
  EXPECT_EQ(desk.install("kata", {}, {.timeout_s = 7200}).exit_status, 1);
  EXPECT_FALSE(desk.cluster.find(Kind::job, kNamespace, "kata-hook"));
}

TEST(HelmHooks, RunByWeightThenName) {
  Desk desk;
  Names order;
  auto chart = std::make_shared<Chart>();
  chart->name = "hooks";
  chart->defaults = std::make_shared<const Values>(Values::object());
  chart->render = [](const RenderRequest&) -> std::expected<Rendered, RenderError> {
    Rendered rendered;
    for (const auto& [name, weight] : {std::pair{"c", 1}, {"b", 0}, {"a", 0}, {"d", -5}}) {
      Object object;
      object.kind = Kind::config_map;
      object.namespace_ = kNamespace;
      object.name = name;
      object.body = make_body(Values::object());
      rendered.hooks.push_back({{"post-install"}, weight, {}, object});
    }
    return rendered;
  };
  ASSERT_EQ(desk.helm.install("hooks", kNamespace, chart, Values::object(), {}).exit_status, 0);
  std::vector<ObjectPtr> made = desk.cluster.all(Kind::config_map);
  std::ranges::sort(made, {}, &Object::creation_order);
  for (const ObjectPtr& object : made) order.push_back(object->name);
  EXPECT_EQ(order, (Names{"d", "a", "b", "c"}));
}

// --- laws ---

RC_GTEST_PROP(HelmLaws, RevisionsCountUpAndAtMostOneIsDeployed, ()) {
  Desk desk;
  int expected = 0;
  const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 4));
  for (const int step : steps) {
    const HelmOptions all{.keep_history = true, .install = true, .history_max = 0};
    const Values values = with_shims(step % 2 == 0 ? "qemu" : "clh");
    HelmResult result;
    if (step < 2) result = desk.upgrade("kata", values, all);
    if (step == 2) result = desk.rollback("kata", 0, all);
    if (step == 3) result = desk.uninstall("kata", all);
    if (result.exit_status == 0 && step != 3) ++expected;
    const std::vector<RevisionPtr> history = stored_revisions(desk.cluster);
    RC_ASSERT(static_cast<int>(history.size()) == expected);
    int deployed = 0;
    for (std::size_t i = 0; i < history.size(); ++i) {
      RC_ASSERT(history[i]->number == static_cast<int>(i) + 1);
      if (history[i]->status == ReleaseStatus::deployed) ++deployed;
    }
    RC_ASSERT(deployed <= 1);
  }
}

RC_GTEST_PROP(HelmLaws, AfterUninstallNothingOfTheReleaseIsLeftWhereverAnEarlierClientDied, ()) {
  Desk desk;
  desk.chart = make_kata_chart(*rc::gen::element(facts_3_16(), ChartFacts{}, reference_facts()));
  RC_ASSERT(desk.install("kata", with_suffix("a")).exit_status == 0);
  desk.upgrade("kata", with_suffix("a"), {.kill_after_requests = *rc::gen::inRange(0, 6)});
  desk.uninstall("kata", {.kill_after_requests = *rc::gen::inRange(0, 12)});
  const HelmResult last = desk.uninstall("kata");
  RC_ASSERT(last.exit_status == 0);
  RC_ASSERT(desk.chart_objects().empty());
  RC_ASSERT(stored_revisions(desk.cluster).empty());
}

RC_GTEST_PROP(HelmLaws, RememberedRenderingsAreWhatAFreshRenderingGives, ()) {
  const Values values = with_shims(*rc::gen::element(std::string("qemu"), std::string("clh"), std::string("qemu clh")));
  Desk remembered;
  auto forgetful = std::make_shared<Chart>(*remembered.chart);
  forgetful->identity = {};
  Desk fresh;
  fresh.chart = forgetful;
  remembered.install("kata", values);
  fresh.install("kata", values);
  RC_ASSERT(remembered.daemon_set()->body->hash == fresh.daemon_set()->body->hash);
  RC_ASSERT(newest_revision(remembered.cluster, kNamespace, "kata")->manifest->hash ==
            newest_revision(fresh.cluster, kNamespace, "kata")->manifest->hash);
}

}  // namespace
}  // namespace barnacle
