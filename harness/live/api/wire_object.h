// Objects as JSON, as an API server writes and reads them.
#pragma once

#include <expected>
#include <nlohmann/json.hpp>
#include <string>

#include "sim/cluster/cluster.h"

namespace barnacle {

// apiVersion "apps/v1", kind, metadata with uid, versions and dates, the body, and the status that the kind has.
nlohmann::json wire_object(const Cluster& cluster, const Object& object);
nlohmann::json wire_list(const Cluster& cluster, Kind kind, const std::vector<ObjectPtr>& objects);
// {"kind": "Status", "status": "Failure", …}
nlohmann::json wire_status(const ApiError& error);

// What a client sent: metadata and body. `ns` and `name` of the request fill what the document leaves out.
std::expected<Object, ApiError> object_from_wire(const nlohmann::json& document, Kind kind, const std::string& ns,
                                                 const std::string& name);

// The newest resource version of the store.
std::uint64_t newest_version(const Cluster& cluster);

// "2025-04-25T00:00:00Z"
std::string timestamp(Time time);

}  // namespace barnacle
