// Every invariant can fail: for each of them one lifecycle in which it does, and which the reference logic passes.
#include "harness/invariants/invariant.h"

#include <set>

#include "harness/engine/lifecycle.h"

namespace barnacle {
namespace {

const std::string kBuggy = "model:kata-3.16.0";

struct Case {
  std::string invariant;
  std::string path;  // begins so
  Lifecycle life;
};

std::vector<Case> cases() {
  const ChartValues cicd{.suffix = "cicd", .shims = "qemu"};
  std::vector<Case> all;
  const auto add = [&](std::string invariant, std::string path, Lifecycle life) {
    all.push_back({std::move(invariant), std::move(path), std::move(life)});
  };

  const Lifecycle restarted = Lifecycle(kBuggy).install("kata-cicd", cicd).restart_pod("kata-cicd");
  add("path.suffix-once", "/opt/kata-cicd-cicd", restarted);
  add("path.resolves", "/opt/kata-cicd-cicd", restarted);
  add("host.idempotent", "/opt/kata-cicd/share/defaults/", restarted);
  add("release.settles", "DaemonSet kata-deploy-cicd", restarted);
  add("path.inside-roots", "/opt/kata/bin/",
      Lifecycle("model:kata-3.16.0-strip").install("kata", {.shims = "qemu"}).install("kata-cicd", cicd));
  const Lifecycle debug = Lifecycle(kBuggy).install("kata", {.shims = "qemu", .debug = true}).restart_pod("kata");
  add("list.no-duplicates", "/opt/kata/share/defaults/", debug);
  add("host.converged", "/opt/kata/share/defaults/", debug);
  // One file of CRI-O is everybody's, and the last install makes it anew.
  add("host.commutes", "/etc/crio/crio.conf.d/100-debug",
      Lifecycle(kBuggy, "ubuntu-24.04-crio-1.32")
          .install("kata", {.shims = "qemu", .debug = true})
          .install("kata-cicd", cicd));
  const Lifecycle gone = Lifecycle(kBuggy).install("kata", {.shims = "qemu"}).uninstall("kata");
  add("host.restored", "/etc/containerd/config.toml",
      Lifecycle(kBuggy, "ubuntu-24.04-containerd-2.0-no-config").install("kata", {.shims = "qemu"}).uninstall("kata"));
  add("host.operator-kept", "/etc/containerd/config.toml", gone);
  // The script looks for other releases in kube-system only.
  Lifecycle elsewhere(kBuggy);
  elsewhere.install("kata", {.shims = "qemu"});
  elsewhere.last().namespace_ = "kata";
  elsewhere.last().options.create_namespace = true;
  add("host.isolated", "katacontainers.io/kata-runtime", elsewhere.install("kata-cicd", cicd).uninstall("kata-cicd"));
  add("reboot.noop", "/opt/kata-cicd/", Lifecycle(kBuggy).install("kata-cicd", cicd).reboot());
  add("runtime.restartable", "/usr/bin/containerd-shim-kata-qemu-v2",
      Lifecycle(kBuggy).install("kata", {.shims = "qemu"}));
  // The chart makes the classes of all shims that it knows, the script the handlers of those that this machine can run.
  add("runtime.handlers", "RuntimeClass kata-", Lifecycle("model:kata-3.24.0").install("kata"));
  add("disruption.bounded", "containerd", Lifecycle(kBuggy).install("kata", {.shims = "qemu"}).restart_pod("kata"));
  add("cleanup.single-job", "Job kata-deploy-cicd-cleanup",
      Lifecycle(kBuggy)
          .install("kata-cicd", cicd)
          .upgrade("kata-cicd", {.suffix = "cicd", .shims = "qemu clh"})
          .uninstall("kata-cicd"));
  add("cleanup.every-node", "/opt/kata",
      Lifecycle(kBuggy).node("node-b").install("kata", {.shims = "qemu"}).uninstall("kata"));
  add("cluster.label", "katacontainers.io/kata-runtime",
      Lifecycle(kBuggy).node("node-b").install("kata", {.shims = "qemu"}).uninstall("kata"));
  add("cluster.no-orphans", "RuntimeClass kata-clh",
      Lifecycle(kBuggy).install("kata", {.shims = "qemu clh"}).upgrade("kata", {.shims = "qemu"}).uninstall("kata"));
  // The cleanup Job of a release that never ran anywhere waits for a node; its account goes with the next uninstall.
  Lifecycle forbidden(kBuggy);
  forbidden.cordon().install("kata").uninstall("kata").install("kata-2");
  forbidden.last().namespace_ = "kata";
  forbidden.last().options.create_namespace = true;
  forbidden.uninstall("kata-2").last().namespace_ = "kata";
  forbidden.add_node("node-d");
  add("api.no-forbidden", "", forbidden);
  add("deploy.refusal-clean", "kata-deploy-cicd-cleanup-",
      Lifecycle(kBuggy, "ubuntu-22.04-containerd-1.6").install("kata-cicd", cicd).uninstall("kata-cicd"));
  // An upgrade drops the suffix, the next one takes it again: what runs from the first folder is nobody's by then.
  add("workload.survives", "workload-1",
      Lifecycle("model:kata-3.22.0", "ubuntu-24.04-containerd-2.0-commented")
          .install("kata", {.suffix = "kata"})
          .upgrade("kata", {.shims = "clh"})
          .run_workload("kata-clh-kata", "node-a")
          .upgrade("kata", {.suffix = "kata"})
          .uninstall("kata"));
  return all;
}

// What no version shows by itself is shown on a host that somebody has spoiled between two steps.
struct Broken {
  std::string invariant;
  std::string path;
  std::string contents;
};

const std::vector<Broken> kSpoiled{
    {"runtime.parses", "/etc/containerd/config.toml", "version = 3\nimports = \"\n"},
    {"runtime.loaded", "/etc/containerd/config.toml", "version = 3\n[debug]\nlevel = \"trace\"\n"},
};

// Those that speak of faults only have a test of their own below.
const std::set<std::string> kUnderFaults{"deploy.truthful"};

TEST(Invariants, EachOfThemCanFail) {
  std::set<std::string> covered = kUnderFaults;
  for (const Case& one : cases()) {
    SCOPED_TRACE(one.invariant);
    one.life.expect(one.invariant, one.path);
    covered.insert(one.invariant);
  }
  for (const Broken& one : kSpoiled) covered.insert(one.invariant);
  for (const Invariant& invariant : all_invariants())
    EXPECT_TRUE(covered.contains(std::string(invariant.id))) << invariant.id << " has no case";
  EXPECT_EQ(covered.size(), all_invariants().size());
}

TEST(Invariants, TheReferenceLogicPassesAllTheirCases) {
  for (const Case& one : cases()) {
    SCOPED_TRACE(one.invariant);
    Scenario scenario = one.life.scenario();
    Lab lab(fixtures_catalogue());
    const auto timeline = replay(lab, find_subject(lab.catalogue.versions, "model:kata"), scenario);
    ASSERT_TRUE(timeline) << timeline.error();
    for (const Finding& finding : timeline->findings)
      ADD_FAILURE() << finding.invariant << ": " << finding.violation.path << ": " << finding.violation.detail;
  }
}

TEST(Invariants, OfTheRuntimeSeeASpoiledConfiguration) {
  for (const Broken& one : kSpoiled) {
    SCOPED_TRACE(one.invariant);
    Lab lab(fixtures_catalogue());
    const Lifecycle life = Lifecycle("model:kata").install("kata", {.shims = "qemu"});
    auto world = start_world(lab, life.scenario());
    ASSERT_TRUE(world) << world.error();
    const Step& step = life.scenario().steps.front();
    const StepRecord record = play_step(lab, *world, find_subject(lab.catalogue.versions, "model:kata"), step);
    const Invariant* invariant = find_invariant(one.invariant);
    ASSERT_TRUE(judge(*invariant, make_context(lab, *world, *world, step, record)).violations.empty());
    Host spoiled = world->nodes.front().host->host;
    ASSERT_TRUE(spoiled.files.write(one.path, one.contents, world->cluster.now));
    world->nodes.front().host = freeze(std::move(spoiled));
    EXPECT_FALSE(judge(*invariant, make_context(lab, *world, *world, step, record)).violations.empty());
  }
}

// A program that shrugs where an operation has failed; no version is like that as a whole, so one of its runs is
// forged.
TEST(Invariants, DeployTruthfulSeesAFailureThatIsReportedAsSuccess) {
  Fault fault;
  fault.kind = FaultKind::fail;
  fault.effect_is = "replace /etc/containerd/config.toml";
  fault.error = "EIO";
  const Lifecycle life = Lifecycle("model:kata").install("kata", {.shims = "qemu"}).with_fault(fault);
  Lab& lab = lifecycle_lab();
  auto world = start_world(lab, life.scenario());
  ASSERT_TRUE(world) << world.error();
  const Step& step = life.scenario().steps.front();
  StepRecord record = play_step(lab, *world, find_subject(lab.catalogue.versions, "model:kata"), step);
  ASSERT_TRUE(record.runs.front().run->faulted);
  const Invariant& truthful = *find_invariant("deploy.truthful");
  const Verdict honest = judge(truthful, make_context(lab, *world, *world, step, record));
  EXPECT_TRUE(honest.spoke);
  EXPECT_TRUE(honest.violations.empty());
  RunRecord forged = *record.runs.front().run;
  forged.result.ending = RunResult::Ending::settled;
  forged.result.exit_code = 0;
  record.runs.front().run = std::make_shared<const RunRecord>(std::move(forged));
  EXPECT_FALSE(judge(truthful, make_context(lab, *world, *world, step, record)).violations.empty());
}

}  // namespace
}  // namespace barnacle
