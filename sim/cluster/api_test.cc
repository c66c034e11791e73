#include <gtest/gtest.h>

#include "sim/cluster/cluster_test_support.h"
#include "sim/cluster/patch.h"

namespace barnacle {
namespace {

using namespace testing_support;

const Account kAgent{"kube-system", "agent-sa"};

// An account that may delete RuntimeClasses and read nodes.
World world_with_account() {
  World world({"node-a"});
  world.create(make(Kind::service_account, "kube-system", "agent-sa"));
  world.create(make(Kind::cluster_role, "", "agent-role", Json::parse(R"({"rules":[
    {"apiGroups":["node.k8s.io"],"resources":["runtimeclasses"],"verbs":["get","delete"]},
    {"apiGroups":[""],"resources":["nodes"],"verbs":["get"],"resourceNames":["node-a"]}]})")));
  world.create(make(Kind::cluster_role_binding, "", "agent-rb", Json::parse(R"({
    "roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"agent-role"},
    "subjects":[{"kind":"ServiceAccount","name":"agent-sa","namespace":"kube-system"}]})")));
  return world;
}

TEST(Rbac, AnAccountMayDoWhatItsRoleSaysAndNoMore) {
  World world = world_with_account();
  world.create(make(Kind::runtime_class, "", "kata", {{"handler", "kata"}}));
  EXPECT_TRUE(world.cluster.get(kAgent, Kind::runtime_class, "", "kata"));
  EXPECT_TRUE(world.cluster.get(kAgent, Kind::node, "", "node-a"));
  EXPECT_FALSE(world.cluster.get(kAgent, Kind::node, "", "node-b")) << "another resourceName";
  const auto patched = world.cluster.merge_patch(kAgent, Kind::node, "", "node-a", Json::object());
  ASSERT_FALSE(patched);
  EXPECT_EQ(patched.error().message,
            "nodes \"node-a\" is forbidden: User \"system:serviceaccount:kube-system:agent-sa\" cannot patch resource "
            "\"nodes\" "
            "in API group \"\" at the cluster scope");
  const auto listed = world.cluster.list(kAgent, Kind::daemon_set, "kube-system");
  ASSERT_FALSE(listed);
  EXPECT_EQ(listed.error().message,
            "daemonsets.apps is forbidden: User \"system:serviceaccount:kube-system:agent-sa\" cannot list resource "
            "\"daemonsets\" "
            "in API group \"apps\" in the namespace \"kube-system\"");
  EXPECT_TRUE(world.cluster.remove(kAgent, Kind::runtime_class, "", "kata"));
}

// kata-deploy 3.27.0: the role went with the release while its pods were still cleaning up.
TEST(Rbac, ARoleThatIsRemovedBeforeUseIsMissed) {
  World world = world_with_account();
  world.create(make(Kind::runtime_class, "", "kata", {{"handler", "kata"}}));
  ASSERT_TRUE(world.cluster.remove(kAdministrator, Kind::cluster_role, "", "agent-role"));
  const auto removed = world.cluster.remove(kAgent, Kind::runtime_class, "", "kata");
  ASSERT_FALSE(removed);
  EXPECT_EQ(removed.error().code, 403);
  EXPECT_EQ(kubectl_text(removed.error()),
            "Error from server (Forbidden): runtimeclasses.node.k8s.io \"kata\" is forbidden: User "
            "\"system:serviceaccount:kube-system:agent-sa\" cannot delete resource \"runtimeclasses\" in API group "
            "\"node.k8s.io\" "
            "at the cluster scope");
  ASSERT_EQ(world.cluster.denied().size(), 1U);
  EXPECT_EQ(world.cluster.denied()[0], "agent-sa delete runtimeclasses: 403");
}

TEST(Rbac, AnAccountThatIsGoneIsNobody) {
  World world = world_with_account();
  ASSERT_TRUE(world.cluster.remove(kAdministrator, Kind::service_account, "kube-system", "agent-sa"));
  const auto got = world.cluster.get(kAgent, Kind::node, "", "node-a");
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, 401);
  EXPECT_EQ(kubectl_text(got.error()), "error: You must be logged in to the server (Unauthorized)");
  EXPECT_EQ(world.cluster.denial_count(), 1U);
}

TEST(Rbac, ARoleBindingCountsInItsNamespaceOnly) {
  World world = world_with_account();
  const Json rules = Json::parse(R"({"rules":[{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}]})");
  world.create(make(Kind::role, "kube-system", "all", rules));
  world.create(make(Kind::role_binding, "kube-system", "all", Json::parse(R"({"roleRef":{"kind":"Role","name":"all"},
    "subjects":[{"kind":"ServiceAccount","name":"agent-sa","namespace":"kube-system"}]})")));
  EXPECT_TRUE(world.cluster.allowed(kAgent, "delete", Kind::config_map, "kube-system"));
  EXPECT_FALSE(world.cluster.allowed(kAgent, "delete", Kind::config_map, "default"));
  EXPECT_FALSE(world.cluster.allowed(kAgent, "list", Kind::config_map, "")) << "all namespaces are more than one";
  EXPECT_FALSE(world.cluster.allowed(kAgent, "patch", Kind::node, "kube-system")) << "nodes are in no namespace";
}

TEST(Rbac, DenialsAreBounded) {
  World world = world_with_account();
  for (int i = 0; i < 100; ++i) (void)world.cluster.get(kAgent, Kind::secret, "default", "x");
  EXPECT_EQ(world.cluster.denied().size(), 64U);
  EXPECT_EQ(world.cluster.denial_count(), 100U);
}

TEST(Api, WordsItsRefusalsLikeTheRealOne) {
  World world({"node-a"});
  EXPECT_EQ(world.cluster.get(kAdministrator, Kind::runtime_class, "", "kata-clh-cicd").error().message,
            "runtimeclasses.node.k8s.io \"kata-clh-cicd\" not found");
  world.create(make(Kind::config_map, "default", "a"));
  EXPECT_EQ(world.cluster.create(kAdministrator, make(Kind::config_map, "default", "a")).error().message,
            "configmaps \"a\" already exists");
  EXPECT_EQ(world.cluster.create(kAdministrator, make(Kind::config_map, "nowhere", "a")).error().message,
            "namespaces \"nowhere\" not found");
  Object stale = *world.cluster.find(Kind::config_map, "default", "a");
  must(world.cluster.merge_patch(kAdministrator, Kind::config_map, "default", "a", {{"data", {{"k", "v"}}}}));
  const auto refused = world.cluster.update(kAdministrator, stale);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, 409);
  EXPECT_EQ(refused.error().message,
            "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your "
            "changes to the "
            "latest version and try again");
}

TEST(Api, VersionsAndGenerationsMoveOnlyWithAChange) {
  World world({"node-a"});
  const ObjectPtr made = world.create(daemon_set("agent", "agent:1"));
  const Account& us = kAdministrator;
  const ObjectPtr same = must(world.cluster.merge_patch(us, Kind::daemon_set, "kube-system", "agent", Json::object()));
  EXPECT_EQ(same, made);
  const ObjectPtr labelled = must(world.cluster.merge_patch(us, Kind::daemon_set, "kube-system", "agent",
                                                            {{"metadata", {{"labels", {{"a", "b"}}}}}}));
  EXPECT_GT(labelled->resource_version, made->resource_version);
  EXPECT_EQ(labelled->generation, 1U);
  EXPECT_EQ(labelled->body, made->body) << "a body that nobody speaks of is shared";
  const ObjectPtr changed = must(world.cluster.merge_patch(
      us, Kind::daemon_set, "kube-system", "agent", {{"spec", {{"minReadySeconds", 5}}}, {"status", {{"x", 1}}}}));
  EXPECT_EQ(changed->generation, 2U);
  EXPECT_FALSE(changed->json().contains("status")) << "status is not a client's to say";
  EXPECT_EQ(changed->uid, made->uid);
}

TEST(Api, FixedFieldsStayFixed) {
  World world({"node-a"});
  world.create(make(Kind::runtime_class, "", "kata", {{"handler", "kata"}}));
  EXPECT_EQ(world.cluster.merge_patch(kAdministrator, Kind::runtime_class, "", "kata", {{"handler", "other"}})
                .error()
                .message,
            "RuntimeClass.node.k8s.io \"kata\" is invalid: handler: Invalid value: \"other\": field is immutable");
  world.create(daemon_set("agent", "agent:1"));
  EXPECT_EQ(world.cluster
                .merge_patch(kAdministrator, Kind::daemon_set, "kube-system", "agent",
                             {{"spec", {{"selector", {{"matchLabels", {{"name", "x"}}}}}}}})
                .error()
                .code,
            422);
}

TEST(Kinds, AreFoundByKindResourceAndShortName) {
  for (const char* name : {"DaemonSet", "daemonset", "daemonsets", "ds", "daemonsets.apps"}) {
    EXPECT_EQ(kind_from_name(name), Kind::daemon_set) << name;
  }
  EXPECT_EQ(kind_from_name("crds"), Kind::custom_resource_definition);
  EXPECT_EQ(kind_from_name("daemonsets.batch"), std::nullopt);
  EXPECT_EQ(kind_from_name(""), std::nullopt);
}

Json strategic(const char* target, const char* patch) {
  const auto merged = strategic_merge(Json::parse(target), Json::parse(patch));
  return merged ? *merged : Json(merged.error());
}

TEST(StrategicMerge, MergesKeyedListsAndReplacesOthers) {
  EXPECT_EQ(
      strategic(
          R"({"containers":[{"name":"a","image":"1","command":["x","y"],"env":[{"name":"E","value":"1"},{"name":"F","value":"2"}]}]})",
          R"({"containers":[{"name":"a","command":["z"],"env":[{"name":"E","value":"9"},{"name":"G","value":"3"}]}]})"),
      Json::parse(R"({"containers":[{"name":"a","image":"1","command":["z"],
                           "env":[{"name":"E","value":"9"},{"name":"F","value":"2"},{"name":"G","value":"3"}]}]})"));
  EXPECT_EQ(strategic(R"({"volumeMounts":[{"mountPath":"/a","name":"a"}],"tolerations":[{"key":"a"},{"key":"b"}]})",
                      R"({"volumeMounts":[{"mountPath":"/a","name":"b"}],"tolerations":[{"key":"c"}]})"),
            Json::parse(R"({"volumeMounts":[{"mountPath":"/a","name":"b"}],"tolerations":[{"key":"c"}]})"));
}

TEST(StrategicMerge, FollowsItsDirectives) {
  EXPECT_EQ(strategic(R"({"env":[{"name":"E"},{"name":"F"}]})", R"({"env":[{"name":"E","$patch":"delete"}]})"),
            Json::parse(R"({"env":[{"name":"F"}]})"));
  EXPECT_EQ(strategic(R"({"env":[{"name":"E"}]})", R"({"env":[{"$patch":"replace"},{"name":"G"}]})"),
            Json::parse(R"({"env":[{"name":"G"}]})"));
  EXPECT_EQ(strategic(R"({"strategy":{"type":"A","rollingUpdate":{"x":1}}})",
                      R"({"strategy":{"$retainKeys":["type"],"type":"B"}})"),
            Json::parse(R"({"strategy":{"type":"B"}})"));
  EXPECT_EQ(strategic(R"({"a":{"b":1,"c":2}})", R"({"a":{"$patch":"replace","d":3}})"),
            Json::parse(R"({"a":{"d":3}})"));
  EXPECT_EQ(
      strategic(R"({"env":[{"name":"E"},{"name":"F"}]})", R"({"$setElementOrder/env":[{"name":"F"},{"name":"E"}]})"),
      Json::parse(R"({"env":[{"name":"F"},{"name":"E"}]})"));
  EXPECT_EQ(strategic(R"({"finalizers":["a","b"]})", R"({"$deleteFromPrimitiveList/finalizers":["a"]})"),
            Json::parse(R"({"finalizers":["b"]})"));
  EXPECT_EQ(strategic(R"({"a":1})", R"({"a":null})"), Json::object());
}

TEST(StrategicMerge, RefusesAnElementWithoutItsKey) {
  EXPECT_EQ(strategic(R"({"env":[{"name":"E"}]})", R"({"env":[{"value":"1"}]})"),
            Json("map: {\"value\":\"1\"} does not contain declared merge key: name"));
  EXPECT_EQ(strategic("{}", R"({"a":{"$patch":"turn"}})"), Json("unknown patch type: turn"));
}

TEST(Garbage, BackgroundDeletionTakesTheOwnerAtOnceAndItsPodsLater) {
  World world({"node-a"});
  world.create(daemon_set("agent", "agent:1"));
  world.rest();
  ASSERT_TRUE(world.cluster.remove(kAdministrator, Kind::daemon_set, "kube-system", "agent"));
  EXPECT_FALSE(world.cluster.find(Kind::daemon_set, "kube-system", "agent"));
  EXPECT_EQ(world.pods().size(), 1U);
  world.step();
  EXPECT_TRUE(world.pods().empty());
  EXPECT_EQ(pod_status(*world.cluster.departed_pods().at(0)).exits.at(0).exit_code, 143);
}

TEST(Garbage, ForegroundDeletionWaitsForThePods) {
  World world({"node-a"});
  world.create(daemon_set("agent", "agent:1"));
  world.rest();
  world.machines.broken.insert("node-a");
  ASSERT_TRUE(world.cluster.remove(kAdministrator, Kind::daemon_set, "kube-system", "agent", Propagation::foreground));
  world.step();
  ASSERT_TRUE(world.cluster.find(Kind::daemon_set, "kube-system", "agent"));
  EXPECT_TRUE(world.cluster.find(Kind::daemon_set, "kube-system", "agent")->deletion_time.has_value());
  EXPECT_EQ(world.cluster.create(kAdministrator, daemon_set("agent", "agent:1")).error().message,
            "object is being deleted: daemonsets.apps \"agent\" already exists");
  world.machines.broken.clear();
  world.step();
  EXPECT_FALSE(world.cluster.find(Kind::daemon_set, "kube-system", "agent"));
  EXPECT_TRUE(world.pods().empty());
}

TEST(Garbage, ANamespaceGoesWithAllThatIsInIt) {
  World world({"node-a"});
  world.create(make(Kind::namespace_, "", "kata"));
  Object set = daemon_set("agent", "agent:1");
  set.namespace_ = "kata";
  world.create(set);
  world.create(make(Kind::config_map, "kata", "values"));
  world.rest();
  ASSERT_TRUE(world.cluster.remove(kAdministrator, Kind::namespace_, "", "kata"));
  EXPECT_EQ(world.cluster.create(kAdministrator, make(Kind::config_map, "kata", "late")).error().code, 403);
  world.step();
  EXPECT_FALSE(world.cluster.find(Kind::namespace_, "", "kata"));
  EXPECT_TRUE(world.cluster.of_kind(Kind::config_map).empty());
  EXPECT_TRUE(world.pods().empty());
}

}  // namespace
}  // namespace barnacle
