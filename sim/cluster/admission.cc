#include "sim/cluster/admission.h"

#include <algorithm>
#include <array>

#include "sim/cluster/access.h"
#include "sim/cluster/api_error.h"
#include "sim/cluster/json_read.h"

namespace barnacle {
namespace {

constexpr std::array<std::string_view, 4> kNotOfTheBody{"status", "metadata", "apiVersion", "kind"};

using Refusal = std::optional<ApiError>;

std::string dump(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

Refusal check_namespace(const Cluster& cluster, const Object& object) {
  if (!is_namespaced(object.kind)) return std::nullopt;
  const ObjectPtr& ns = cluster.find(Kind::namespace_, "", object.namespace_);
  if (!ns) return not_found(Kind::namespace_, object.namespace_).error();
  if (!ns->deletion_time) return std::nullopt;
  return forbidden(object.kind, object.name,
                   "unable to create new content in namespace " + object.namespace_ + " because it is being terminated")
      .error();
}

Refusal check_workload(const Object& object) {
  const BodyViews& views = views_of(object);
  if (!views.pod_template) return std::nullopt;
  if (object.kind == Kind::job && views.pod_template->spec->restart_policy == "Always") {
    return invalid(object.kind, object.name,
                   "spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\"")
        .error();
  }
  if (object.kind != Kind::daemon_set || includes(views.pod_template->labels, views.match_labels)) return std::nullopt;
  return invalid(object.kind, object.name,
                 "spec.template.metadata.labels: Invalid value: " + dump(Json(*views.pod_template->labels)) +
                     ": `selector` does not match template `labels`")
      .error();
}

// The RuntimeClass admission: a pod of a class runs where the class says, and an unknown class is refused.
Refusal apply_runtime_class(const Cluster& cluster, Object& pod) {
  const BodyViews& views = views_of(pod);
  if (!views.pod || views.pod->runtime_class.empty()) return std::nullopt;
  const ObjectPtr& runtime_class = cluster.find(Kind::runtime_class, "", views.pod->runtime_class);
  if (!runtime_class) {
    return forbidden(Kind::pod, pod.name, "pod rejected: RuntimeClass \"" + views.pod->runtime_class + "\" not found")
        .error();
  }
  const Json& scheduling = at(runtime_class->json(), "scheduling");
  if (!scheduling.is_object()) return std::nullopt;
  Json body = pod.json();
  for (const auto& [key, value] : views_of(*runtime_class).runtime_node_selector) {
    const auto own = views.pod->node_selector.find(key);
    if (own != views.pod->node_selector.end() && own->second != value) {
      return forbidden(Kind::pod, pod.name,
                       "conflict: runtimeClass.scheduling.nodeSelector[" + key + "] = " + value +
                           "; pod.spec.nodeSelector[" + key + "] = " + own->second)
          .error();
    }
    body["spec"]["nodeSelector"][key] = value;
  }
  for (const Json& toleration : elements_at(scheduling, "tolerations"))
    body["spec"]["tolerations"].push_back(toleration);
  pod.body = make_body(std::move(body));
  return std::nullopt;
}

Refusal admit_pod(const Cluster& cluster, Object& pod) {
  const PodSpec* spec = pod_spec_of(pod);
  if (spec == nullptr) return invalid(Kind::pod, pod.name, "spec.containers: Required value").error();
  if (!service_account_lives(cluster, pod.namespace_, spec->service_account)) {
    return forbidden(Kind::pod, pod.name,
                     "error looking up service account " + pod.namespace_ + "/" + spec->service_account +
                         ": serviceaccount \"" + spec->service_account + "\" not found")
        .error();
  }
  return apply_runtime_class(cluster, pod);
}

struct Fixed {
  Kind kind;
  const char* table;  // null: at the top of the body
  const char* field;
  const char* why;
};
constexpr std::array<Fixed, 7> kFixed{{
    {Kind::daemon_set, "spec", "selector", "field is immutable"},
    {Kind::job, "spec", "selector", "field is immutable"},
    {Kind::job, "spec", "template", "field is immutable"},
    {Kind::job, "spec", "completions", "field is immutable"},
    {Kind::runtime_class, nullptr, "handler", "field is immutable"},
    {Kind::cluster_role_binding, nullptr, "roleRef", "cannot change roleRef"},
    {Kind::role_binding, nullptr, "roleRef", "cannot change roleRef"},
}};

}  // namespace

bool is_clean(const Json& body) {
  return body.is_object() &&
         std::ranges::none_of(kNotOfTheBody, [&](std::string_view key) { return body.contains(key); });
}

BodyPtr cleaned_body(const BodyPtr& body) {
  if (body && body->clean) return body;
  static const BodyPtr kEmpty = make_body(Json::object());
  if (!body || !body->json.is_object()) return kEmpty;
  Json json = body->json;
  for (const std::string_view key : kNotOfTheBody) json.erase(std::string(key));
  return make_body(std::move(json));
}

std::optional<ApiError> admit(const Cluster& cluster, Object& object) {
  if (object.name.empty())
    return invalid(object.kind, object.name, "metadata.name: Required value: name or generateName is required").error();
  if (Refusal refusal = check_namespace(cluster, object)) return refusal;
  if (const ObjectPtr& stored = cluster.find(object.kind, object.namespace_, object.name)) {
    ApiError error = already_exists(object.kind, object.name).error();
    if (stored->deletion_time) error.message.insert(0, "object is being deleted: ");
    return error;
  }
  if (object.kind == Kind::pod) return admit_pod(cluster, object);
  return check_workload(object);
}

std::optional<ApiError> admit_change(const Object& stored, const Object& changed) {
  if (stored.body->hash == changed.body->hash) return std::nullopt;
  for (const Fixed& fixed : kFixed) {
    if (fixed.kind != stored.kind) continue;
    const Json& before = at(fixed.table == nullptr ? stored.json() : at(stored.json(), fixed.table), fixed.field);
    const Json& after = at(fixed.table == nullptr ? changed.json() : at(changed.json(), fixed.table), fixed.field);
    if (before == after) continue;
    const std::string path = fixed.table == nullptr ? fixed.field : std::string(fixed.table) + "." + fixed.field;
    return invalid(stored.kind, stored.name, path + ": Invalid value: " + dump(after) + ": " + fixed.why).error();
  }
  if (stored.kind == Kind::pod) {
    return invalid(Kind::pod, stored.name, "spec: Forbidden: pod updates may not change fields of a running pod's spec")
        .error();
  }
  return check_workload(changed);
}

}  // namespace barnacle
