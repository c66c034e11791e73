#include <gtest/gtest.h>

#include "sim/cluster/cluster_test_support.h"

namespace barnacle {
namespace {

using namespace testing_support;

TEST(Job, CompletesWithOnePod) {
  World world;
  world.machines.programs["cleanup"] = exits_well();
  world.create(job("cleanup", "cleanup"));
  ASSERT_TRUE(world.rest());
  EXPECT_EQ(world.job_of("cleanup").condition, "Complete");
  EXPECT_EQ(world.job_of("cleanup").succeeded, 1);
  ASSERT_EQ(world.pods().size(), 1U);
  EXPECT_EQ(pod_status(*world.pods()[0]).phase, PodPhase::succeeded);
}

// kata-containers#11187 ends like this: seven pods, one after the other, each a little later.
TEST(Job, OfAScriptThatAlwaysFailsMakesSevenPodsInSixHundredAndThirtySeconds) {
  World world;
  const Time begin = world.cluster.now;
  std::vector<Time> starts;
  world.machines.programs["cleanup"] = [&](Cluster& cluster, const ContainerStart&) {
    starts.push_back(cluster.now - begin);
    return RunResult{RunResult::Ending::exited, 1, false, {"runtimeclasses.node.k8s.io \"x\" not found"}};
  };
  world.create(job("cleanup", "cleanup"));
  ASSERT_TRUE(world.rest());
  EXPECT_EQ(starts, (std::vector<Time>{0, 10, 30, 70, 150, 310, 630}));
  EXPECT_EQ(world.job_of("cleanup").condition, "Failed");
  EXPECT_EQ(world.job_of("cleanup").reason, "BackoffLimitExceeded");
  EXPECT_EQ(world.job_of("cleanup").failed, 7);
  EXPECT_EQ(world.pods().size(), 7U);
  for (const ObjectPtr& pod : world.pods()) {
    EXPECT_EQ(pod_status(*pod).exits.at(0).last_line, "runtimeclasses.node.k8s.io \"x\" not found");
  }
}

TEST(Job, TheBackOffEndsAtTenMinutes) {
  World world({"node-a"});
  const Time begin = world.cluster.now;
  Time last = 0;
  world.machines.programs["cleanup"] = [&](Cluster& cluster, const ContainerStart&) {
    last = cluster.now - begin;
    return RunResult{RunResult::Ending::exited, 1, false, {}};
  };
  world.create(job("cleanup", "cleanup", {{"backoffLimit", 8}}));
  ASSERT_TRUE(world.rest());
  EXPECT_EQ(last, 630 + 600 + 600);
}

TEST(Job, RetriesSpreadOverTheNodes) {
  World world;
  world.machines.programs["cleanup"] = always_fails();
  world.create(job("cleanup", "cleanup", {{"backoffLimit", 3}}));
  world.rest();
  std::map<std::string, int> pods;
  for (const ObjectPtr& pod : world.pods()) ++pods[pod_status(*pod).node];
  EXPECT_EQ(pods, (std::map<std::string, int>{{"node-a", 2}, {"node-b", 1}, {"node-c", 1}}));
}

TEST(Job, APodDoesNotGoToACordonedNode) {
  World world({"node-a"});
  world.machines.programs["cleanup"] = exits_well();
  world.cluster.set_unschedulable("node-a", true);
  world.create(job("cleanup", "cleanup"));
  ASSERT_TRUE(world.rest());
  ASSERT_EQ(world.pods().size(), 1U);
  EXPECT_EQ(pod_status(*world.pods()[0]).phase, PodPhase::pending);
  EXPECT_EQ(pod_status(*world.pods()[0]).node, "");
  EXPECT_EQ(world.job_of("cleanup").condition, "");
  world.cluster.set_unschedulable("node-a", false);
  ASSERT_TRUE(world.rest());
  EXPECT_EQ(world.job_of("cleanup").condition, "Complete");
}

TEST(Job, APodThatToleratesTheCordonGoesThere) {
  World world({"node-a"});
  world.machines.programs["cleanup"] = exits_well();
  world.cluster.set_unschedulable("node-a", true);
  world.create(
      job("cleanup", "cleanup", Json::parse(R"({"template":{"spec":{"tolerations":[{"operator":"Exists"}]}}})")));
  world.rest();
  EXPECT_EQ(world.job_of("cleanup").condition, "Complete");
}

TEST(Job, APodThatIsDeletedIsReplacedWhileItTerminates) {
  World world({"node-a", "node-b"});
  world.create(job("cleanup", "cleanup"));
  world.rest();
  const ObjectPtr first = world.pod_on("node-a");
  ASSERT_TRUE(first);
  world.machines.broken.insert("node-a");
  ASSERT_TRUE(world.cluster.remove(kAdministrator, Kind::pod, "kube-system", first->name));
  world.step();
  ASSERT_EQ(world.pods().size(), 2U);
  EXPECT_TRUE(world.pod_on("node-a")->deletion_time.has_value());
  EXPECT_EQ(pod_status(*world.pod_on("node-b")).phase, PodPhase::running);
  EXPECT_EQ(world.job_of("cleanup").failed, 1);
}

TEST(Job, ADeletedPodThatTerminatesAtOnceStillCountsAsFailed) {
  World world({"node-a"});
  world.create(job("cleanup", "cleanup"));
  world.rest();
  const Time before = world.cluster.now;
  ASSERT_TRUE(world.cluster.remove(kAdministrator, Kind::pod, "kube-system", world.pod_on("node-a")->name));
  world.step();
  ASSERT_EQ(world.pods().size(), 1U);
  EXPECT_EQ(world.job_of("cleanup").failed, 1);
  EXPECT_EQ(world.cluster.now, before + 10);
}

TEST(Job, ConditionsWaitForTerminatingPods) {
  World world({"node-a"});
  world.create(job("cleanup", "cleanup", {{"activeDeadlineSeconds", 60}}));
  world.cluster.run_for(world.machines, 30, {});
  world.machines.broken.insert("node-a");
  world.cluster.run_for(world.machines, 60, {});
  EXPECT_EQ(world.job_of("cleanup").condition, "");
  world.machines.broken.clear();
  world.rest();
  EXPECT_EQ(world.job_of("cleanup").condition, "Failed");
  EXPECT_EQ(world.job_of("cleanup").reason, "DeadlineExceeded");
}

TEST(Job, OnFailureRestartsInPlaceAndCountsRestarts) {
  World world({"node-a"});
  world.machines.programs["cleanup"] = always_fails();
  world.create(job("cleanup", "cleanup",
                   Json::parse(R"({"backoffLimit":2,"template":{"spec":{"restartPolicy":"OnFailure"}}})")));
  ASSERT_TRUE(world.rest());
  EXPECT_EQ(world.job_of("cleanup").condition, "Failed");
  EXPECT_EQ(world.job_of("cleanup").reason, "BackoffLimitExceeded");
  EXPECT_EQ(world.machines.journal.size(), 3U);
  EXPECT_TRUE(world.pods().empty()) << "the one pod was taken away";
}

TEST(Job, GoesWithItsPodsWhenItsTimeToLiveIsOver) {
  World world({"node-a"});
  world.machines.programs["cleanup"] = exits_well();
  world.create(job("cleanup", "cleanup", {{"ttlSecondsAfterFinished", 300}}));
  const Time before = world.cluster.now;
  ASSERT_TRUE(world.rest());
  EXPECT_EQ(world.cluster.now, before) << "a time to live does not keep the world awake";
  EXPECT_TRUE(world.cluster.find(Kind::job, "kube-system", "cleanup"));
  world.cluster.run_for(world.machines, 300, {});
  EXPECT_FALSE(world.cluster.find(Kind::job, "kube-system", "cleanup"));
  EXPECT_TRUE(world.pods().empty());
}

TEST(Job, ItsTemplateCannotChange) {
  World world({"node-a"});
  world.create(job("cleanup", "cleanup"));
  const auto refused = world.cluster.merge_patch(kAdministrator, Kind::job, "kube-system", "cleanup",
                                                 Json::parse(R"({"spec":{"template":{"spec":{"hostPID":true}}}})"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, 422);
  EXPECT_NE(refused.error().message.find("spec.template: Invalid value"), std::string::npos);
  EXPECT_NE(refused.error().message.find("field is immutable"), std::string::npos);
}

TEST(JobOnePodPerNode, CleansCordonedNodesTooAndRetriesEachOnItsOwn) {
  World world;
  int failures_left = 2;
  world.machines.programs["cleanup"] = [&](Cluster&, const ContainerStart& start) {
    const bool fails = start.node == "node-b" && failures_left-- > 0;
    return RunResult{RunResult::Ending::exited, fails ? 1 : 0, false, {}};
  };
  world.cluster.set_unschedulable("node-c", true);
  const Time before = world.cluster.now;
  world.create(job("cleanup", "cleanup", {{"onePodPerNode", true}}));
  ASSERT_TRUE(world.rest());
  EXPECT_EQ(world.job_of("cleanup").condition, "Complete");
  EXPECT_EQ(world.job_of("cleanup").failed, 2);
  EXPECT_EQ(world.job_of("cleanup").succeeded, 3);
  EXPECT_EQ(world.cluster.now - before, 30);
  EXPECT_EQ(world.pods().size(), 5U);
}

TEST(JobOnePodPerNode, FailsWhenOneNodeFailsTooOften) {
  World world;
  world.machines.programs["cleanup"] = [&](Cluster&, const ContainerStart& start) {
    return RunResult{RunResult::Ending::exited, start.node == "node-b" ? 1 : 0, false, {}};
  };
  world.create(job("cleanup", "cleanup", {{"onePodPerNode", true}, {"backoffLimit", 2}}));
  ASSERT_TRUE(world.rest());
  EXPECT_EQ(world.job_of("cleanup").condition, "Failed");
  EXPECT_EQ(world.job_of("cleanup").reason, "BackoffLimitExceeded");
  EXPECT_EQ(world.job_of("cleanup").failed, 3);
}

TEST(JobOnePodPerNode, DoesNotWaitForANodeThatIsGone) {
  World world;
  world.machines.programs["cleanup"] = exits_well();
  world.machines.broken.insert("node-b");
  world.create(job("cleanup", "cleanup", {{"onePodPerNode", true}}));
  ASSERT_TRUE(world.rest());
  EXPECT_EQ(world.job_of("cleanup").condition, "");
  world.cluster.remove_node("node-b");
  ASSERT_TRUE(world.rest());
  EXPECT_EQ(world.job_of("cleanup").condition, "Complete");
}

}  // namespace
}  // namespace barnacle
