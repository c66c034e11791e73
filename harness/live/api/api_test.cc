// The API server without its clients: what it says of itself, and how it answers requests, good and bad ones.
#include <gtest/gtest.h>

#include "harness/live/api/handler.h"
#include "sim/cluster/json_read.h"

namespace barnacle {
namespace {

constexpr const char* kDaemonSets = "/apis/apps/v1/namespaces/kube-system/daemonsets";
constexpr const char* kApply = "application/apply-patch+yaml";

std::string bytes(std::initializer_list<int> values) { return {values.begin(), values.end()}; }

// One field of a protobuf message.
std::string field(int number, const std::string& value) {
  return bytes({number << 3 | 2, static_cast<int>(value.size())}) + value;
}

class Api : public testing::Test {
 protected:
  Api() {
    cluster.now = 1'740'000'000;
    cluster.notes_managers = true;
    cluster.add_node("node-a", "containerd://2.0.4", {{"kubernetes.io/hostname", "node-a"}});
  }

  struct Answer {
    int status;
    Json body;
    std::string type;
    std::string message() const { return text_at(body, "message"); }
  };

  Answer ask(const std::string& method, const std::string& target, const std::string& body = "",
             const std::string& type = "application/json", const std::string& accept = "application/json") {
    ApiRequest request = parse_target(target);
    request.method = method;
    request.body = body;
    request.content_type = type;
    request.accept = accept;
    request.user_agent = "curl/7.88";
    const ApiResponse response = handle(cluster, request);
    return {response.status, Json::parse(response.body), response.content_type};
  }
  Answer get(const std::string& target) { return ask("GET", target); }
  Answer post(const std::string& target, const Json& object) { return ask("POST", target, object.dump()); }

  static Json daemon_set(const std::string& name, Json labels = {{"app", "tug"}}) {
    const Json pod = {{"metadata", {{"labels", {{"app", "tug"}}}}},
                      {"spec", {{"containers", {{{"name", "main"}, {"image", "tug:1"}}}}}}};
    return {{"apiVersion", "apps/v1"},
            {"kind", "DaemonSet"},
            {"metadata", {{"name", name}, {"labels", labels}}},
            {"spec", {{"selector", {{"matchLabels", {{"app", "tug"}}}}}, {"template", pod}}}};
  }
  std::vector<std::string> names(const Answer& answer) {
    std::vector<std::string> found;
    for (const Json& item : answer.body["items"]) found.push_back(item["metadata"]["name"]);
    return found;
  }

  Cluster cluster;
};

using Names = std::vector<std::string>;

// --- what it says of itself ---

TEST_F(Api, TellsItsVersionAndGroups) {
  EXPECT_EQ(get("/version").body["gitVersion"], "v1.32.3");
  EXPECT_EQ(get("/api").body["versions"], Json({"v1"}));
  Names groups;
  const Json list = get("/apis").body;
  for (const Json& group : list["groups"]) groups.push_back(group["name"]);
  EXPECT_EQ(groups, (Names{"apiextensions.k8s.io", "apps", "batch", "node.k8s.io", "rbac.authorization.k8s.io"}));
  const Json apps = get("/apis/apps/v1").body;
  EXPECT_EQ(apps["groupVersion"], "apps/v1");
  EXPECT_EQ(apps["resources"][0]["name"], "daemonsets");
  EXPECT_EQ(apps["resources"][0]["shortNames"], Json({"ds"}));
}

TEST_F(Api, AggregatesDiscoveryForWhoAsksForIt) {
  const auto answer = ask("GET", "/apis?timeout=32s", "", "",
                          "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json");
  EXPECT_EQ(answer.type, "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
  EXPECT_EQ(answer.body["kind"], "APIGroupDiscoveryList");
  EXPECT_EQ(answer.body["items"].size(), 5U);
  const Json core = ask("GET", "/api", "", "", "application/json;g=apidiscovery.k8s.io;v=v2;as=X").body;
  EXPECT_EQ(core["items"].size(), 1U);
}

TEST_F(Api, OffersFieldValidationInItsOpenapi) {
  const Json index = get("/openapi/v3").body;
  const std::string url = index["paths"]["apis/apps/v1"]["serverRelativeURL"];
  const Json document = get(url).body;
  const Json patch = document["paths"]["/apis/apps/v1/namespaces/{namespace}/daemonsets/{name}"]["patch"];
  EXPECT_EQ(patch["parameters"][0]["name"], "fieldValidation");
  EXPECT_EQ(patch["x-kubernetes-group-version-kind"]["kind"], "DaemonSet");
  EXPECT_EQ(get("/openapi/v2").status, 404) << "clients then use their own types";
}

// --- objects ---

TEST_F(Api, CreatesReadsListsAndDeletes) {
  const auto made = post(kDaemonSets, daemon_set("tug"));
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.body["metadata"]["namespace"], "kube-system");
  EXPECT_FALSE(text_at(made.body["metadata"], "uid").empty());
  EXPECT_EQ(post(kDaemonSets, daemon_set("tug")).message(), "daemonsets.apps \"tug\" already exists");
  EXPECT_EQ(get(std::string(kDaemonSets) + "/tug").body["spec"]["template"]["spec"]["containers"][0]["image"], "tug:1");
  const auto list = get(kDaemonSets);
  EXPECT_EQ(list.body["kind"], "DaemonSetList");
  EXPECT_EQ(names(list), (Names{"tug"}));
  EXPECT_FALSE(text_at(list.body["metadata"], "resourceVersion").empty()) << "a watch begins there";
  const auto gone = ask("DELETE", std::string(kDaemonSets) + "/tug", R"({"propagationPolicy":"Background"})");
  EXPECT_EQ(gone.body["status"], "Success");
  const auto missing = get(std::string(kDaemonSets) + "/tug");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(missing.body["kind"], "Status");
  EXPECT_EQ(missing.body["reason"], "NotFound");
  EXPECT_EQ(missing.message(), "daemonsets.apps \"tug\" not found");
}

TEST_F(Api, SelectsByLabelsAndByName) {
  post(kDaemonSets, daemon_set("blue", {{"owner", "helm"}, {"name", "blue"}}));
  post(kDaemonSets, daemon_set("red", {{"owner", "helm"}, {"name", "red"}}));
  post(kDaemonSets, daemon_set("other", {{"owner", "flux"}}));
  EXPECT_EQ(names(get(std::string(kDaemonSets) + "?labelSelector=owner%3Dhelm")), (Names{"blue", "red"}));
  EXPECT_EQ(names(get(std::string(kDaemonSets) + "?labelSelector=owner%3Dhelm%2Cname%3D%3Dred")), (Names{"red"}));
  EXPECT_EQ(names(get(std::string(kDaemonSets) + "?fieldSelector=metadata.name%3Dother&limit=500")), (Names{"other"}));
  EXPECT_EQ(names(get("/apis/apps/v1/daemonsets")).size(), 3U) << "of all namespaces";
  EXPECT_EQ(get(std::string(kDaemonSets) + "?labelSelector=owner%21%3Dhelm").status, 400)
      << "refused rather than misread";
}

TEST_F(Api, PatchesByMergeAndByStrategicMerge) {
  post(kDaemonSets, daemon_set("tug"));
  const std::string target = std::string(kDaemonSets) + "/tug";
  const auto labelled = ask("PATCH", target + "?fieldManager=kubectl-label",
                            R"({"metadata":{"labels":{"app":null,"team":"blue"}}})", "application/merge-patch+json");
  EXPECT_EQ(labelled.body["metadata"]["labels"], Json({{"team", "blue"}}));
  const auto patched =
      ask("PATCH", target,
          R"({"spec":{"template":{"spec":{"containers":[{"name":"main","env":[{"name":"A","value":"1"}]}]}}}})",
          "application/strategic-merge-patch+json");
  const Json container = patched.body["spec"]["template"]["spec"]["containers"][0];
  EXPECT_EQ(container["image"], "tug:1") << "the element is merged by its name";
  EXPECT_EQ(container["env"][0]["value"], "1");
  const auto unknown = ask("PATCH", target, "[]", "application/json-patch+json");
  EXPECT_EQ(unknown.status, 415);
  EXPECT_TRUE(unknown.message().starts_with("the body of the request was in an unknown format")) << unknown.message();
}

TEST_F(Api, ADryRunChangesNothing) {
  EXPECT_EQ(post(std::string(kDaemonSets) + "?dryRun=All", daemon_set("tug")).status, 201);
  EXPECT_EQ(get(std::string(kDaemonSets) + "/tug").status, 404);
}

TEST_F(Api, ReadsSecretsInProtobuf) {
  const std::string metadata = field(1, "sh.helm.release.v1.tug.v1") + field(11, field(1, "owner") + field(2, "helm"));
  const std::string secret =
      field(1, metadata) + field(2, field(1, "release") + field(2, "H4sI")) + field(3, "helm.sh/other");
  const std::string type = field(1, "v1") + field(2, "Secret");
  const std::string body = std::string("k8s\0", 4) + field(1, type) + field(2, secret);
  const std::string secrets = "/api/v1/namespaces/kube-system/secrets";
  const auto made = ask("POST", secrets, body, "application/vnd.kubernetes.protobuf");
  ASSERT_EQ(made.status, 201) << made.message();
  const Json stored = get(secrets + "/sh.helm.release.v1.tug.v1").body;
  EXPECT_EQ(stored["data"]["release"], "SDRzSQ==");
  EXPECT_EQ(stored["metadata"]["labels"]["owner"], "helm");
  EXPECT_EQ(ask("POST", secrets, body.substr(0, body.size() - 3), "application/vnd.kubernetes.protobuf").status, 400);
}

// --- who may do what ---

TEST_F(Api, AnAccountIsAPrefixOfThePath) {
  const std::string as = "/_as/system:serviceaccount:kube-system:tug-sa";
  EXPECT_EQ(get(as + "/api/v1/nodes/node-a").status, 401) << "there is no such account";
  post("/api/v1/namespaces/kube-system/serviceaccounts", {{"metadata", {{"name", "tug-sa"}}}});
  const auto refused = get(as + "/api/v1/nodes/node-a");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.message(),
            "nodes \"node-a\" is forbidden: User \"system:serviceaccount:kube-system:tug-sa\" cannot get resource "
            "\"nodes\" in API group \"\" at the cluster scope");
  const std::string rbac = "/apis/rbac.authorization.k8s.io/v1";
  post(rbac + "/clusterroles", {{"metadata", {{"name", "tug"}}},
                                {"rules", {{{"apiGroups", {""}}, {"resources", {"nodes"}}, {"verbs", {"get"}}}}}});
  post(rbac + "/clusterrolebindings",
       {{"metadata", {{"name", "tug"}}},
        {"roleRef", {{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "ClusterRole"}, {"name", "tug"}}},
        {"subjects", {{{"kind", "ServiceAccount"}, {"name", "tug-sa"}, {"namespace", "kube-system"}}}}});
  EXPECT_EQ(get(as + "/api/v1/nodes/node-a").status, 200);
  EXPECT_EQ(ask("PATCH", as + "/api/v1/nodes/node-a", "{}", "application/merge-patch+json").status, 403);
  EXPECT_EQ(get("/_as/system:serviceaccount:kube-system/api/v1/nodes").status, 401) << "half a name is nobody";
}

// --- server-side apply ---

TEST_F(Api, AppliesAndTellsWhoOwnsWhat) {
  const std::string target = std::string(kDaemonSets) + "/tug?fieldManager=helm&force=false";
  EXPECT_EQ(ask("PATCH", target, daemon_set("tug").dump(), kApply).status, 201);
  const auto again = ask("PATCH", target, daemon_set("tug").dump(), kApply);
  EXPECT_EQ(again.status, 200);
  const Json managed = again.body["metadata"]["managedFields"];
  ASSERT_EQ(managed.size(), 1U);
  EXPECT_EQ(managed[0]["manager"], "helm");
  EXPECT_EQ(managed[0]["operation"], "Apply");
  EXPECT_EQ(managed[0]["fieldsV1"]["f:metadata"], Json::parse(R"({"f:labels":{"f:app":{}}})"));
}

TEST_F(Api, AConflictIs409UntilItIsForced) {
  post(kDaemonSets, daemon_set("tug"));
  Json other = daemon_set("tug");
  other["spec"]["template"]["spec"]["containers"][0]["image"] = "tug:2";
  const std::string target = std::string(kDaemonSets) + "/tug?fieldManager=helm";
  const auto refused = ask("PATCH", target + "&force=false", other.dump(), kApply);
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.body["reason"], "Conflict");
  EXPECT_EQ(refused.message(),
            "Apply failed with 1 conflict: conflict with \"curl\" using apps/v1: "
            ".spec.template.spec.containers[name=\"main\"].image");
  EXPECT_EQ(ask("PATCH", target + "&force=true", other.dump(), kApply).status, 200);
}

TEST_F(Api, AnApplyNeedsAManagerAndItsOwnName) {
  const std::string target = std::string(kDaemonSets) + "/tug";
  const auto nobody = ask("PATCH", target, daemon_set("tug").dump(), kApply);
  EXPECT_EQ(nobody.status, 422);
  EXPECT_TRUE(nobody.message().ends_with("fieldManager: Required value: is required for apply patch"));
  EXPECT_EQ(ask("PATCH", target + "?fieldManager=helm", daemon_set("other").dump(), kApply).status, 400);
  EXPECT_EQ(ask("PATCH", target + "?fieldManager=helm", "a: [1", kApply).status, 400);
}

// --- what is no good request ---

TEST_F(Api, UnknownPathsGetTheStatusOfARealServer) {
  for (const char* path : {"/apis/example.com/v1/tugs", "/api/v1/namespaces/kube-system/tugs", "/", "/healthz",
                           "/apis/apps/v1/namespaces/kube-system/daemonsets/tug/status/more"}) {
    const auto answer = get(path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(answer.body["kind"], "Status") << path;
    EXPECT_EQ(answer.message(), "the server could not find the requested resource") << path;
  }
  EXPECT_EQ(ask("PUT", kDaemonSets, "{}").status, 405);
}

TEST_F(Api, BadBodiesAreRefused) {
  for (const char* body : {"", "{", "[]", "7", "\"text\"", "{\"metadata\": 3}", "\xff\xfe"}) {
    const int status = ask("POST", kDaemonSets, body).status;
    EXPECT_TRUE(status == 400 || status == 422) << body << ": " << status;
  }
  EXPECT_TRUE(names(get(kDaemonSets)).empty());
}

// --- watching ---

TEST_F(Api, KnowsAWatchAndWhereItBegins) {
  ApiRequest request =
      parse_target(std::string(kDaemonSets) + "?watch=true&resourceVersion=17&fieldSelector=metadata.name%3Dtug");
  request.method = "GET";
  const auto watch = watch_of(request);
  ASSERT_TRUE(watch);
  EXPECT_EQ(watch->kind, Kind::daemon_set);
  EXPECT_EQ(watch->name, "tug");
  EXPECT_EQ(watch->from, 17U);
  EXPECT_FALSE(watch->initial_events);
  request.query["sendInitialEvents"] = "true";
  EXPECT_TRUE(watch_of(request)->initial_events);
  request.method = "POST";
  EXPECT_FALSE(watch_of(request));
}

}  // namespace
}  // namespace barnacle
