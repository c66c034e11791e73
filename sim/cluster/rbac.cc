// Who may do what: live bindings that name a live ServiceAccount and a live role.
#include <algorithm>

#include "sim/cluster/access.h"

namespace barnacle {
namespace {

struct Request {
  const Account& who;
  std::string_view verb;
  Kind kind;
  std::string_view name;
};

bool permits(const PolicyRule& rule, const Request& request) {
  if (!rule.kinds[static_cast<std::size_t>(request.kind)]) return false;
  // Texts are compared as views: where lengths differ, nothing else is looked at.
  const auto covers = [&](std::string_view verb) { return verb == request.verb || verb == "*"; };
  if (std::ranges::none_of(rule.verbs, covers)) return false;
  return rule.names.empty() || std::ranges::find(rule.names, request.name) != rule.names.end();
}

bool means(const BindingSubject& subject, const Account& who) {
  switch (subject.kind) {
    case BindingSubject::Kind::service_account: return subject.name == who.name && subject.namespace_ == who.namespace_;
    case BindingSubject::Kind::user: return subject.name == "system:serviceaccount:" + who.namespace_ + ":" + who.name;
    case BindingSubject::Kind::group:
      return subject.name == "system:authenticated" || subject.name == "system:serviceaccounts" ||
             subject.name == "system:serviceaccounts:" + who.namespace_;
  }
  return false;
}

bool grants(const Cluster& cluster, const Object& binding, const Request& request) {
  const BodyViews& views = views_of(binding);
  if (std::ranges::none_of(views.subjects, [&](const BindingSubject& subject) { return means(subject, request.who); }))
    return false;
  const ObjectPtr& role = views.of_cluster_role ? cluster.find(Kind::cluster_role, "", views.role_name)
                                                : cluster.find(Kind::role, binding.namespace_, views.role_name);
  if (!role) return false;
  return std::ranges::any_of(views_of(*role).rules, [&](const PolicyRule& rule) { return permits(rule, request); });
}

}  // namespace

bool service_account_lives(const Cluster& cluster, std::string_view ns, std::string_view name) {
  return name.empty() || name == "default" || cluster.find(Kind::service_account, ns, name) != nullptr;
}

bool Cluster::allowed(const Account& who, std::string_view verb, Kind kind, std::string_view ns,
                      std::string_view name) const {
  if (who.administrator()) return true;
  if (!service_account_lives(*this, who.namespace_, who.name)) return false;
  const Request request{who, verb, kind, name};
  for (const ObjectPtr& binding : of_kind(Kind::cluster_role_binding)) {
    if (grants(*this, *binding, request)) return true;
  }
  if (ns.empty() || !is_namespaced(kind)) return false;
  for (const ObjectPtr& binding : of_kind(Kind::role_binding)) {
    if (binding->namespace_ == ns && grants(*this, *binding, request)) return true;
  }
  return false;
}

}  // namespace barnacle
