// Refusals, worded as the API server words them.
#pragma once

#include "sim/cluster/cluster.h"

namespace barnacle {

std::string qualified_resource(Kind kind);  // "daemonsets.apps"
std::string qualified_kind(Kind kind);      // "DaemonSet.apps"

std::unexpected<ApiError> not_found(Kind kind, std::string_view name);
std::unexpected<ApiError> already_exists(Kind kind, std::string_view name);
std::unexpected<ApiError> conflict(Kind kind, std::string_view name);
std::unexpected<ApiError> forbidden(Kind kind, std::string_view name, std::string_view why);
std::unexpected<ApiError> invalid(Kind kind, std::string_view name, std::string_view why);
std::unexpected<ApiError> bad_request(std::string_view why);
std::unexpected<ApiError> unauthorized();
// `name` empty for requests without one (create, list).
std::unexpected<ApiError> not_allowed(const Account& who, std::string_view verb, Kind kind, std::string_view ns,
                                      std::string_view name);

}  // namespace barnacle
