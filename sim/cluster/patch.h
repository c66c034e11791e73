// The two kinds of patch that kubectl and Helm send, as functions on JSON.
#pragma once

#include <expected>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace barnacle {

// RFC 7396.
void apply_merge_patch(nlohmann::json& target, const nlohmann::json& patch);

// Kubernetes' strategic merge patch: tables are merged, null removes, keyed lists are merged by their merge key, other
// lists replaced. Directives: $patch (delete, replace, merge), $retainKeys, $setElementOrder/…,
// $deleteFromPrimitiveList/…. The error is a sentence: an element without its merge key, or an unknown directive.
std::expected<nlohmann::json, std::string> strategic_merge(const nlohmann::json& target, const nlohmann::json& patch);

// The key that tells the elements of a list apart ("env" → "name"); empty: the list is replaced as a whole.
std::string_view merge_key_of_list(std::string_view list);

}  // namespace barnacle
