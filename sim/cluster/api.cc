// Requests: authorise, admit, store.
#include "sim/base/check.h"
#include "sim/cluster/access.h"
#include "sim/cluster/admission.h"
#include "sim/cluster/api_error.h"
#include "sim/cluster/json_read.h"
#include "sim/cluster/kinds.h"
#include "sim/cluster/patch.h"

namespace barnacle {
namespace {

std::string_view scope(Kind kind, std::string_view ns) { return is_namespaced(kind) ? ns : std::string_view(); }

// 401 for an account that is gone, 403 for one without the right; nothing when the request may go on.
std::optional<ApiError> authorize(Cluster& cluster, const Account& who, std::string_view verb, Kind kind,
                                  std::string_view ns, std::string_view name) {
  if (cluster.allowed(who, verb, kind, ns, name)) return std::nullopt;
  const bool lives = service_account_lives(cluster, who.namespace_, who.name);
  const ApiError error = lives ? not_allowed(who, verb, kind, ns, name).error() : unauthorized().error();
  std::string denial = who.name;
  denial.append(" ")
      .append(verb)
      .append(" ")
      .append(resource_name(kind))
      .append(": ")
      .append(std::to_string(error.code));
  ClusterAccess(cluster).note_denial(std::move(denial));
  return error;
}

bool same_payload(const Object& a, const Object& b) {
  return a.payload_hash == b.payload_hash && (a.payload == b.payload || a.payload_hash != Hash128{});
}

bool same_content(const Object& a, const Object& b) {
  return a.body->hash == b.body->hash && a.labels == b.labels && a.annotations == b.annotations &&
         a.finalizers == b.finalizers && same_payload(a, b);
}

FieldOwnersPtr shared(FieldOwners owners) { return std::make_shared<const FieldOwners>(std::move(owners)); }

std::string_view manager_of(const Account& who) {
  return who.manager.empty() ? std::string_view("unknown") : std::string_view(who.manager);
}

// Who owns what after a write that is no apply.
void note_manager(const Cluster& cluster, const Account& who, const Object* stored, Object& changed) {
  if (!cluster.notes_managers) return;
  const FieldOwners before = stored != nullptr && stored->field_owners ? *stored->field_owners : FieldOwners{};
  changed.field_owners = shared(owners_after_write(before, stored == nullptr ? Json() : stored->document(),
                                                   changed.document(), manager_of(who), cluster.now));
}

ApiResult<ObjectPtr> store(Cluster& cluster, const ObjectPtr& stored, Draft changed) {
  if (auto refusal = admit_change(*stored, *changed)) return std::unexpected(std::move(*refusal));
  if (stored->body->hash != changed->body->hash) ++changed->generation;
  ClusterAccess access(cluster);
  const ObjectPtr put = access.put(std::move(changed));
  access.finish_deletion(put);
  return put;
}

// Stores a client's change of a stored object; a change of nothing leaves the version as it was, as the real one does.
ApiResult<ObjectPtr> commit(Cluster& cluster, const Account& who, const ObjectPtr& stored, Draft changed) {
  if (same_content(*stored, *changed)) return stored;
  note_manager(cluster, who, stored.get(), *changed);
  return store(cluster, stored, std::move(changed));
}

// What was written before anybody applied belongs to a manager of that name.
FieldOwners owners_before_apply(const Object& stored) {
  if (stored.field_owners) return *stored.field_owners;
  return {{"before-first-apply", false, fields_of(stored.document()), stored.created}};
}

ApiResult<ObjectPtr> apply_to(Cluster& cluster, const Account& who, const ObjectPtr& stored, const Object& wanted,
                              bool force) {
  const FieldOwners owners = owners_before_apply(*stored);
  auto applied = apply_fields(stored->document(), owners, wanted.document(), manager_of(who), force, cluster.now);
  if (!applied)
    return std::unexpected(ApiError{409, "Conflict", conflict_text(applied.error(), api_version(stored->kind))});
  Draft changed = draft_of(*stored);
  Json& document = applied->document;
  changed->labels = strings_at(at(document, "metadata"), "labels");
  changed->annotations = strings_at(at(document, "metadata"), "annotations");
  document.erase("metadata");
  changed->body = make_body(std::move(document));
  if (same_content(*stored, *changed) && hash_of(owners) == hash_of(applied->owners)) return stored;
  changed->field_owners = shared(std::move(applied->owners));
  return store(cluster, stored, std::move(changed));
}

// Labels and annotations are what clients patch most: no detour over a JSON document of the whole object.
std::optional<ApiError> patch_strings(Strings& strings, const Json& patch) {
  if (patch.is_null()) strings.clear();
  if (!patch.is_object())
    return patch.is_null() ? std::nullopt : std::optional(bad_request("metadata is malformed").error());
  for (const auto& [key, value] : patch.get_ref<const Json::object_t&>()) {
    if (key == "$patch" && (value == "replace" || value == "delete")) strings.clear();
  }
  for (const auto& [key, value] : patch.get_ref<const Json::object_t&>()) {
    if (key.starts_with('$')) continue;
    if (value.is_null()) strings.erase(key);
    else if (value.is_string()) strings[key] = value.get<std::string>();
    else return bad_request("unrecognized type: string expected for " + key).error();
  }
  return std::nullopt;
}

std::optional<ApiError> patch_metadata(Object& object, const Json& metadata) {
  if (metadata.is_null()) return std::nullopt;
  if (!metadata.is_object()) return bad_request("metadata is malformed").error();
  if (const Json& version = at(metadata, "resourceVersion"); version.is_string()) {
    if (version.get_ref<const std::string&>() != std::to_string(object.resource_version)) {
      return conflict(object.kind, object.name).error();
    }
  }
  if (metadata.contains("labels")) {
    if (auto refusal = patch_strings(object.labels.edit(), metadata["labels"])) return refusal;
  }
  if (metadata.contains("annotations")) {
    if (auto refusal = patch_strings(object.annotations.edit(), metadata["annotations"])) return refusal;
  }
  if (metadata.contains("finalizers")) object.finalizers = texts_at(metadata, "finalizers");
  return std::nullopt;
}

bool speaks_of_body(const Json& patch) {
  for (const auto& [key, value] : patch.get_ref<const Json::object_t&>()) {
    if (key != "metadata" && key != "apiVersion" && key != "kind" && key != "status") return true;
  }
  return false;
}

enum class PatchKind : std::uint8_t { merge, strategic };

std::optional<ApiError> patch_body(Object& object, const Json& patch, PatchKind kind) {
  Json json = object.json();
  Json wanted = patch;
  wanted.erase("metadata");
  if (kind == PatchKind::merge) {
    apply_merge_patch(json, wanted);
  } else {
    auto merged = strategic_merge(json, wanted);
    if (!merged) return invalid(object.kind, object.name, merged.error()).error();
    json = std::move(*merged);
  }
  object.body = cleaned_body(make_body(std::move(json), object.body));
  return std::nullopt;
}

ApiResult<ObjectPtr> apply_patch(Cluster& cluster, const Account& who, const ObjectPtr& stored, const Json& patch,
                                 PatchKind kind) {
  if (!patch.is_object()) return bad_request("the patch is not an object");
  Draft changed = draft_of(*stored);
  if (auto refusal = patch_metadata(*changed, at(patch, "metadata"))) return std::unexpected(std::move(*refusal));
  if (speaks_of_body(patch)) {
    if (auto refusal = patch_body(*changed, patch, kind)) return std::unexpected(std::move(*refusal));
  }
  return commit(cluster, who, stored, std::move(changed));
}

}  // namespace

ApiResult<ObjectPtr> Cluster::get(const Account& who, Kind kind, std::string_view ns, std::string_view name) {
  ns = scope(kind, ns);
  if (auto refusal = authorize(*this, who, "get", kind, ns, name)) return std::unexpected(std::move(*refusal));
  ObjectPtr stored = find(kind, ns, name);
  if (!stored) return not_found(kind, name);
  return stored;
}

ApiResult<std::vector<ObjectPtr>> Cluster::list(const Account& who, Kind kind, std::string_view ns,
                                                const Selector& selector) {
  ns = scope(kind, ns);
  if (auto refusal = authorize(*this, who, "list", kind, ns, {})) return std::unexpected(std::move(*refusal));
  std::vector<ObjectPtr> found;
  for (const ObjectPtr& object : of_kind(kind)) {
    if ((ns.empty() || object->namespace_ == ns) && includes(object->labels, selector)) found.push_back(object);
  }
  return found;
}

ApiResult<ObjectPtr> Cluster::create(const Account& who, Object object) {
  if (!is_namespaced(object.kind)) object.namespace_.clear();
  if (auto refusal = authorize(*this, who, "create", object.kind, object.namespace_, {}))
    return std::unexpected(std::move(*refusal));
  object.body = cleaned_body(object.body);
  if (auto refusal = admit(*this, object)) return std::unexpected(std::move(*refusal));
  note_manager(*this, who, nullptr, object);
  return ClusterAccess(*this).insert(std::make_shared<Object>(std::move(object)));
}

ApiResult<ObjectPtr> Cluster::apply(const Account& who, Object wanted, bool force) {
  if (!is_namespaced(wanted.kind)) wanted.namespace_.clear();
  if (auto refusal = authorize(*this, who, "patch", wanted.kind, wanted.namespace_, wanted.name))
    return std::unexpected(std::move(*refusal));
  wanted.body = cleaned_body(wanted.body);
  if (const ObjectPtr stored = find(wanted.kind, wanted.namespace_, wanted.name))
    return apply_to(*this, who, stored, wanted, force);
  if (auto refusal = authorize(*this, who, "create", wanted.kind, wanted.namespace_, {}))
    return std::unexpected(std::move(*refusal));
  wanted.field_owners = shared({{std::string(manager_of(who)), true, fields_of(wanted.document()), now}});
  if (auto refusal = admit(*this, wanted)) return std::unexpected(std::move(*refusal));
  return ClusterAccess(*this).insert(std::make_shared<Object>(std::move(wanted)));
}

ApiResult<ObjectPtr> Cluster::update(const Account& who, const Object& object) {
  const std::string_view ns = scope(object.kind, object.namespace_);
  if (auto refusal = authorize(*this, who, "update", object.kind, ns, object.name))
    return std::unexpected(std::move(*refusal));
  const ObjectPtr stored = find(object.kind, ns, object.name);
  if (!stored) return not_found(object.kind, object.name);
  if (object.resource_version != 0 && object.resource_version != stored->resource_version)
    return conflict(object.kind, object.name);
  Draft changed = draft_of(*stored);
  changed->labels = object.labels;
  changed->annotations = object.annotations;
  changed->body = cleaned_body(object.body);
  changed->payload = object.payload;
  changed->payload_hash = object.payload_hash;
  return commit(*this, who, stored, std::move(changed));
}

ApiResult<ObjectPtr> Cluster::merge_patch(const Account& who, Kind kind, std::string_view ns, std::string_view name,
                                          const nlohmann::json& patch) {
  ns = scope(kind, ns);
  if (auto refusal = authorize(*this, who, "patch", kind, ns, name)) return std::unexpected(std::move(*refusal));
  const ObjectPtr stored = find(kind, ns, name);
  if (!stored) return not_found(kind, name);
  return apply_patch(*this, who, stored, patch, PatchKind::merge);
}

ApiResult<ObjectPtr> Cluster::set_label(const Account& who, Kind kind, std::string_view ns, std::string_view name,
                                        const std::string& key, const std::optional<std::string>& value) {
  ns = scope(kind, ns);
  if (auto refusal = authorize(*this, who, "patch", kind, ns, name)) return std::unexpected(std::move(*refusal));
  const ObjectPtr stored = find(kind, ns, name);
  if (!stored) return not_found(kind, name);
  const auto label = stored->labels.find(key);
  const bool there = label != stored->labels.end();
  if (value ? there && label->second == *value : !there) return stored;
  Draft changed = draft_of(*stored);
  if (value) changed->labels.edit()[key] = *value;
  else changed->labels.edit().erase(key);
  note_manager(*this, who, stored.get(), *changed);
  return store(*this, stored, std::move(changed));
}

ApiResult<ObjectPtr> Cluster::strategic_merge_patch(const Account& who, Kind kind, std::string_view ns,
                                                    std::string_view name, const nlohmann::json& patch) {
  ns = scope(kind, ns);
  if (auto refusal = authorize(*this, who, "patch", kind, ns, name)) return std::unexpected(std::move(*refusal));
  const ObjectPtr stored = find(kind, ns, name);
  if (!stored) return not_found(kind, name);
  return apply_patch(*this, who, stored, patch, PatchKind::strategic);
}

ApiResult<void> Cluster::remove(const Account& who, Kind kind, std::string_view ns, std::string_view name,
                                Propagation propagation) {
  ns = scope(kind, ns);
  if (auto refusal = authorize(*this, who, "delete", kind, ns, name)) return std::unexpected(std::move(*refusal));
  const ObjectPtr stored = find(kind, ns, name);
  if (!stored) return not_found(kind, name);
  if (kind == Kind::namespace_ && (name == "default" || name == "kube-system")) {
    return forbidden(kind, name, "this namespace may not be deleted");
  }
  ClusterAccess(*this).begin_deletion(stored, propagation);
  return {};
}

}  // namespace barnacle
