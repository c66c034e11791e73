// Lives of a chart of our own, with the real helm (3 and 4), the real kubectl and a real deploy script.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "harness/cli/catalogue.h"
#include "harness/cli/live.h"
#include "harness/engine/replay.h"
#include "harness/live/sandbox/sandbox.h"
#include "harness/scenario/file.h"
#include "harness/scenario/scenario_toml.h"

namespace barnacle {
namespace {

namespace fs = std::filesystem;

const std::string kFixtures = std::string(BARNACLE_SOURCE_DIR) + "/fixtures";
const std::string kTidy = kFixtures + "/subjects/tidy";
const std::string kSloppy = kFixtures + "/subjects/sloppy";

// Why nothing can be played here; empty where it can.
std::string missing() {
  if (const auto supported = sandbox_supported(); !supported) return supported.error();
  const char* given = std::getenv("BARNACLE_LIVE_TOOLS");
  const std::string tools =
      given != nullptr && *given != '\0' ? given : std::string(BARNACLE_SOURCE_DIR) + "/build/live";
  if (::access((tools + "/helm4/helm").c_str(), X_OK) == 0) return "";
  return "there are no clients in " + tools + ": run ci/setup-live, or name their folder in BARNACLE_LIVE_TOOLS";
}

// A subject's clients, tools and memory.
struct Subject {
  explicit Subject(const std::string& folder) : name("live:" + folder) {
    auto loaded = load_catalogue_with(kFixtures, name);
    if (!loaded) throw std::runtime_error(loaded.error());
    catalogue = std::move(*loaded);
    lab = std::make_unique<Lab>(*catalogue);
  }
  std::string name;
  std::unique_ptr<const Catalogue> catalogue;
  std::unique_ptr<Lab> lab;
};

using Texts = std::vector<std::string>;

struct Played {
  Timeline timeline;
  std::vector<Texts> revisions;  // after each step: "1 superseded", "2 deployed"

  std::string result(int step) const { return timeline.steps.at(static_cast<std::size_t>(step) - 1).result; }
  std::set<std::string> found() const {
    std::set<std::string> all;
    for (const Finding& finding : timeline.findings) all.insert(finding.invariant + " " + finding.violation.path);
    return all;
  }
};

Texts revisions_of(const World& world) {
  Texts lines;
  for (const RevisionPtr& revision : stored_revisions(world.cluster))
    lines.push_back(std::to_string(revision->number) + " " + std::string(status_name(revision->status)));
  return lines;
}

// The scenario's steps by that major version of Helm.
Played play(const std::string& folder, int helm, const std::string& text) {
  Subject subject(folder);
  auto scenario = parse_scenario(text, "test.toml");
  if (!scenario) throw std::runtime_error(scenario.error().text());
  scenario->helm = helm;
  Played played;
  ReplayOptions options;
  options.watch = [&](const World& world, const Step&) { played.revisions.push_back(revisions_of(world)); };
  auto timeline = replay(*subject.lab, subject.catalogue->versions.find(subject.name), *scenario, options);
  if (!timeline) throw std::runtime_error(timeline.error());
  played.timeline = std::move(*timeline);
  return played;
}

constexpr const char* kShortLife = R"(
[[node]]
[[step]]
do = "install"
release = "tug"
[[step]]
do = "restart-pod"
release = "tug"
[[step]]
do = "uninstall"
release = "tug"
)";

class LiveLife : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    if (const std::string why = missing(); !why.empty()) GTEST_SKIP() << why;
  }
  int helm() const { return GetParam(); }
};

INSTANTIATE_TEST_SUITE_P(Helm, LiveLife, testing::Values(kHelm3, kHelm4), testing::PrintToStringParamName());

// Two nodes, two installs side by side, upgrade, restart and reboot: nothing sticks to the hull.
TEST_P(LiveLife, TheTidyScriptComesOutClean) {
  const auto text = read_file(kFixtures + "/subjects/tug.toml");
  ASSERT_TRUE(text);
  const Played played = play(kTidy, helm(), *text);
  for (const StepOutcome& step : played.timeline.steps) EXPECT_EQ(step.result, "ok") << "step " << step.index;
  EXPECT_EQ(played.found(), std::set<std::string>{});
  EXPECT_EQ(played.revisions.back(), Texts{});
}

TEST_P(LiveLife, TheSloppyScriptsTwoBugsAreFoundAndNothingElse) {
  const Played played = play(kSloppy, helm(), kShortLife);
  EXPECT_EQ(played.found(),
            (std::set<std::string>{// The import is appended at every start, and containerd restarted for it …
                                   "list.no-duplicates /etc/containerd/config.toml", "disruption.bounded containerd",
                                   // … and the folder is left behind.
                                   "cleanup.every-node /opt/tug", "host.restored /opt/tug"}));
}

// The tidy script under another declaration: what subject.toml does not name is none of the script's business.
TEST_P(LiveLife, WhatIsWrittenOutsideOfTheDeclaredRootsIsFound) {
  const fs::path folder = fs::path(testing::TempDir()) / fmt::format("roots-{}-{}", ::getpid(), helm());
  fs::copy(kFixtures + "/subjects/tidy", folder, fs::copy_options::recursive);
  std::string text = *read_file((folder / "subject.toml").string());
  text.replace(text.find(", \"/etc/containerd\""), std::string_view(", \"/etc/containerd\"").size(), "");
  ASSERT_TRUE(write_file((folder / "subject.toml").string(), text));
  const Played played = play(folder.string(), helm(), kShortLife);
  fs::remove_all(folder);
  std::set<std::string> invariants;
  for (const Finding& finding : played.timeline.findings) {
    invariants.insert(finding.invariant);
    EXPECT_TRUE(finding.violation.path.starts_with("/etc/containerd")) << finding.violation.path;
  }
  EXPECT_EQ(invariants, std::set<std::string>{"path.inside-roots"});
}

TEST_P(LiveLife, UpgradeAndRollbackLeaveTheirRevisions) {
  const Played played = play(kTidy, helm(), R"(
[[node]]
[[step]]
do = "install"
release = "tug"
[[step]]
do = "upgrade"
release = "tug"
values = { debug = true }
[[step]]
do = "rollback"
release = "tug"
[[step]]
do = "install"
release = "tug"
)");
  ASSERT_EQ(played.revisions.size(), 4U);
  EXPECT_EQ(played.revisions[0], (Texts{"1 deployed"}));
  EXPECT_EQ(played.revisions[1], (Texts{"1 superseded", "2 deployed"}));
  EXPECT_EQ(played.revisions[2], (Texts{"1 superseded", "2 superseded", "3 deployed"}));
  EXPECT_EQ(played.result(4),
            helm() == kHelm3
                ? "refused: INSTALLATION FAILED: cannot re-use a name that is still in use"
                : "refused: INSTALLATION FAILED: release name check failed: cannot reuse a name that is still in use");
  EXPECT_EQ(played.found(), std::set<std::string>{});
}

// A client that waits twice, first for its hook's Job and then for the deletion, has a deadline for each.
TEST_P(LiveLife, AClientThatWaitsTwiceDoesNotTimeOut) {
  const Played played = play(kTidy, helm(), R"(
[[node]]
[[step]]
do = "install"
release = "tug"
wait = true
[[step]]
do = "uninstall"
release = "tug"
wait = true
cascade = "foreground"
)");
  EXPECT_EQ(played.result(1), "ok");
  EXPECT_EQ(played.result(2), "ok");
  EXPECT_EQ(played.found(), std::set<std::string>{});
  EXPECT_EQ(played.revisions.at(1), Texts{});
}

// Helm 4 applies, so that the operator's edit has an owner; Helm 3 writes over it.
TEST_P(LiveLife, AnOperatorsEditBetweenTwoUpgrades) {
  const Played played = play(kTidy, helm(), R"(
[[node]]
[[step]]
do = "install"
release = "tug"
[[step]]
do = "edit-cluster"
edit = "set"
name = "tug-deploy"
key = "spec.updateStrategy.rollingUpdate.maxUnavailable"
value = "2"
[[step]]
do = "upgrade"
release = "tug"
values = { debug = true }
)");
  const ObjectPtr daemon_set = played.timeline.end.cluster.find(Kind::daemon_set, "kube-system", "tug-deploy");
  const nlohmann::json now = daemon_set->json()["spec"]["updateStrategy"]["rollingUpdate"]["maxUnavailable"];
  if (helm() == kHelm3) {
    EXPECT_EQ(played.result(3), "ok");
    EXPECT_EQ(now, 1);
    return;
  }
  EXPECT_EQ(played.result(3),
            "exit 1: UPGRADE FAILED: conflict occurred while applying object kube-system/tug-deploy apps/v1, "
            "Kind=DaemonSet: Apply failed with 1 conflict: conflict with \"kubectl-edit\" using apps/v1: "
            ".spec.updateStrategy.rollingUpdate.maxUnavailable");
  EXPECT_EQ(now, 2);
  EXPECT_EQ(played.revisions.back(), (Texts{"1 deployed", "2 failed"}));
}

// Killed after its third write: the release stays pending, nobody else may touch it, and an uninstall takes it away.
TEST_P(LiveLife, AKilledClientLeavesAPendingRelease) {
  const Played played = play(kTidy, helm(), R"(
[[node]]
[[step]]
do = "install"
release = "tug"
kill-after-requests = 3
[[step]]
do = "upgrade"
release = "tug"
[[step]]
do = "uninstall"
release = "tug"
)");
  EXPECT_EQ(played.result(1), "exit 137: killed");
  EXPECT_EQ(played.revisions[0], (Texts{"1 pending-install"}));
  EXPECT_EQ(played.result(2), "refused: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress");
  EXPECT_EQ(played.result(3), "ok");
  EXPECT_EQ(played.revisions.back(), Texts{});
  EXPECT_EQ(played.found(), std::set<std::string>{});
}

// The pod is killed as it restarts the runtime: the next start puts it right.
TEST_P(LiveLife, ARestartOfTheRuntimeThatTakesThePodIsRecoveredFrom) {
  const Played played = play(kTidy, helm(), R"(
[[node]]
[[step]]
do = "install"
release = "tug"
[[step.fault]]
do = "cut"
program = "install"
effect_is = "systemctl restart containerd"
[[step]]
do = "uninstall"
release = "tug"
)");
  const StepRecord& install = played.timeline.steps.front().record;
  ASSERT_EQ(install.runs.size(), 2U) << "killed, and started again";
  EXPECT_EQ(install.runs.front().run->struck, "systemctl restart containerd");
  EXPECT_EQ(played.found(), std::set<std::string>{});
}

// `barnacle crash` watches a run once and knows from that what a cut leaves: it has to be what a real cut leaves.
TEST_P(LiveLife, ACutThatIsKnownFromAWatchedRunIsTheRealOne) {
  const auto installed = [&](int effect) {
    std::string text = "[[node]]\n[[step]]\ndo = \"install\"\nrelease = \"tug\"\n";
    if (effect > 0)
      text += "[[step.fault]]\ndo = \"cut\"\nprogram = \"install\"\neffect = " + std::to_string(effect) + "\n";
    auto scenario = parse_scenario(text, "test.toml");
    scenario->helm = helm();
    return *scenario;
  };
  Subject watched(kTidy);
  const auto play_on = [](Subject& subject, const Scenario& scenario) {
    return replay(*subject.lab, subject.catalogue->versions.find(subject.name), scenario).value();
  };
  watched.lab->tier->watch_effects(true);
  const Timeline whole = play_on(watched, installed(0));
  const int effects = whole.steps.front().record.runs.front().run->effects;
  ASSERT_GT(effects, 6);
  for (const int effect : {1, effects / 2, effects - 1}) {
    SCOPED_TRACE("cut after effect " + std::to_string(effect));
    Subject fresh(kTidy);
    const Timeline known = play_on(watched, installed(effect));
    const Timeline real = play_on(fresh, installed(effect));
    // The next start heals the host: what the cut left is seen right after it.
    const RunEvent& from_memory = known.steps.front().record.runs.front();
    const RunEvent& performed = real.steps.front().record.runs.front();
    EXPECT_EQ(from_memory.run->effects, effect);
    EXPECT_EQ(from_memory.after->state, performed.after->state);
    EXPECT_EQ(from_memory.run->result.log, performed.run->result.log);
    EXPECT_EQ(known.digest, real.digest);
  }
}

// Seven pods, each killed after its first effect, and the Job gives up.
TEST_P(LiveLife, AFailedCleanupJobIsReported) {
  std::string text =
      "[[node]]\n[[step]]\ndo = \"install\"\nrelease = \"tug\"\n[[step]]\ndo = \"uninstall\"\n"
      "release = \"tug\"\ntimeout = \"1h\"\n";
  for (int run = 1; run <= 7; ++run)
    text += "[[step.fault]]\ndo = \"cut\"\nprogram = \"cleanup\"\nrun = " + std::to_string(run) + "\n";
  const Played played = play(kTidy, helm(), text);
  EXPECT_TRUE(played.result(2).ends_with(
      helm() == kHelm3 ? "job tug-deploy-cleanup failed: BackoffLimitExceeded"
                       : "resource Job/kube-system/tug-deploy-cleanup not ready. status: Failed, message: Job Failed. "
                         "failed: 7/1"))
      << played.result(2);
  const Cluster& cluster = played.timeline.end.cluster;
  EXPECT_NE(cluster.find(Kind::job, "kube-system", "tug-deploy-cleanup"), nullptr);
  const bool account_left = cluster.find(Kind::service_account, "kube-system", "tug-deploy-cleanup") != nullptr;
  EXPECT_EQ(account_left, helm() == kHelm3) << "Helm 4 deletes the hooks that had succeeded";
  EXPECT_EQ(played.revisions.back(), Texts{}) << "the release is gone all the same";
}

}  // namespace
}  // namespace barnacle
