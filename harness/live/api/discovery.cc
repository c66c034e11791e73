#include "harness/live/api/discovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <vector>

#include "harness/live/api/wire_object.h"
#include "sim/base/text.h"
#include "sim/cluster/json_read.h"
#include "sim/cluster/kinds.h"

namespace barnacle {
namespace {

constexpr int kKinds = static_cast<int>(Kind::custom_resource_definition) + 1;
const Json kVerbs = {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"};

std::vector<Kind> kinds_of(std::string_view group) {
  std::vector<Kind> kinds;
  for (int index = 0; index < kKinds; ++index) {
    const auto kind = static_cast<Kind>(index);
    if (facts(kind).group == group) kinds.push_back(kind);
  }
  return kinds;
}

std::set<std::string> groups() {
  std::set<std::string> names;
  for (int index = 0; index < kKinds; ++index) names.emplace(facts(static_cast<Kind>(index)).group);
  return names;
}

std::string singular(Kind kind) {
  std::string name(facts(kind).name);
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

Json short_names(Kind kind) {
  return facts(kind).short_name.empty() ? Json::array() : Json::array({facts(kind).short_name});
}

Json resource_list(const std::string& group) {
  Json resources = Json::array();
  for (const Kind kind : kinds_of(group)) {
    resources.push_back({{"name", facts(kind).resource},
                         {"singularName", singular(kind)},
                         {"namespaced", facts(kind).namespaced},
                         {"kind", facts(kind).name},
                         {"shortNames", short_names(kind)},
                         {"verbs", kVerbs}});
  }
  return {{"kind", "APIResourceList"},
          {"apiVersion", "v1"},
          {"groupVersion", group.empty() ? "v1" : group + "/v1"},
          {"resources", resources}};
}

Json group_of(const std::string& name) {
  const Json version = {{"groupVersion", name + "/v1"}, {"version", "v1"}};
  return {{"name", name}, {"versions", Json::array({version})}, {"preferredVersion", version}};
}

Json aggregated_group(const std::string& name) {
  Json resources = Json::array();
  for (const Kind kind : kinds_of(name)) {
    resources.push_back({{"resource", facts(kind).resource},
                         {"responseKind", {{"group", name}, {"version", "v1"}, {"kind", facts(kind).name}}},
                         {"scope", facts(kind).namespaced ? "Namespaced" : "Cluster"},
                         {"singularResource", singular(kind)},
                         {"shortNames", short_names(kind)},
                         {"verbs", kVerbs}});
  }
  return {{"metadata", {{"name", name}, {"creationTimestamp", nullptr}}},
          {"versions", Json::array({{{"version", "v1"}, {"resources", resources}, {"freshness", "Current"}}})}};
}

Discovery aggregated(bool core) {
  Json items = Json::array();
  for (const std::string& group : groups()) {
    if (group.empty() == core) items.push_back(aggregated_group(group));
  }
  return {{{"kind", "APIGroupDiscoveryList"},
           {"apiVersion", "apidiscovery.k8s.io/v2"},
           {"metadata", Json::object()},
           {"items", items}},
          "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"};
}

Json plain_groups() {
  Json list = Json::array();
  for (const std::string& group : groups()) {
    if (!group.empty()) list.push_back(group_of(group));
  }
  return {{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", list}};
}

std::string root_of(const std::string& group) { return group.empty() ? "api/v1" : fmt::format("apis/{}/v1", group); }

Json openapi_index() {
  Json paths = Json::object();
  for (const std::string& group : groups())
    paths[root_of(group)] = {{"serverRelativeURL", fmt::format("/openapi/v3/{}?hash=1", root_of(group))}};
  return {{"paths", paths}};
}

// No schemas: with `fieldValidation` offered, clients leave validation to the server.
Json openapi_of(const std::string& group) {
  Json paths = Json::object();
  const Json parameters = Json::array(
      {{{"name", "fieldValidation"}, {"in", "query"}, {"schema", {{"type", "string"}, {"uniqueItems", true}}}}});
  for (const Kind kind : kinds_of(group)) {
    const std::string middle = facts(kind).namespaced ? "/namespaces/{namespace}" : "";
    const Json operation = {
        {"parameters", parameters},
        {"x-kubernetes-action", "patch"},
        {"x-kubernetes-group-version-kind", {{"group", group}, {"version", "v1"}, {"kind", facts(kind).name}}}};
    paths[fmt::format("/{}{}/{}/{{name}}", root_of(group), middle, facts(kind).resource)] = {{"patch", operation}};
  }
  return {{"openapi", "3.0.0"}, {"info", {{"title", "Kubernetes"}, {"version", "v1.32.3"}}}, {"paths", paths}};
}

Json version_json() {
  return {{"major", "1"},
          {"minor", "32"},
          {"gitVersion", "v1.32.3"},
          {"platform", "linux/amd64"},
          {"gitCommit", "simulated"},
          {"compiler", "gc"},
          {"buildDate", "2025-03-11T00:00:00Z"}};
}

}  // namespace

std::optional<ResourcePath> parse_resource_path(const std::string& path) {
  const std::vector<std::string> parts = split(path, '/');
  std::size_t at = 0;
  std::string group;
  if (parts.size() >= 2 && parts[0] == "api" && parts[1] == "v1") at = 2;
  else if (parts.size() >= 3 && parts[0] == "apis" && parts[2] == "v1") {
    group = parts[1];
    at = 3;
  } else return std::nullopt;
  ResourcePath resource;
  // /namespaces/NAME alone is the namespace itself.
  if (parts.size() > at + 2 && parts[at] == "namespaces") {
    resource.namespace_ = parts[at + 1];
    at += 2;
  }
  if (parts.size() <= at) return std::nullopt;
  const auto kind = kind_from_name(parts[at]);
  if (!kind || facts(*kind).resource != parts[at] || facts(*kind).group != group) return std::nullopt;
  resource.kind = *kind;
  if (parts.size() > at + 1) resource.name = parts[at + 1];
  if (parts.size() > at + 2) resource.subresource = parts[at + 2];
  if (parts.size() > at + 3) return std::nullopt;
  return resource;
}

std::optional<Discovery> discovery(const std::string& path, const std::string& accept) {
  const bool wants_aggregated = accept.find("g=apidiscovery.k8s.io;v=v2;") != std::string::npos;
  if (path == "/version") return Discovery{version_json()};
  if (path == "/api" || path == "/apis") {
    if (wants_aggregated) return aggregated(path == "/api");
    if (path == "/apis") return Discovery{plain_groups()};
    return Discovery{{{"kind", "APIVersions"}, {"versions", {"v1"}}}};
  }
  if (path == "/openapi/v3") return Discovery{openapi_index()};
  for (const std::string& group : groups()) {
    if (path == "/" + root_of(group)) return Discovery{resource_list(group)};
    if (path == "/openapi/v3/" + root_of(group)) return Discovery{openapi_of(group)};
    if (!group.empty() && path == "/apis/" + group) {
      Json body = group_of(group);
      body["kind"] = "APIGroup";
      body["apiVersion"] = "v1";
      return Discovery{body};
    }
  }
  return std::nullopt;
}

}  // namespace barnacle
