// Laws that hold for every history, on random ones.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "sim/cluster/cluster_test_support.h"

namespace barnacle {
namespace {

using namespace testing_support;

// One of the things that happen to a cluster, chosen by two numbers.
void act(World& world, int what, int which) {
  static const std::vector<std::string> kNodes{"node-a", "node-b", "node-c"};
  const std::string node = kNodes[static_cast<std::size_t>(which) % kNodes.size()];
  const std::string name = which % 2 == 0 ? "agent" : "monitor";
  Cluster& cluster = world.cluster;
  const bool there = cluster.find(Kind::node, "", node) != nullptr;
  switch (what) {
    case 0: (void)cluster.create(kAdministrator, daemon_set(name, "good")); break;
    case 1: (void)cluster.create(kAdministrator, job(name, "bad", {{"onePodPerNode", which > 4}})); break;
    case 2: (void)cluster.create(kAdministrator, job(name, "well")); break;
    case 3:
      if (cluster.find(Kind::daemon_set, "kube-system", name))
        world.set_image(name, which % 3 == 0 ? "bad" : "good:" + std::to_string(which));
      break;
    case 4:
      (void)cluster.remove(kAdministrator, Kind::daemon_set, "kube-system", name, static_cast<Propagation>(which % 3));
      break;
    case 5: (void)cluster.remove(kAdministrator, Kind::job, "kube-system", name); break;
    case 6:
      if (there) cluster.set_unschedulable(node, which > 4);
      break;
    case 7:
      if (there) cluster.node_rebooted(node);
      break;
    case 8:
      if (there) cluster.remove_node(node);
      else cluster.add_node(node, "containerd://2.0.4");
      break;
    case 9:
      if (!world.machines.broken.erase(node)) world.machines.broken.insert(node);
      break;
    default:
      if (!world.pods().empty()) {
        const ObjectPtr pod = world.pods()[static_cast<std::size_t>(which) % world.pods().size()];
        (void)cluster.remove(kAdministrator, Kind::pod, pod->namespace_, pod->name);
      }
  }
}

World new_world() {
  World world;
  world.machines.programs["bad"] = always_fails();
  world.machines.programs["well"] = exits_well();
  return world;
}

using History = std::vector<std::pair<int, int>>;
History some_history() {
  return *rc::gen::container<History>(rc::gen::pair(rc::gen::inRange(0, 11), rc::gen::inRange(0, 9))).as("history");
}

RC_GTEST_PROP(ClusterLaws, AWorldAtRestStaysAsItIs, ()) {
  World world = new_world();
  for (const auto& [what, which] : some_history()) {
    act(world, what, which);
    RC_ASSERT(world.step());
    const std::vector<ObjectPtr> objects = world.cluster.objects();
    const Time now = world.cluster.now;
    RC_ASSERT(world.rest());
    RC_ASSERT(world.cluster.objects() == objects);
    RC_ASSERT(world.cluster.now == now);
  }
}

RC_GTEST_PROP(ClusterLaws, TheStoreStaysSortedAndEveryPodHasItsPlace, ()) {
  World world = new_world();
  for (const auto& [what, which] : some_history()) {
    act(world, what, which);
    world.step();
    RC_ASSERT(std::ranges::is_sorted(world.cluster.objects(), {},
                                     [](const ObjectPtr& o) { return std::tuple(o->kind, o->namespace_, o->name); }));
    for (const ObjectPtr& pod : world.pods()) {
      const std::string& node = pod_status(*pod).node;
      RC_ASSERT(node.empty() || world.cluster.find(Kind::node, "", node));
    }
    for (const ObjectPtr& object : world.cluster.objects())
      RC_ASSERT(content_hash(*object) == hash_of_content(*object));
  }
}

// On any object, there or not, by whoever may and whoever may not, and whether or not the server notes managers.
RC_GTEST_PROP(ClusterLaws, ToSetALabelIsTheMergePatchOfIt, ()) {
  World world = new_world();
  world.cluster.notes_managers = *rc::gen::arbitrary<bool>();
  world.create(make(Kind::service_account, "kube-system", "agent-sa"));
  for (const auto& [what, which] : some_history()) {
    act(world, what, which);
    world.step();
    const auto [kind, ns, name] =
        *rc::gen::element(std::tuple(Kind::node, "", "node-a"), std::tuple(Kind::node, "kube-system", "node-b"),
                          std::tuple(Kind::daemon_set, "kube-system", "agent"), std::tuple(Kind::pod, "default", "no"));
    const Account who =
        *rc::gen::element(Account{}, Account{"", "", "kubectl-label"}, Account{"kube-system", "agent-sa"});
    const std::string key = *rc::gen::element<std::string>("katacontainers.io/kata-runtime", "kata", "name");
    const auto value = *rc::gen::element<std::optional<std::string>>("true", "", std::nullopt);
    Json labels{{key, nullptr}};
    if (value) labels[key] = *value;
    Cluster patched = world.cluster;
    const auto expected = patched.merge_patch(who, kind, ns, name, {{"metadata", {{"labels", labels}}}});
    const auto answer = world.cluster.set_label(who, kind, ns, name, key, value);
    RC_ASSERT(answer.has_value() == expected.has_value());
    if (!answer) RC_ASSERT(answer.error().message == expected.error().message);
    if (answer) {
      RC_ASSERT((*answer)->labels == (*expected)->labels);
      RC_ASSERT((*answer)->resource_version == (*expected)->resource_version);
      RC_ASSERT((*answer)->generation == (*expected)->generation);
      RC_ASSERT(content_hash(**answer) == content_hash(**expected));
    }
    RC_ASSERT(world.cluster.hash() == patched.hash());
    RC_ASSERT(world.cluster.denied() == patched.denied());
  }
}

// Two histories that lead to the same world: in one, ids, versions and generated names have moved on, and it is later.
RC_GTEST_PROP(ClusterLaws, IdsVersionsNamesAndTheDateDoNotCount, ()) {
  World plain = new_world();
  World moved = new_world();
  moved.cluster.now += 10 * *rc::gen::inRange(1, 1000);
  for (int i = *rc::gen::inRange(1, 5); i > 0; --i) {
    moved.create(make(Kind::config_map, "default", "gone"));
    RC_ASSERT(moved.cluster.remove(kAdministrator, Kind::config_map, "default", "gone").has_value());
  }
  for (const auto& [what, which] : some_history()) {
    if (what > 9) continue;  // it picks a pod by its place in the order of generated names
    act(plain, what, which);
    act(moved, what, which);
    plain.step();
    moved.step();
    RC_ASSERT(plain.cluster.hash() == moved.cluster.hash());
    RC_ASSERT(plain.machines.journal == moved.machines.journal);
  }
}

// The pods of the two worlds differ in age and in generated names; a reboot then starts all their containers anew.
RC_GTEST_PROP(ClusterLaws, TheOrderInWhichUnrelatedPodsWereMadeDoesNotCount, ()) {
  const std::vector<Object> objects{daemon_set("agent", "good"), daemon_set("monitor", "other"), job("cleanup", "well"),
                                    daemon_set("zebra", "good:2"),
                                    make(Kind::pod, "default", "app", {{"spec", pod_json("app")}})};
  World one = new_world();
  World other = new_world();
  std::vector<std::size_t> order{0, 1, 2, 3, 4};
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[*rc::gen::inRange<std::size_t>(0, i)]);
  for (std::size_t index = 0; index < order.size(); ++index) {
    one.create(objects[index]);
    other.create(objects[order[index]]);
    one.step();
    other.step();
  }
  RC_ASSERT(one.cluster.hash() == other.cluster.hash());
  for (World* world : {&one, &other}) {
    world->machines.journal.clear();
    for (const char* node : {"node-a", "node-b", "node-c"}) world->cluster.node_rebooted(node);
    world->step();
  }
  RC_ASSERT(one.machines.journal == other.machines.journal);
  RC_ASSERT(one.machines.journal.size() == 10U);
  RC_ASSERT(one.cluster.hash() == other.cluster.hash());
}

TEST(ClusterLaws, WhatDecidesTheFutureCounts) {
  World world = new_world();
  world.create(daemon_set("agent", "good"));
  world.rest();
  std::vector<Hash128> seen{world.cluster.hash()};
  const auto expect_new = [&](const char* what) {
    const Hash128 hash = world.cluster.hash();
    EXPECT_EQ(std::ranges::count(seen, hash), 0) << what;
    seen.push_back(hash);
  };
  world.cluster.set_unschedulable("node-a", true);
  expect_new("a cordon");
  world.cluster.set_runtime_version("node-a", "containerd://1.7.27");
  expect_new("a version");
  must(world.cluster.merge_patch(kAdministrator, Kind::node, "", "node-a", {{"metadata", {{"labels", {{"a", "b"}}}}}}));
  expect_new("a label");
  world.set_image("agent", "bad");
  expect_new("a template");
  world.step();
  expect_new("crash loops");
  world.cluster.now += 10;
  expect_new("time within a back-off");
  world.cluster.node_rebooted("node-a");
  expect_new("a reboot");
}

RC_GTEST_PROP(StoreLaws, ActsLikeAMap, ()) {
  Cluster cluster;
  std::map<std::pair<std::string, std::string>, int> model;
  for (const auto& [what, which] : some_history()) {
    const std::string ns = which % 2 == 0 ? "default" : "kube-system";
    const std::string name = std::string("object-") + static_cast<char>('a' + which / 2);
    const auto key = std::pair(ns, name);
    const Json body{{"data", {{"value", what}}}};
    switch (what % 4) {
      case 0:
        RC_ASSERT(cluster.create(kAdministrator, make(Kind::config_map, ns, name, body)).has_value() ==
                  model.emplace(key, what).second);
        break;
      case 1: {
        const bool there = model.contains(key);
        if (there) model[key] = what;
        RC_ASSERT(cluster.update(kAdministrator, make(Kind::config_map, ns, name, body)).has_value() == there);
        break;
      }
      case 2: {
        const bool there = model.contains(key);
        if (there) model[key] = what;
        RC_ASSERT(cluster.merge_patch(kAdministrator, Kind::config_map, ns, name, body).has_value() == there);
        break;
      }
      default:
        RC_ASSERT(cluster.remove(kAdministrator, Kind::config_map, ns, name).has_value() == (model.erase(key) == 1));
    }
    const auto listed = cluster.list(kAdministrator, Kind::config_map, "");
    RC_ASSERT(listed && listed->size() == model.size());
    auto expected = model.begin();
    for (const ObjectPtr& object : *listed) {
      RC_ASSERT(std::pair(object->namespace_, object->name) == expected->first);
      RC_ASSERT(object->json()["data"]["value"] == expected->second);
      ++expected;
    }
  }
}

}  // namespace
}  // namespace barnacle
