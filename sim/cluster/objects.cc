#include "sim/cluster/objects.h"

#include <algorithm>
#include <array>

#include "sim/cluster/kinds.h"
#include "sim/cluster/views.h"

namespace barnacle {
namespace {

// In the order of enum Kind.
constexpr std::array<KindFacts, kKindCount> kKinds{{
    {"Namespace", "namespaces", "ns", "", false},
    {"Node", "nodes", "no", "", false},
    {"Pod", "pods", "po", "", true},
    {"DaemonSet", "daemonsets", "ds", "apps", true},
    {"Job", "jobs", "", "batch", true},
    {"ServiceAccount", "serviceaccounts", "sa", "", true},
    {"ClusterRole", "clusterroles", "", "rbac.authorization.k8s.io", false},
    {"ClusterRoleBinding", "clusterrolebindings", "", "rbac.authorization.k8s.io", false},
    {"Role", "roles", "", "rbac.authorization.k8s.io", true},
    {"RoleBinding", "rolebindings", "", "rbac.authorization.k8s.io", true},
    {"RuntimeClass", "runtimeclasses", "", "node.k8s.io", false},
    {"ConfigMap", "configmaps", "cm", "", true},
    {"Secret", "secrets", "", "", true},
    {"CustomResourceDefinition", "customresourcedefinitions", "crd", "apiextensions.k8s.io", false},
}};

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return lower;
}

bool is_called(const KindFacts& kind, std::string_view name) {
  return name == kind.resource || name == lower_case(kind.name) ||
         (!kind.short_name.empty() && name == kind.short_name) || (kind.short_name == "crd" && name == "crds");
}

}  // namespace

const KindFacts& facts(Kind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

std::string api_version(Kind kind) {
  const std::string group(facts(kind).group);
  return group.empty() ? "v1" : group + "/v1";
}

std::string_view kind_name(Kind kind) { return facts(kind).name; }
std::string_view resource_name(Kind kind) { return facts(kind).resource; }
bool is_namespaced(Kind kind) { return facts(kind).namespaced; }

TemplateHash::TemplateHash(Hash128 hash) { std::ranges::copy(to_hex(hash).substr(0, digits_.size()), digits_.begin()); }

std::optional<Kind> kind_from_name(std::string_view name) {
  const std::string lower = lower_case(name);
  // "daemonsets.apps" names the group as well, which must then be the right one.
  const std::size_t dot = lower.find('.');
  const std::string_view stem = std::string_view(lower).substr(0, dot);
  for (std::size_t index = 0; index < kKinds.size(); ++index) {
    if (!is_called(kKinds[index], stem)) continue;
    if (dot != std::string::npos && std::string_view(lower).substr(dot + 1) != kKinds[index].group) return std::nullopt;
    return static_cast<Kind>(index);
  }
  return std::nullopt;
}

BodyPtr make_body(nlohmann::json json, const BodyPtr& before) {
  auto body = std::make_shared<Body>();
  body->json = std::move(json);
  body->hash = hash_of_json(body->json);
  body->views = read_views(body->json, before ? before->views.get() : nullptr);
  return body;
}

nlohmann::json Object::document() const {
  nlohmann::json document = body->json;
  if (!labels.empty()) document["metadata"]["labels"] = *labels;
  if (!annotations.empty()) document["metadata"]["annotations"] = *annotations;
  return document;
}

std::string describe(const Object& object) {
  std::string text(kind_name(object.kind));
  text += ' ';
  if (!object.namespace_.empty()) text += object.namespace_ + '/';
  return text + object.name;
}

}  // namespace barnacle
