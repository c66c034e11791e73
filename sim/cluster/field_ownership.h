// Who owns which field of an object, as server-side apply keeps it in metadata.managedFields.
//
// A set of fields is written as FieldsV1 writes it: {"f:spec": {"f:template": {…, "k:{\"name\":\"deploy\"}": {".": {},
// "f:image": {}}}}}. A document is what clients own of an object: its body, and labels and annotations in "metadata".
#pragma once

#include <expected>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/clock.h"
#include "sim/base/hash.h"

namespace barnacle {

// One entry of managedFields. What a manager applied and what the same manager wrote otherwise are two entries.
struct FieldOwner {
  std::string manager;
  bool applies = false;  // operation Apply; else Update
  nlohmann::json fields;
  Time at = 0;
};
using FieldOwners = std::vector<FieldOwner>;
using FieldOwnersPtr = std::shared_ptr<const FieldOwners>;

// Of who owns what; when somebody wrote it does not count. Zero for none.
Hash128 hash_of(const FieldOwners& owners);

// Every field that a document states.
nlohmann::json fields_of(const nlohmann::json& document);

// After a create, an update or a patch: what the manager changed is its own now, whosever it was. `before` is null for
// a creation.
FieldOwners owners_after_write(const FieldOwners& owners, const nlohmann::json& before, const nlohmann::json& after,
                               std::string_view manager, Time now);

struct FieldConflict {
  std::string manager;
  bool applies = false;
  std::vector<std::string> paths;  // ".spec.template.spec.containers[name=\"deploy\"].image"
};
// "Apply failed with 1 conflict: conflict with "kubectl-edit" using apps/v1: .spec.replicas"
std::string conflict_text(const std::vector<FieldConflict>& conflicts, std::string_view api_version);

struct Applied {
  nlohmann::json document;
  FieldOwners owners;
};
// What `wanted` makes of `live`: it is merged, and what the manager applied before and no longer lists goes, unless
// somebody else owns it as well. To change what others own is a conflict, and with `force` takes it from them.
std::expected<Applied, std::vector<FieldConflict>> apply_fields(const nlohmann::json& live, const FieldOwners& owners,
                                                                const nlohmann::json& wanted, std::string_view manager,
                                                                bool force, Time now);

}  // namespace barnacle
