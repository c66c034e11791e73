// What the API server checks and completes before it stores an object.
#pragma once

#include <optional>

#include "sim/cluster/cluster.h"

namespace barnacle {

// Whether a body is a table without what is not a client's to say in it: status, and metadata and type, which have
// their own places.
bool is_clean(const nlohmann::json& body);
// The body without these.
BodyPtr cleaned_body(const BodyPtr& body);

// For an object that is to be created; may complete it (a workload gets the scheduling of its RuntimeClass).
std::optional<ApiError> admit(const Cluster& cluster, Object& object);

// For a change of an object's body: fields that cannot change.
std::optional<ApiError> admit_change(const Object& stored, const Object& changed);

}  // namespace barnacle
