// YAML as Kubernetes' clients read it: documents become JSON; plain scalars are typed, quoted ones are strings.
#pragma once

#include <expected>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace barnacle {

// All documents of a stream, empty ones left out. The error is one line.
std::expected<std::vector<nlohmann::json>, std::string> documents_from_yaml(const std::string& text);

}  // namespace barnacle
