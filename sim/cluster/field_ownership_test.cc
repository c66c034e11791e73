// Server-side apply: who owns a field, who may change it, and what goes when nobody states it any more.
#include "sim/cluster/field_ownership.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/cluster/cluster_test_support.h"

namespace barnacle {
namespace {

using testing_support::Json;
using testing_support::make;
using testing_support::must;

const Account kHelmClient{.namespace_ = {}, .name = {}, .manager = "helm"};
const Account kOperator{.namespace_ = {}, .name = {}, .manager = "kubectl-edit"};

// A cluster whose server notes who writes, and one DaemonSet that Helm applies.
struct Field {
  Cluster cluster;

  Field() { cluster.notes_managers = true; }

  static Object agent(Json spec, Strings labels = {}) {
    spec["template"]["metadata"]["labels"]["name"] = "agent";
    return make(Kind::daemon_set, "kube-system", "agent", {{"spec", std::move(spec)}}, std::move(labels));
  }
  static Json container(Json env = Json::array()) {
    return {{"template", {{"spec", {{"containers", {{{"name", "main"}, {"image", "agent:1"}, {"env", env}}}}}}}}};
  }
  static Json variable(const std::string& name, const std::string& value) { return {{"name", name}, {"value", value}}; }

  ApiResult<ObjectPtr> apply(Json spec, const Account& who = kHelmClient, bool force = false, Strings labels = {}) {
    return cluster.apply(who, agent(std::move(spec), std::move(labels)), force);
  }
  ObjectPtr edit(const Json& patch, const Account& who = kOperator) {
    return must(cluster.strategic_merge_patch(who, Kind::daemon_set, "kube-system", "agent", patch));
  }
  ObjectPtr agent_now() const { return cluster.find(Kind::daemon_set, "kube-system", "agent"); }
  Json spec() const { return agent_now()->json()["spec"]; }
  // "helm: {…FieldsV1…}"
  Json fields_of_manager(const std::string& manager) const {
    for (const FieldOwner& owner : *agent_now()->field_owners) {
      if (owner.manager == manager) return owner.fields;
    }
    return nullptr;
  }
};

TEST(FieldOwnership, WhoAppliesOwnsWhatHeStatesAndNothingElse) {
  Field field;
  must(field.apply({{"minReadySeconds", 5}, {"updateStrategy", {{"type", "OnDelete"}}}}));
  EXPECT_EQ(field.fields_of_manager("helm"),
            Json::parse(R"({"f:spec": {"f:minReadySeconds": {}, "f:updateStrategy": {"f:type": {}},
                            "f:template": {"f:metadata": {"f:labels": {"f:name": {}}}}}})"));
}

TEST(FieldOwnership, ElementsOfAListAreKnownByTheirKeys) {
  Field field;
  must(field.apply(Field::container(Json::array({Field::variable("DEBUG", "false")}))));
  EXPECT_EQ(field.fields_of_manager("helm")["f:spec"]["f:template"]["f:spec"],
            Json::parse(R"({"f:containers": {"k:{\"name\":\"main\"}": {".": {}, "f:name": {}, "f:image": {},
                            "f:env": {"k:{\"name\":\"DEBUG\"}": {".": {}, "f:name": {}, "f:value": {}}}}}})"));
}

TEST(FieldOwnership, AnotherHandsChangeOfAnAppliedFieldIsAConflict) {
  Field field;
  must(field.apply({{"minReadySeconds", 5}}));
  field.edit({{"spec", {{"minReadySeconds", 9}}}});
  const auto refused = field.apply({{"minReadySeconds", 5}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, 409);
  EXPECT_EQ(refused.error().reason, "Conflict");
  EXPECT_EQ(refused.error().message,
            "Apply failed with 1 conflict: conflict with \"kubectl-edit\" using apps/v1: .spec.minReadySeconds");
  EXPECT_EQ(field.spec()["minReadySeconds"], 9) << "nothing is written";
}

TEST(FieldOwnership, ConflictsAreListedByManager) {
  Field field;
  must(field.apply(Field::container(Json::array({Field::variable("DEBUG", "false")}))));
  field.edit(Json::parse(R"({"spec": {"template": {"spec": {"containers": [
      {"name": "main", "image": "agent:2", "env": [{"name": "DEBUG", "value": "true"}]}]}}}})"));
  must(field.apply({{"minReadySeconds", 5}}, {.namespace_ = {}, .name = {}, .manager = "flux"}));
  Json wanted = Field::container(Json::array({Field::variable("DEBUG", "false")}));
  wanted["minReadySeconds"] = 6;
  const auto refused = field.apply(wanted);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "Apply failed with 3 conflicts: conflicts with \"flux\":\n"
            "- .spec.minReadySeconds\n"
            "conflicts with \"kubectl-edit\" using apps/v1:\n"
            "- .spec.template.spec.containers[name=\"main\"].image\n"
            "- .spec.template.spec.containers[name=\"main\"].env[name=\"DEBUG\"].value");
}

TEST(FieldOwnership, ForceTakesTheFieldFromItsOwner) {
  Field field;
  must(field.apply({{"minReadySeconds", 5}}));
  field.edit({{"spec", {{"minReadySeconds", 9}}}});
  must(field.apply({{"minReadySeconds", 5}}, kHelmClient, true));
  EXPECT_EQ(field.spec()["minReadySeconds"], 5);
  EXPECT_EQ(field.fields_of_manager("kubectl-edit"), nullptr) << "it has nothing left";
  EXPECT_TRUE(field.apply({{"minReadySeconds", 6}})) << "and no conflict remains";
}

TEST(FieldOwnership, WhoStatesTheSameValueSharesTheField) {
  Field field;
  const Account flux{.namespace_ = {}, .name = {}, .manager = "flux"};
  must(field.apply({{"minReadySeconds", 5}, {"revisionHistoryLimit", 2}}));
  must(field.apply({{"minReadySeconds", 5}}, flux));
  must(field.apply({{"revisionHistoryLimit", 2}}));
  EXPECT_EQ(field.spec()["minReadySeconds"], 5) << "Helm states it no longer, but flux does";
  must(field.apply(Json::object(), flux));
  EXPECT_FALSE(field.spec().contains("minReadySeconds")) << "now nobody does";
}

TEST(FieldOwnership, WhatIsNoLongerStatedGoesAndWhatOthersAddedStays) {
  Field field;
  must(field.apply(Field::container(Json::array({Field::variable("DEBUG", "false"), Field::variable("OLD", "1")})),
                   kHelmClient, false, {{"team", "blue"}}));
  field.edit(Json::parse(R"({"metadata": {"labels": {"operator.example/team": "red"}},
      "spec": {"template": {"spec": {"containers": [{"name": "main", "env": [{"name": "PROXY", "value": "x"}]}]}}}})"));
  must(field.apply(Field::container(Json::array({Field::variable("DEBUG", "true")}))));
  const Json env = field.spec()["template"]["spec"]["containers"][0]["env"];
  EXPECT_EQ(env, Json::array({Field::variable("DEBUG", "true"), Field::variable("PROXY", "x")}));
  EXPECT_EQ(field.agent_now()->labels, (Strings{{"operator.example/team", "red"}}));
}

TEST(FieldOwnership, ApplyingTheSameAgainChangesNothing) {
  Field field;
  const ObjectPtr first = must(field.apply(Field::container()));
  EXPECT_EQ(must(field.apply(Field::container())), first);
}

TEST(FieldOwnership, WhatWasThereBeforeTheFirstApplyHasAnOwnerToo) {
  Field field;
  field.cluster.notes_managers = false;
  must(field.cluster.create({}, Field::agent({{"minReadySeconds", 9}})));
  const auto refused = field.apply({{"minReadySeconds", 5}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "Apply failed with 1 conflict: conflict with \"before-first-apply\" using apps/v1: .spec.minReadySeconds");
}

// Helm 3 creates and patches: what it writes is its own by way of update, and a second apply meets it there.
TEST(FieldOwnership, WhoCreatesOwnsAllOfIt) {
  Field field;
  must(field.cluster.create(kHelmClient, Field::agent({{"minReadySeconds", 9}})));
  const auto refused = field.apply({{"minReadySeconds", 5}}, {.namespace_ = {}, .name = {}, .manager = "flux"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "Apply failed with 1 conflict: conflict with \"helm\" using apps/v1: .spec.minReadySeconds");
}

TEST(FieldOwnership, AnAccountNeedsTheRightToPatchAndToCreate) {
  Field field;
  const Account stranger{.namespace_ = "kube-system", .name = "nobody", .manager = "kubectl"};
  const auto refused = field.apply({{"minReadySeconds", 5}}, stranger);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, 401);
  EXPECT_EQ(field.agent_now(), nullptr);
}

// A table that was applied empty is its owner's like any other value; what is put into it later is no conflict with it.
TEST(FieldOwnership, AnEmptyTableMayBeFilledLater) {
  const auto empty = apply_fields(Json::object(), {}, {{"spec", Json::object()}}, "helm", false, 0);
  ASSERT_TRUE(empty.has_value());
  EXPECT_EQ(empty->document.dump(), R"({"spec":{}})");
  const Json filled{{"spec", {{"table", {{"key", 0}}}}}};
  const auto later = apply_fields(empty->document, empty->owners, filled, "helm", false, 0);
  ASSERT_TRUE(later.has_value());
  EXPECT_EQ(later->document.dump(), filled.dump());
}

Json any_document() {
  Json spec = Json::object();
  for (const char* key : {"a", "b", "c"}) {
    if (*rc::gen::arbitrary<bool>()) spec[key] = *rc::gen::inRange(0, 3);
  }
  for (const char* name : {"x", "y"}) {
    if (*rc::gen::arbitrary<bool>()) spec["env"].push_back({{"name", name}, {"value", *rc::gen::inRange(0, 3)}});
  }
  if (*rc::gen::arbitrary<bool>()) spec["table"]["key"] = *rc::gen::inRange(0, 3);
  return {{"spec", spec}};
}

// Whoever is alone with an object has exactly what he applied last.
RC_GTEST_PROP(FieldOwnershipLaw, TheLastApplyOfALoneManagerCounts, ()) {
  Applied now{Json::object(), {}};
  Json last;
  for (int round = *rc::gen::inRange(1, 5); round > 0; --round) {
    last = any_document();
    const auto applied = apply_fields(now.document, now.owners, last, "helm", false, 0);
    RC_ASSERT(applied.has_value());
    now = *applied;
  }
  if (last["spec"].empty() && !now.document.contains("spec")) last.erase("spec");
  RC_ASSERT(now.document == last);
}

// With force nobody is refused; afterwards the applied values are there, and a second apply finds nothing to do.
RC_GTEST_PROP(FieldOwnershipLaw, ForceAlwaysGetsItsWay, ()) {
  const Json before = any_document();
  const FieldOwners owners = owners_after_write({}, nullptr, before, "kubectl-edit", 0);
  const Json wanted = any_document();
  const auto forced = apply_fields(before, owners, wanted, "helm", true, 0);
  RC_ASSERT(forced.has_value());
  const auto again = apply_fields(forced->document, forced->owners, wanted, "helm", false, 0);
  RC_ASSERT(again.has_value());
  RC_ASSERT(again->document == forced->document);
  RC_ASSERT(hash_of(again->owners) == hash_of(forced->owners));
}

}  // namespace
}  // namespace barnacle
