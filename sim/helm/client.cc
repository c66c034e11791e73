#include "sim/helm/client.h"

#include <unordered_map>
#include <utility>

#include "sim/cluster/kinds.h"
#include "sim/helm/object_status.h"
#include "sim/helm/readiness.h"

namespace barnacle {
namespace {

constexpr std::size_t kRememberedMerges = 1U << 14;
const Account kHelm{.namespace_ = {}, .name = {}, .manager = "helm"};

std::string in_quotes(std::string_view text) { return '"' + std::string(text) + '"'; }

BodyPtr merged_body(const BodyPtr& original, const BodyPtr& modified, const BodyPtr& current) {
  if (modified->hash == current->hash) return current;
  if (original->hash == current->hash) return modified;  // nobody has edited the live object
  static thread_local std::unordered_map<Hash128, BodyPtr, Hash128Hash> remembered;
  const Hash128 key = Hasher().add(original->hash).add(modified->hash).add(current->hash).finish();
  if (const auto found = remembered.find(key); found != remembered.end()) return found->second;
  if (remembered.size() >= kRememberedMerges) remembered.clear();
  BodyPtr body = make_body(three_way_merge(original->json, modified->json, current->json), current);
  remembered.emplace(key, body);
  return body;
}

SharedUntilEdited<Strings> merged_strings(const Strings& original, const SharedUntilEdited<Strings>& modified,
                                          const SharedUntilEdited<Strings>& current) {
  if (modified == current) return current;
  Strings merged = current;
  for (const auto& [key, value] : original) {
    if (!modified.contains(key)) merged.erase(key);
  }
  for (const auto& [key, value] : modified) merged[key] = value;
  return merged;
}

// What a key of an object's metadata lacks to be the release's own; nothing when it is as it must be.
std::optional<std::string> wrong_value(const Strings& metadata, std::string_view key, std::string_view wanted) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) return "missing key " + in_quotes(key) + ": must be set to " + in_quotes(wanted);
  if (found->second == wanted) return std::nullopt;
  return "key " + in_quotes(key) + " must equal " + in_quotes(wanted) + ": current value is " +
         in_quotes(found->second);
}

std::optional<std::string> ownership_error(const Object& live, const std::string& release, const std::string& ns) {
  std::string errors;
  if (const auto wrong = wrong_value(live.labels, kManagedBy, "Helm")) errors += "; label validation error: " + *wrong;
  if (const auto wrong = wrong_value(live.annotations, kReleaseName, release)) {
    errors += "; annotation validation error: " + *wrong;
  }
  if (const auto wrong = wrong_value(live.annotations, kReleaseNamespace, ns)) {
    errors += "; annotation validation error: " + *wrong;
  }
  if (errors.empty()) return std::nullopt;
  return "invalid ownership metadata" + errors;
}

Done apply_object(Client& client, const Object& target) {
  if (const auto applied = client.apply(target, client.options().force_conflicts); !applied)
    return std::unexpected(applied.error().message);
  return {};
}

Done update_object(Client& client, const Object& live, const Object& original, const Object& target) {
  if (client.applies()) return apply_object(client, target);
  if (client.options().force) {
    if (const auto replaced = client.update(target); !replaced) {
      return std::unexpected("failed to replace object: " + replaced.error().message);
    }
    return {};
  }
  BodyPtr body = merged_body(original.body, target.body, live.body);
  SharedUntilEdited<Strings> labels = merged_strings(original.labels, target.labels, live.labels);
  SharedUntilEdited<Strings> annotations = merged_strings(original.annotations, target.annotations, live.annotations);
  if (body->hash == live.body->hash && labels == live.labels && annotations == live.annotations) return {};
  Object patched = live;
  patched.resource_version = 0;  // a patch carries none
  patched.body = std::move(body);
  patched.labels = std::move(labels);
  patched.annotations = std::move(annotations);
  if (const auto sent = client.update(patched); !sent) {
    return std::unexpected("cannot patch " + in_quotes(target.name) + " with kind " +
                           std::string(kind_name(target.kind)) + ": " + sent.error().message);
  }
  return {};
}

// Errors of patches are collected, so that one refused object does not keep the others from their new manifest.
Done update_objects(Client& client, const ObjectList& original, const ObjectList& target, ObjectList& created) {
  std::string errors;
  for (const Object* object : target) {
    const ObjectPtr live = client.cluster().find(object->kind, object->namespace_, object->name);
    if (!live) {
      created.push_back(object);
      if (const auto made = client.make(*object); !made) {
        return std::unexpected("failed to create resource: " + made.error().message);
      }
      continue;
    }
    const Object* before = find_in(original, *object);
    if (before == nullptr) {
      return std::unexpected(client.said("no ", "original object ") + std::string(kind_name(object->kind)) +
                             " with the name " + in_quotes(object->name) + client.said(" found", " not found"));
    }
    if (const Done updated = update_object(client, *live, *before, *object); !updated) {
      errors += (errors.empty() ? "" : " && ") + updated.error();
    }
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return {};
}

}  // namespace

Client::Client(Cluster& cluster, Machines& machines, const HelmOptions& options, int major)
    : cluster_(cluster), machines_(machines), options_(options), major_(major) {
  die_if_due();
}

void Client::die_if_due() const {
  if (options_.kill_after_requests && writes_ >= *options_.kill_after_requests) throw ClientKilled{};
}

void Client::wrote() {
  ++writes_;
  die_if_due();
}

ApiResult<ObjectPtr> Client::create(Object object) {
  ApiResult<ObjectPtr> answer = cluster_.create(kHelm, std::move(object));
  wrote();
  return answer;
}

ApiResult<ObjectPtr> Client::apply(const Object& object, bool force) {
  ApiResult<ObjectPtr> answer = cluster_.apply(kHelm, object, force);
  wrote();
  if (!answer && answer.error().code == 409) {
    const std::string group = facts(object.kind).group.empty() ? "/v1" : api_version(object.kind);
    answer.error().message.insert(0, "conflict occurred while applying object " + object.namespace_ + "/" +
                                         object.name + " " + group + ", Kind=" + std::string(kind_name(object.kind)) +
                                         ": ");
  }
  return answer;
}

ApiResult<ObjectPtr> Client::update(const Object& object) {
  ApiResult<ObjectPtr> answer = cluster_.update(kHelm, object);
  wrote();
  return answer;
}

ApiResult<void> Client::remove(const Object& object, Propagation propagation) {
  ApiResult<void> answer = cluster_.remove(kHelm, object.kind, object.namespace_, object.name, propagation);
  wrote();
  return answer;
}

bool Client::wait_until(Time timeout_s, const std::function<bool(const Cluster&)>& done) {
  if (done(cluster_)) return true;
  return cluster_.run_for(machines_, timeout_s, done);
}

Done create_objects(Client& client, const ObjectList& objects) {
  for (const Object* object : objects) {
    if (const auto made = client.make(*object); !made) return std::unexpected(made.error().message);
  }
  return {};
}

Done apply_objects(Client& client, const ObjectList& original, const ObjectList& target, ObjectList& created) {
  if (client.applies() && client.options().force)
    return std::unexpected("invalid operation: cannot use server-side apply and force replace together");
  if (const Done updated = update_objects(client, original, target, created); !updated) return updated;
  for (const Object* object : original) {
    if (find_in(target, *object) != nullptr) continue;
    const ObjectPtr live = client.cluster().find(object->kind, object->namespace_, object->name);
    if (!live || is_kept(*live)) continue;
    static_cast<void>(client.remove(*object));  // Helm only logs a failure here
  }
  return {};
}

std::expected<ObjectList, std::string> existing_objects(Client& client, const ObjectList& objects,
                                                        const std::string& release, const std::string& ns) {
  ObjectList existing;
  for (const Object* object : objects) {
    const ObjectPtr live = client.cluster().find(object->kind, object->namespace_, object->name);
    if (!live) continue;
    if (!client.options().take_ownership) {
      if (const auto error = ownership_error(*live, release, ns)) {
        return std::unexpected(std::string(kind_name(object->kind)) + " " + in_quotes(object->name) + " in namespace " +
                               in_quotes(object->namespace_) +
                               " exists and cannot be imported into the current release: " + *error);
      }
    }
    existing.push_back(object);
  }
  return existing;
}

Done wait_for_objects(Client& client, const ObjectList& objects) {
  if (client.applies()) return wait_until_current(client, objects);
  const auto ready = [&objects](const Cluster& cluster) {
    for (const Object* object : objects) {
      if (object->kind == Kind::daemon_set && !daemon_set_ready(cluster, object->namespace_, object->name))
        return false;
    }
    return true;
  };
  if (client.wait_until(client.options().timeout_s, ready)) return {};
  return std::unexpected("context deadline exceeded");
}

}  // namespace barnacle
