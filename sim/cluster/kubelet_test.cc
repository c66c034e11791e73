#include <gtest/gtest.h>

#include "sim/cluster/cluster_test_support.h"

namespace barnacle {
namespace {

using namespace testing_support;

TEST(Kubelet, BacksOffTwiceAsLongEachTimeUpToFiveMinutes) {
  World world({"node-a"});
  std::vector<Time> starts;
  world.machines.programs["agent:1"] = [&](Cluster& cluster, const ContainerStart&) {
    starts.push_back(cluster.now);
    return RunResult{RunResult::Ending::exited, 1, false, {}};
  };
  world.create(daemon_set("agent", "agent:1"));
  world.rest({.failed_starts = 8});
  std::vector<Time> gaps;
  for (std::size_t i = 1; i < starts.size(); ++i) gaps.push_back(starts[i] - starts[i - 1]);
  EXPECT_EQ(gaps, (std::vector<Time>{10, 20, 40, 80, 160, 300, 300}));
}

TEST(Kubelet, ThreeStartsThenRestAndOneMoreInEachLaterStep) {
  World world({"node-a"});
  world.machines.programs["agent:1"] = always_fails(1, "line 370: No such file or directory");
  world.create(daemon_set("agent", "agent:1"));
  ASSERT_TRUE(world.step());
  EXPECT_EQ(pod_status(*world.pod_on("node-a")).starts, 3);
  ASSERT_TRUE(world.rest());
  EXPECT_EQ(pod_status(*world.pod_on("node-a")).starts, 3) << "the same step goes on";
  ASSERT_TRUE(world.step());
  EXPECT_EQ(pod_status(*world.pod_on("node-a")).starts, 4);
  ASSERT_TRUE(world.step({.more_failed_starts = 0}));
  EXPECT_EQ(pod_status(*world.pod_on("node-a")).starts, 4);
  EXPECT_EQ(pod_status(*world.pod_on("node-a")).exits.back().last_line, "line 370: No such file or directory");
}

TEST(Kubelet, ARebootRestartsTheContainerInTheSamePod) {
  World world({"node-a"});
  world.create(daemon_set("agent", "agent:1"));
  world.rest();
  const ObjectPtr before = world.pod_on("node-a");
  world.cluster.node_rebooted("node-a");
  world.step();
  const ObjectPtr after = world.pod_on("node-a");
  EXPECT_EQ(after->uid, before->uid);
  EXPECT_EQ(pod_status(*after).starts, 2);
  EXPECT_TRUE(pod_status(*after).settled);
}

TEST(Kubelet, ARebootFailsAJobsPodAndTheJobMakesAnother) {
  World world({"node-a"});
  world.create(job("cleanup", "cleanup"));
  world.rest();
  world.cluster.node_rebooted("node-a");
  world.step();
  ASSERT_EQ(world.pods().size(), 2U);
  EXPECT_EQ(world.job_of("cleanup").failed, 1);
}

TEST(Kubelet, ARebootForgetsTheBackOff) {
  World world({"node-a"});
  world.machines.programs["agent:1"] = always_fails();
  world.create(daemon_set("agent", "agent:1"));
  world.rest();
  EXPECT_EQ(pod_status(*world.pod_on("node-a")).back_off_s, 40);
  world.cluster.begin_step();
  world.cluster.node_rebooted("node-a");
  const Time before = world.cluster.now;
  world.rest({.failed_starts = 1});
  EXPECT_EQ(world.cluster.now, before);
  EXPECT_EQ(pod_status(*world.pod_on("node-a")).starts, 4);
  EXPECT_EQ(pod_status(*world.pod_on("node-a")).back_off_s, 10);
}

TEST(Kubelet, TenMinutesOfRunningAreForgiven) {
  World world({"node-a"});
  bool fails = true;
  world.machines.programs["agent:1"] = [&](Cluster&, const ContainerStart&) {
    return fails ? RunResult{RunResult::Ending::exited, 1, false, {}} : RunResult{};
  };
  world.create(daemon_set("agent", "agent:1"));
  world.rest({.failed_starts = 2});
  fails = false;
  world.step();
  ASSERT_TRUE(pod_status(*world.pod_on("node-a")).settled);
  const Hash128 young = world.cluster.hash();
  world.cluster.run_for(world.machines, 600, {});
  const Hash128 old = world.cluster.hash();
  EXPECT_NE(young, old);
  world.cluster.run_for(world.machines, 600, {});
  EXPECT_EQ(old, world.cluster.hash()) << "from then on age does not matter";
}

TEST(Kubelet, ReadinessLagsBehindTheRuntime) {
  World world({"node-a"});
  world.cluster.now = 1003;
  world.rest();
  world.machines.broken.insert("node-a");
  const auto ready = [&] { return node_status(*world.cluster.find(Kind::node, "", "node-a")).ready; };
  world.cluster.run_for(world.machines, 6, {});
  EXPECT_TRUE(ready());
  world.cluster.run_for(world.machines, 1, {});
  EXPECT_EQ(world.cluster.now, 1010);
  EXPECT_FALSE(ready());
  const std::vector<Taint> taints = Cluster::taints_of(*world.cluster.find(Kind::node, "", "node-a"));
  ASSERT_EQ(taints.size(), 1U);
  EXPECT_EQ(taints[0], (Taint{"node.kubernetes.io/not-ready", "", "NoSchedule"}));
  world.machines.broken.clear();
  world.rest();
  EXPECT_TRUE(ready());
  EXPECT_EQ(world.cluster.now, 1020);
}

TEST(Kubelet, WithoutARuntimeThePodStaysPending) {
  World world({"node-a"});
  world.machines.broken.insert("node-a");
  world.create(daemon_set("agent", "agent:1"));
  ASSERT_TRUE(world.rest());
  EXPECT_EQ(pod_status(*world.pod_on("node-a")).phase, PodPhase::pending);
  EXPECT_TRUE(world.machines.journal.empty());
  world.machines.broken.clear();
  world.rest();
  EXPECT_EQ(pod_status(*world.pod_on("node-a")).phase, PodPhase::running);
}

TEST(Kubelet, MakesMissingHostPaths) {
  World world({"node-a"});
  world.create(daemon_set("agent", "agent:1", Json::parse(R"({"template":{"spec":{"volumes":[
    {"name":"conf","hostPath":{"path":"/etc/containerd/"}}, {"name":"socket","hostPath":{"path":"/run/x","type":"Socket"}},
    {"name":"dest","hostPath":{"path":"/opt/kata","type":"DirectoryOrCreate"}}, {"name":"tmp","emptyDir":{}}]}}})")));
  world.rest();
  EXPECT_EQ(world.machines.made_paths, (std::vector<std::string>{"node-a:/etc/containerd/", "node-a:/opt/kata"}));
}

Object workload(const char* name, const char* handler) {
  Json spec = pod_json("pause");
  spec["runtimeClassName"] = handler;
  return make(Kind::pod, "default", name, {{"spec", spec}});
}

TEST(Kubelet, AWorkloadRunsWhereItsRuntimeClassSays) {
  World world;
  world.machines.programs["pause"] = [](Cluster&, const ContainerStart&) {
    return RunResult{RunResult::Ending::sleeping, 0, false, {}};
  };
  const auto refused = world.cluster.create(kAdministrator, workload("app", "kata-qemu"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "pods \"app\" is forbidden: pod rejected: RuntimeClass \"kata-qemu\" not found");
  EXPECT_EQ(refused.error().code, 403);
  world.create(make(Kind::runtime_class, "", "kata-qemu",
                    Json::parse(R"({"handler":"kata-qemu","scheduling":{"nodeSelector":{"kata-runtime":"true"}}})")));
  world.create(workload("app", "kata-qemu"));
  world.rest();
  EXPECT_EQ(pod_status(*world.cluster.find(Kind::pod, "default", "app")).phase, PodPhase::pending);
  must(world.cluster.merge_patch(kAdministrator, Kind::node, "", "node-b",
                                 {{"metadata", {{"labels", {{"kata-runtime", "true"}}}}}}));
  world.rest();
  const PodStatus status = pod_status(*world.cluster.find(Kind::pod, "default", "app"));
  EXPECT_EQ(status.node, "node-b");
  EXPECT_EQ(status.phase, PodPhase::running);
  EXPECT_FALSE(status.settled);
  ASSERT_TRUE(world.cluster.remove(kAdministrator, Kind::pod, "default", "app"));
  world.rest();
  EXPECT_FALSE(world.cluster.find(Kind::pod, "default", "app"));
}

TEST(Kubelet, AProgramMayChangeItsOwnPodWhileItRuns) {
  World world({"node-a"});
  world.machines.programs["agent:1"] = [](Cluster& cluster, const ContainerStart& start) {
    must(cluster.merge_patch(kAdministrator, Kind::pod, start.pod->namespace_, start.pod->name,
                             {{"metadata", {{"labels", {{"stage", "done"}}}}}}));
    return RunResult{};
  };
  world.create(daemon_set("agent", "agent:1"));
  ASSERT_TRUE(world.rest());
  EXPECT_EQ(world.pod_on("node-a")->labels.at("stage"), "done");
  EXPECT_TRUE(pod_status(*world.pod_on("node-a")).settled);
}

}  // namespace
}  // namespace barnacle
