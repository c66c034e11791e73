// Request bodies in Kubernetes' protobuf encoding, which Helm uses for its Secrets: read as the JSON of the same
// object.
#pragma once

#include <expected>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace barnacle {

inline constexpr std::string_view kProtobuf = "application/vnd.kubernetes.protobuf";

// `k8s\0` and a runtime.Unknown around a Secret, Namespace or DeleteOptions. The error is one line.
std::expected<nlohmann::json, std::string> json_from_protobuf(std::string_view body);

}  // namespace barnacle
