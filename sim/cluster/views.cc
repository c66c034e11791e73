#include "sim/cluster/views.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <utility>

#include "sim/cluster/json_read.h"
#include "sim/cluster/kinds.h"

namespace barnacle {
namespace {

bool names(const std::vector<std::string>& texts, std::string_view wanted) {
  return std::ranges::any_of(texts, [&](std::string_view text) { return text == wanted || text == "*"; });
}

PolicyRule read_rule(const Json& rule) {
  PolicyRule read{.kinds = {}, .verbs = texts_at(rule, "verbs"), .names = texts_at(rule, "resourceNames")};
  const std::vector<std::string> groups = texts_at(rule, "apiGroups");
  const std::vector<std::string> resources = texts_at(rule, "resources");
  for (std::size_t kind = 0; kind < kKindCount; ++kind) {
    const KindFacts& known = facts(static_cast<Kind>(kind));
    read.kinds[kind] = names(resources, known.resource) && names(groups, known.group);
  }
  return read;
}

void read_spec(const Json& spec, PodTemplate& read) {
  Json body = Json::object();
  body["spec"] = spec;
  read.pod_body = make_body(std::move(body));
  // A template without containers has a reading too, a pod without them has none.
  read.spec = read.pod_body->views->pod;
  if (!read.spec) read.spec = std::make_shared<const PodSpec>(read_pod_spec(spec));
  read.spec_hash = hash_of_json(spec);
}

PodTemplate read_template(const Json& pod_template, const PodTemplate* before) {
  PodTemplate read;
  const Json& metadata = at(pod_template, "metadata");
  read.labels = strings_at(metadata, "labels");
  read.annotations = strings_at(metadata, "annotations");
  const Json& spec = at(pod_template, "spec");
  if (before != nullptr && at(before->pod_body->json, "spec") == spec) {
    read.spec = before->spec;
    read.spec_hash = before->spec_hash;
    read.pod_body = before->pod_body;
  } else {
    read_spec(spec, read);
  }
  Hasher hasher;
  for (const Strings* strings : {&*read.labels, &*read.annotations}) {
    hasher.add(static_cast<std::uint64_t>(strings->size()));
    for (const auto& [key, value] : *strings) hasher.add(key).add(value);
  }
  read.hash = TemplateHash(hasher.add(read.spec_hash).finish());
  return read;
}

UpdateStrategy read_strategy(const Json& spec) {
  UpdateStrategy read;
  const Json& strategy = at(spec, "updateStrategy");
  read.on_delete = text_at(strategy, "type") == "OnDelete";
  const Json& limit = at(at(strategy, "rollingUpdate"), "maxUnavailable");
  if (limit.is_number_integer()) read.max_unavailable = limit.get<int>();
  if (limit.is_string() && limit.get_ref<const std::string&>().ends_with('%')) {
    read.max_unavailable = std::atoi(limit.get_ref<const std::string&>().c_str());
    read.percent = true;
  }
  return read;
}

JobSpec read_job(const Json& spec) {
  JobSpec read;
  read.backoff_limit = static_cast<int>(number_at(spec, "backoffLimit").value_or(6));
  read.completions = static_cast<int>(number_at(spec, "completions").value_or(1));
  read.parallelism = static_cast<int>(number_at(spec, "parallelism").value_or(1));
  read.suspended = flag_at(spec, "suspend");
  read.one_pod_per_node = flag_at(spec, "onePodPerNode");
  read.active_deadline_s = number_at(spec, "activeDeadlineSeconds");
  read.ttl_s = number_at(spec, "ttlSecondsAfterFinished");
  return read;
}

void read_node(const Json& spec, BodyViews& views) {
  views.unschedulable = flag_at(spec, "unschedulable");
  for (const Json& taint : elements_at(spec, "taints")) {
    views.taints.push_back({text_at(taint, "key"), text_at(taint, "value"), text_at(taint, "effect")});
  }
}

BindingSubject::Kind subject_kind(std::string_view text) {
  if (text == "ServiceAccount") return BindingSubject::Kind::service_account;
  return text == "User" ? BindingSubject::Kind::user : BindingSubject::Kind::group;
}

void read_access(const Json& body, BodyViews& views) {
  for (const Json& rule : elements_at(body, "rules")) views.rules.push_back(read_rule(rule));
  const Json& role = at(body, "roleRef");
  views.of_cluster_role = text_at(role, "kind") == "ClusterRole";
  views.role_name = text_at(role, "name");
  for (const Json& subject : elements_at(body, "subjects")) {
    views.subjects.push_back(
        {subject_kind(text_at(subject, "kind")), text_at(subject, "name"), text_at(subject, "namespace")});
  }
}

void hash_into(Hasher& hasher, const Json& value);

void hash_number(Hasher& hasher, const Json& value) {
  // Numbers that compare equal hash equally: a whole number counts as such however it is written.
  if (value.is_number_float()) {
    const double number = value.get<double>();
    const bool whole = std::trunc(number) == number && std::abs(number) < 9.0e15;
    if (!whole) {
      hasher.add(std::uint64_t{4}).add(std::bit_cast<std::uint64_t>(number));
      return;
    }
    hasher.add(std::uint64_t{3}).add(static_cast<std::uint64_t>(static_cast<std::int64_t>(number)));
    return;
  }
  hasher.add(std::uint64_t{3}).add(static_cast<std::uint64_t>(value.get<std::int64_t>()));
}

void hash_into(Hasher& hasher, const Json& value) {
  switch (value.type()) {
    case Json::value_t::null: hasher.add(std::uint64_t{0}); break;
    case Json::value_t::boolean: hasher.add(std::uint64_t{value.get<bool>() ? 2U : 1U}); break;
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
    case Json::value_t::number_float: hash_number(hasher, value); break;
    case Json::value_t::string:
      hasher.add(std::uint64_t{5}).add(std::string_view(value.get_ref<const std::string&>()));
      break;
    case Json::value_t::array:
      hasher.add(std::uint64_t{6}).add(static_cast<std::uint64_t>(value.size()));
      for (const Json& element : value) hash_into(hasher, element);
      break;
    case Json::value_t::object:
      hasher.add(std::uint64_t{7}).add(static_cast<std::uint64_t>(value.size()));
      for (const auto& [key, element] : value.get_ref<const Json::object_t&>()) {
        hasher.add(key);
        hash_into(hasher, element);
      }
      break;
    case Json::value_t::binary:
    case Json::value_t::discarded: hasher.add(std::uint64_t{8}); break;
  }
}

}  // namespace

Hash128 hash_of_json(const Json& value) {
  Hasher hasher;
  hash_into(hasher, value);
  return hasher.finish();
}

std::shared_ptr<const BodyViews> read_views(const Json& body, const BodyViews* before) {
  static const auto kNothing = std::make_shared<const BodyViews>();
  const Json& spec = at(body, "spec");
  if (!spec.is_object() && !body.contains("rules") && !body.contains("roleRef") && !body.contains("handler"))
    return kNothing;
  auto views = std::make_shared<BodyViews>();
  if (at(spec, "containers").is_array()) views->pod = std::make_shared<const PodSpec>(read_pod_spec(spec));
  views->node_name = text_at(spec, "nodeName");
  if (at(spec, "template").is_object()) {
    const PodTemplate* old = before != nullptr && before->pod_template ? &*before->pod_template : nullptr;
    views->pod_template = read_template(spec["template"], old);
  }
  views->match_labels = strings_at(at(spec, "selector"), "matchLabels");
  views->update_strategy = read_strategy(spec);
  views->job = read_job(spec);
  read_node(spec, *views);
  read_access(body, *views);
  views->handler = text_at(body, "handler");
  views->runtime_node_selector = strings_at(at(body, "scheduling"), "nodeSelector");
  return views;
}

}  // namespace barnacle
