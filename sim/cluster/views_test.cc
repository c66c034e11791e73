#include "sim/cluster/views.h"

#include <gtest/gtest.h>

#include "sim/cluster/cluster_test_support.h"

namespace barnacle {
namespace {

const PodTemplate& template_of(const BodyPtr& body) { return *body->views->pod_template; }

// What a rollout restart patches.
Json annotated(Json body) {
  body["spec"]["template"]["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] = "60";
  return body;
}

TEST(BodyViews, ARestartedSetKeepsThePodsOfTheOldTemplateAndHasANewHash) {
  const BodyPtr before = daemon_set("agent", "agent:1").body;
  const BodyPtr after = make_body(annotated(before->json), before);
  EXPECT_EQ(template_of(after).pod_body, template_of(before).pod_body);
  EXPECT_NE(template_of(after).hash, template_of(before).hash);
}

TEST(BodyViews, WhatABodyWasMadeOfDoesNotShowInIt) {
  const BodyPtr before = daemon_set("agent", "agent:1").body;
  for (const Json& json : {annotated(before->json), daemon_set("agent", "agent:2").json()}) {
    const BodyPtr made_of_it = make_body(json, before);
    const BodyPtr made_alone = make_body(json);
    EXPECT_EQ(made_of_it->hash, made_alone->hash);
    EXPECT_EQ(template_of(made_of_it).hash, template_of(made_alone).hash);
    EXPECT_EQ(template_of(made_of_it).pod_body->hash, template_of(made_alone).pod_body->hash);
    EXPECT_EQ(template_of(made_of_it).spec->image, template_of(made_alone).spec->image);
  }
}

TEST(BodyViews, ARuleIsOfTheKindsWhoseResourceAndGroupItNames) {
  const BodyPtr body = make_body(Json::parse(R"({"rules":[
      {"apiGroups":["apps"],"resources":["daemonsets","nodes"],"verbs":["get"]},
      {"apiGroups":["*"],"resources":["nodes","unknown"],"verbs":["get"]},
      {"apiGroups":["","apps"],"resources":["*"],"verbs":["get"]}]})"));
  const auto names = [&](std::size_t rule, Kind kind) {
    return body->views->rules[rule].kinds[static_cast<std::size_t>(kind)];
  };
  EXPECT_TRUE(names(0, Kind::daemon_set));
  EXPECT_FALSE(names(0, Kind::node));  // of another group
  EXPECT_TRUE(names(1, Kind::node));
  EXPECT_FALSE(names(1, Kind::daemon_set));
  EXPECT_TRUE(names(2, Kind::node) && names(2, Kind::daemon_set));
  EXPECT_FALSE(names(2, Kind::cluster_role));
}

TEST(BodyViews, ATemplateWithoutContainersIsReadAllTheSame) {
  const BodyPtr body = make_body(Json::parse(R"({"spec":{"template":{"spec":{"nodeSelector":{"pool":"kata"}}}}})"));
  EXPECT_EQ(template_of(body).spec->node_selector, (Strings{{"pool", "kata"}}));
  EXPECT_FALSE(template_of(body).pod_body->views->pod);
}

}  // namespace
}  // namespace barnacle
