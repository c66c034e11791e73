#include <gtest/gtest.h>

#include "sim/cluster/cluster_test_support.h"

namespace barnacle {
namespace {

using namespace testing_support;
using Journal = std::vector<std::string>;

TEST(DaemonSet, RunsOnePodOnEachNode) {
  World world;
  world.create(daemon_set("agent", "agent:1"));
  ASSERT_TRUE(world.rest());
  ASSERT_EQ(world.pods().size(), 3U);
  for (const char* node : {"node-a", "node-b", "node-c"}) {
    ASSERT_TRUE(world.pod_on(node)) << node;
    EXPECT_EQ(pod_status(*world.pod_on(node)).phase, PodPhase::running);
    EXPECT_TRUE(pod_status(*world.pod_on(node)).settled);
    EXPECT_TRUE(world.pod_on(node)->name.starts_with("agent-"));
  }
}

TEST(DaemonSet, FollowsANodeThatComesAndOneThatGoes) {
  World world;
  world.create(daemon_set("agent", "agent:1"));
  world.rest();
  world.cluster.add_node("node-d", "containerd://2.0.4");
  world.cluster.remove_node("node-a");
  world.rest();
  EXPECT_EQ(world.pods().size(), 3U);
  EXPECT_FALSE(world.pod_on("node-a"));
  EXPECT_TRUE(world.pod_on("node-d"));
}

TEST(DaemonSet, RollsOneNodeAfterTheOther) {
  World world;
  world.create(daemon_set("agent", "agent:1"));
  world.rest();
  world.machines.journal.clear();
  world.set_image("agent", "agent:2");
  ASSERT_TRUE(world.step());
  EXPECT_EQ(world.machines.journal,
            (Journal{"stop agent:1 on node-a", "start agent:2 on node-a", "stop agent:1 on node-b",
                     "start agent:2 on node-b", "stop agent:1 on node-c", "start agent:2 on node-c"}));
  ASSERT_EQ(world.cluster.departed_pods().size(), 3U);
  EXPECT_EQ(pod_status(*world.cluster.departed_pods()[0]).exits.back().exit_code, 143);
  const DaemonSetCounts counts = world.cluster.counts_of(*world.cluster.find(Kind::daemon_set, "kube-system", "agent"));
  EXPECT_EQ(counts.desired, 3);
  EXPECT_EQ(counts.updated, 3);
  EXPECT_EQ(counts.available, 3);
  EXPECT_TRUE(counts.observed);
}

TEST(DaemonSet, MaxUnavailableLetsTwoGoAtOnce) {
  World world;
  world.create(daemon_set("agent", "agent:1", {{"updateStrategy", {{"rollingUpdate", {{"maxUnavailable", 2}}}}}}));
  world.rest();
  world.machines.journal.clear();
  world.set_image("agent", "agent:2");
  world.step();
  EXPECT_EQ(world.machines.journal[0], "stop agent:1 on node-a");
  EXPECT_EQ(world.machines.journal[1], "stop agent:1 on node-b");
}

// Without a readiness probe a container is available while it runs, so a rollout walks on over nodes it has broken.
TEST(DaemonSet, ARolloutWalksOnOverNodesWhereTheNewImageCrashes) {
  World world;
  world.machines.programs["agent:2"] = always_fails();
  world.create(daemon_set("agent", "agent:1"));
  world.rest();
  world.set_image("agent", "agent:2");
  ASSERT_TRUE(world.step());
  for (const ObjectPtr& pod : world.pods()) {
    EXPECT_EQ(pod_spec_of(*pod)->image, "agent:2");
    EXPECT_EQ(pod_status(*pod).exits.size(), 3U);
  }
}

TEST(DaemonSet, WithAReadinessProbeTheRolloutStopsAtTheFirstBrokenNode) {
  World world;
  world.machines.programs["agent:2"] = always_fails();
  Object set = daemon_set("agent", "agent:1");
  Json body = set.json();
  body["spec"]["template"]["spec"]["containers"][0]["readinessProbe"] = {{"httpGet", {{"port", 8090}}}};
  set.body = make_body(body);
  world.create(set);
  world.rest();
  world.set_image("agent", "agent:2");
  world.step();
  EXPECT_EQ(pod_spec_of(*world.pod_on("node-a"))->image, "agent:2");
  EXPECT_EQ(pod_spec_of(*world.pod_on("node-b"))->image, "agent:1");
  EXPECT_EQ(pod_spec_of(*world.pod_on("node-c"))->image, "agent:1");
}

TEST(DaemonSet, CrashLoopingPodsAreReplacedAtOnce) {
  World world;
  world.machines.programs["agent:1"] = always_fails();
  world.create(daemon_set("agent", "agent:1"));
  world.rest();
  const Time before = world.cluster.now;
  world.machines.journal.clear();
  world.set_image("agent", "agent:2");
  world.step();
  EXPECT_EQ(world.cluster.now, before);
  // Nothing runs that could be stopped, and nobody waits for the others.
  EXPECT_EQ(world.machines.journal,
            (Journal{"start agent:2 on node-a", "start agent:2 on node-b", "start agent:2 on node-c"}));
  for (const ObjectPtr& pod : world.cluster.departed_pods()) EXPECT_EQ(pod_status(*pod).exits.size(), 3U);
}

TEST(DaemonSet, OnDeleteWaitsForTheOperator) {
  World world;
  world.create(daemon_set("agent", "agent:1", {{"updateStrategy", {{"type", "OnDelete"}}}}));
  world.rest();
  world.set_image("agent", "agent:2");
  world.step();
  EXPECT_EQ(pod_spec_of(*world.pod_on("node-b"))->image, "agent:1");
  ASSERT_TRUE(world.cluster.remove(kAdministrator, Kind::pod, "kube-system", world.pod_on("node-b")->name));
  world.step();
  EXPECT_EQ(pod_spec_of(*world.pod_on("node-a"))->image, "agent:1");
  EXPECT_EQ(pod_spec_of(*world.pod_on("node-b"))->image, "agent:2");
}

TEST(DaemonSet, ARolloutRestartIsAnAnnotationOfTheTemplate) {
  World world({"node-a"});
  world.create(daemon_set("agent", "agent:1"));
  world.rest();
  const std::uint64_t first = world.pod_on("node-a")->uid;
  const Json patch =
      Json::parse(R"({"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"now"}}}}})");
  must(world.cluster.strategic_merge_patch(kAdministrator, Kind::daemon_set, "kube-system", "agent", patch));
  world.step();
  EXPECT_NE(world.pod_on("node-a")->uid, first);
  EXPECT_EQ(world.pods().size(), 1U);
}

TEST(DaemonSet, NodeSelectorAndTaintsChooseTheNodes) {
  World world;
  world.create(daemon_set("agent", "agent:1", Json::parse(R"({"template":{"spec":{"nodeSelector":{"kata":"yes"}}}})")));
  world.rest();
  EXPECT_TRUE(world.pods().empty());
  for (const char* node : {"node-a", "node-b", "node-c"}) {
    must(world.cluster.merge_patch(kAdministrator, Kind::node, "", node,
                                   {{"metadata", {{"labels", {{"kata", "yes"}}}}}}));
  }
  world.cluster.set_unschedulable("node-b", true);
  must(world.cluster.merge_patch(
      kAdministrator, Kind::node, "", "node-c",
      Json::parse(R"({"spec":{"taints":[{"key":"gpu","value":"1","effect":"NoSchedule"}]}})")));
  world.rest();
  EXPECT_TRUE(world.pod_on("node-a"));
  EXPECT_TRUE(world.pod_on("node-b")) << "DaemonSet pods tolerate a cordon";
  EXPECT_FALSE(world.pod_on("node-c")) << "and no other taint";
  must(world.cluster.merge_patch(kAdministrator, Kind::node, "", "node-a",
                                 {{"metadata", {{"labels", {{"kata", nullptr}}}}}}));
  world.rest();
  EXPECT_FALSE(world.pod_on("node-a"));
}

TEST(DaemonSet, ATaintNoScheduleLeavesRunningPodsAndNoExecuteDoesNot) {
  World world({"node-a"});
  world.create(daemon_set("agent", "agent:1"));
  world.rest();
  const auto taint = [&](const char* effect) {
    const Json taints{{{"key", "gpu"}, {"value", "1"}, {"effect", effect}}};
    must(world.cluster.merge_patch(kAdministrator, Kind::node, "", "node-a", {{"spec", {{"taints", taints}}}}));
    world.rest();
  };
  taint("NoSchedule");
  EXPECT_EQ(world.pods().size(), 1U);
  taint("NoExecute");
  EXPECT_EQ(world.pods().size(), 0U);
}

TEST(DaemonSet, TheNewPodWaitsUntilTheOldOneIsGone) {
  World world({"node-a"});
  world.create(daemon_set("agent", "agent:1"));
  world.rest();
  world.machines.broken.insert("node-a");
  world.set_image("agent", "agent:2");
  world.step();
  ASSERT_EQ(world.pods().size(), 1U);
  EXPECT_TRUE(world.pod_on("node-a")->deletion_time.has_value());
  world.machines.broken.clear();
  world.step();
  ASSERT_EQ(world.pods().size(), 1U);
  EXPECT_EQ(pod_spec_of(*world.pod_on("node-a"))->image, "agent:2");
}

TEST(DaemonSet, WithoutItsServiceAccountNoPodIsMade) {
  World world({"node-a"});
  world.create(
      daemon_set("agent", "agent:1", Json::parse(R"({"template":{"spec":{"serviceAccountName":"agent-sa"}}})")));
  world.rest();
  EXPECT_TRUE(world.pods().empty());
  world.create(make(Kind::service_account, "kube-system", "agent-sa"));
  world.rest();
  EXPECT_EQ(world.pods().size(), 1U);
}

TEST(DaemonSet, OrphanedPodsAreAdoptedByTheNextOne) {
  World world({"node-a"});
  world.create(daemon_set("agent", "agent:1"));
  world.rest();
  const std::uint64_t pod = world.pod_on("node-a")->uid;
  ASSERT_TRUE(world.cluster.remove(kAdministrator, Kind::daemon_set, "kube-system", "agent", Propagation::orphan));
  world.step();
  ASSERT_FALSE(world.cluster.find(Kind::daemon_set, "kube-system", "agent"));
  ASSERT_TRUE(world.pod_on("node-a"));
  EXPECT_TRUE(world.pod_on("node-a")->owners.empty());
  world.create(daemon_set("agent", "agent:1"));
  world.step();
  ASSERT_EQ(world.pods().size(), 1U);
  EXPECT_EQ(world.pod_on("node-a")->uid, pod);
  EXPECT_EQ(world.pod_on("node-a")->owners.size(), 1U);
}

}  // namespace
}  // namespace barnacle
