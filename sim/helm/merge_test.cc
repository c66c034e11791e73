#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "sim/cluster/json_read.h"
#include "sim/helm/helm.h"

namespace barnacle {
namespace {

Json variable(const std::string& name, const std::string& value) { return {{"name", name}, {"value", value}}; }

Json pod_with(const Json& env) {
  return {{"containers", Json::array({Json{{"name", "kube-kata"}, {"image", "kata-deploy:3.16.0"}, {"env", env}}})}};
}

TEST(ThreeWayMerge, AVariableAddedByHandSurvivesAnUpgrade) {
  const Json original = pod_with(Json::array({variable("DEBUG", "false")}));
  const Json modified = pod_with(Json::array({variable("DEBUG", "true")}));
  const Json current = pod_with(Json::array({variable("DEBUG", "false"), variable("MINE", "1")}));
  EXPECT_EQ(three_way_merge(original, modified, current),
            pod_with(Json::array({variable("DEBUG", "true"), variable("MINE", "1")})));
}

TEST(ThreeWayMerge, AVariableChangedByHandIsResetThoughTheChartDidNotChangeIt) {
  const Json chart = pod_with(Json::array({variable("SHIMS", "qemu")}));
  const Json current = pod_with(Json::array({variable("SHIMS", "qemu clh")}));
  EXPECT_EQ(three_way_merge(chart, chart, current), chart);
}

TEST(ThreeWayMerge, AVariableThatTheChartDroppedIsRemoved) {
  const Json original = pod_with(Json::array({variable("SHIMS", "qemu"), variable("DEFAULT_SHIM", "qemu")}));
  const Json modified = pod_with(Json::array({variable("SHIMS", "qemu")}));
  EXPECT_EQ(three_way_merge(original, modified, original), modified);
}

TEST(ThreeWayMerge, TolerationsAreReplacedAsAWhole) {
  const Json original = {{"tolerations", Json::array({Json{{"key", "a"}}})}};
  const Json modified = {{"tolerations", Json::array({Json{{"key", "b"}}})}};
  const Json current = {{"tolerations", Json::array({Json{{"key", "a"}}, Json{{"key", "mine"}}})}};
  EXPECT_EQ(three_way_merge(original, modified, current), modified);
}

TEST(ThreeWayMerge, DefaultsThatTheServerFilledInStay) {
  const Json chart = {{"template", {{"hostPID", true}}}};
  const Json current = {{"template", {{"hostPID", true}, {"dnsPolicy", "ClusterFirst"}}}, {"revisionHistoryLimit", 10}};
  EXPECT_EQ(three_way_merge(chart, chart, current), current);
}

TEST(ThreeWayMerge, OfAKindThatHelmDoesNotKnowDriftIsNotSeen) {
  const Json original = {{"handler", "kata-qemu"}, {"level", 1}};
  const Json modified = {{"handler", "kata-qemu"}, {"level", 2}};
  const Json drifted = {{"handler", "mine"}, {"level", 1}};
  const Json wanted = {{"handler", "mine"}, {"level", 2}};
  EXPECT_EQ(three_way_merge(original, modified, drifted, MergeKind::json), wanted);
  EXPECT_EQ(three_way_merge(original, modified, drifted, MergeKind::strategic), modified);
}

// A pod's specification with some variables, a selector and perhaps tolerations.
rc::Gen<Json> specification() {
  return rc::gen::exec([] {
    Json env = Json::array();
    for (const char* name : {"A", "B", "C", "D"}) {
      if (*rc::gen::arbitrary<bool>()) env.push_back(variable(name, std::to_string(*rc::gen::inRange(0, 3))));
    }
    Json pod = pod_with(env);
    if (*rc::gen::arbitrary<bool>()) pod["nodeSelector"] = {{"pool", std::to_string(*rc::gen::inRange(0, 3))}};
    if (*rc::gen::arbitrary<bool>())
      pod["tolerations"] = Json::array({Json{{"key", std::to_string(*rc::gen::inRange(0, 3))}}});
    return pod;
  });
}

// Whether `whole` has all that `part` says; lists of the chart may have more elements behind.
bool says_all(const Json& whole, const Json& part) {
  if (part.is_object()) {
    for (const auto& [key, value] : part.items()) {
      if (!whole.contains(key) || !says_all(whole[key], value)) return false;
    }
    return true;
  }
  if (!part.is_array()) return whole == part;
  if (whole.size() < part.size()) return false;
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (!says_all(whole[i], part[i])) return false;
  }
  return true;
}

RC_GTEST_PROP(ThreeWayMerge, WithoutDriftTheNewManifestIsTheResult, ()) {
  const Json original = *specification();
  const Json modified = *specification();
  RC_ASSERT(three_way_merge(original, modified, original) == modified);
  RC_ASSERT(three_way_merge(original, modified, original, MergeKind::json) == modified);
}

RC_GTEST_PROP(ThreeWayMerge, WhatTheChartSetsIsSetWhateverTheDrift, ()) {
  const Json original = *specification();
  const Json modified = *specification();
  const Json current = *specification();
  RC_ASSERT(says_all(three_way_merge(original, modified, current), modified));
}

RC_GTEST_PROP(ThreeWayMerge, AnUnchangedManifestTakesNothingOfOthersAway, ()) {
  const Json chart = *specification();
  const Json current = *specification();
  const Json merged = three_way_merge(chart, chart, current);
  for (const Json& added : current["containers"][0]["env"]) {
    const auto same_name = [&](const Json& mine) { return mine["name"] == added["name"]; };
    const Json& env = merged["containers"][0]["env"];
    RC_ASSERT(std::ranges::any_of(env, same_name));
  }
  RC_ASSERT(!current.contains("nodeSelector") || merged.contains("nodeSelector"));
}

RC_GTEST_PROP(ThreeWayMerge, ASecondTimeChangesNothing, ()) {
  const Json original = *specification();
  const Json modified = *specification();
  const Json once = three_way_merge(original, modified, *specification());
  RC_ASSERT(three_way_merge(modified, modified, once) == once);
}

}  // namespace
}  // namespace barnacle
