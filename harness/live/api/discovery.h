// What a server says about itself: version, groups, resources, and as much of OpenAPI v3 as clients need to trust it.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "sim/cluster/objects.h"

namespace barnacle {

struct ResourcePath {
  Kind kind = Kind::config_map;
  std::string namespace_;   // empty: none in the path
  std::string name;         // empty: the collection
  std::string subresource;  // "status"; empty: none
};
// "/apis/apps/v1/namespaces/kube-system/daemonsets/kata-deploy"; nothing for every other path.
std::optional<ResourcePath> parse_resource_path(const std::string& path);

struct Discovery {
  nlohmann::json body;
  std::string content_type = "application/json";
};
// The answer to /version, /api, /apis, /apis/GROUP/v1, /openapi/v3…; nothing for every other path. `accept`: of the
// request; aggregated discovery is given where it is asked for.
std::optional<Discovery> discovery(const std::string& path, const std::string& accept);

}  // namespace barnacle
