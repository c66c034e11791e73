#include "sim/cluster/patch.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <vector>
#include "sim/cluster/json_read.h"

namespace barnacle {
namespace {

struct MergeKey {
  std::string_view list;
  std::string_view key;
};
// As the API's types declare them. Lists that are not here (tolerations, command, rules, subjects, taints) are atomic.
constexpr std::array<MergeKey, 10> kMergeKeys{{{"containers", "name"},
                                               {"initContainers", "name"},
                                               {"env", "name"},
                                               {"volumes", "name"},
                                               {"volumeMounts", "mountPath"},
                                               {"volumeDevices", "devicePath"},
                                               {"imagePullSecrets", "name"},
                                               {"ports", "containerPort"},
                                               {"hostAliases", "ip"},
                                               {"secrets", "name"}}};

constexpr std::string_view kOrder = "$setElementOrder/";
constexpr std::string_view kDeleteValues = "$deleteFromPrimitiveList/";

// A refusal deep inside a patch; caught where the patch was begun.
struct BadPatch {
  std::string why;
};

bool is_directive(std::string_view key) { return key.starts_with('$'); }

std::string directive_of(const Json& table) {
  if (!table.is_object()) return {};
  const auto found = table.find("$patch");
  if (found == table.end()) return {};
  const std::string directive = found->is_string() ? found->get<std::string>() : found->dump();
  if (directive == "delete" || directive == "replace" || directive == "merge") return directive;
  throw BadPatch{"unknown patch type: " + directive};
}

Json without_directives(const Json& value) {
  if (value.is_array()) {
    Json plain = Json::array();
    for (const Json& element : value) {
      if (directive_of(element).empty()) plain.push_back(without_directives(element));
    }
    return plain;
  }
  if (!value.is_object()) return value;
  Json plain = Json::object();
  for (const auto& [key, element] : value.get_ref<const Json::object_t&>()) {
    if (!is_directive(key) && !element.is_null()) plain[key] = without_directives(element);
  }
  return plain;
}

void merge_table(Json& target, const Json& patch);

const Json& key_in(const Json& element, std::string_view key) {
  if (!element.is_object() || !element.contains(key)) {
    throw BadPatch{"map: " + element.dump(-1, ' ', false, Json::error_handler_t::replace) +
                   " does not contain declared merge key: " + std::string(key)};
  }
  return element[std::string(key)];
}

void merge_element(Json& list, const Json& element, std::string_view key) {
  const std::string directive = directive_of(element);
  const Json& wanted = key_in(element, key);
  const auto found =
      std::ranges::find_if(list, [&](const Json& candidate) { return key_in(candidate, key) == wanted; });
  if (directive == "delete") {
    if (found != list.end()) list.erase(found);
  } else if (found == list.end() || directive == "replace") {
    if (found == list.end()) list.push_back(without_directives(element));
    else *found = without_directives(element);
  } else {
    merge_table(*found, element);
  }
}

void merge_keyed_list(Json& list, const Json& patch, std::string_view key) {
  if (!list.is_array()) list = Json::array();
  // A lone {"$patch": "replace"} among the elements replaces the list by the others.
  for (const Json& element : patch) {
    if (directive_of(element) != "replace" || element.size() != 1) continue;
    list = without_directives(patch);
    return;
  }
  for (const Json& element : patch) merge_element(list, element, key);
}

// Puts the elements that `order` names into its order, at the places where such elements stand; others stay.
void reorder(Json& list, const Json& order, std::string_view key) {
  if (!list.is_array() || !order.is_array()) return;
  const auto rank = [&](const Json& element) {
    const Json* wanted = key.empty()                                    ? &element
                         : element.is_object() && element.contains(key) ? &element[std::string(key)]
                                                                        : nullptr;
    const auto found = std::ranges::find_if(order, [&](const Json& entry) {
      const Json* name = key.empty()                                ? &entry
                         : entry.is_object() && entry.contains(key) ? &entry[std::string(key)]
                                                                    : nullptr;
      return wanted != nullptr && name != nullptr && *wanted == *name;
    });
    return found - order.begin();
  };
  const auto unnamed = static_cast<std::ptrdiff_t>(order.size());
  std::vector<Json> named;
  for (std::ptrdiff_t wanted = 0; wanted < unnamed; ++wanted) {
    std::ranges::copy_if(list, std::back_inserter(named), [&](const Json& element) { return rank(element) == wanted; });
  }
  auto next = named.begin();
  for (Json& element : list) {
    if (rank(element) != unnamed) element = *next++;
  }
}

void delete_values(Json& list, const Json& values) {
  if (!list.is_array()) return;
  for (const Json& value : values) std::erase(list.get_ref<Json::array_t&>(), value);
}

void merge_key(Json& target, const std::string& key, const Json& patch) {
  if (patch.is_null()) {
    target.erase(key);
  } else if (patch.is_object()) {
    if (!target.contains(key) || !target[key].is_object()) target[key] = Json::object();
    merge_table(target[key], patch);
  } else if (patch.is_array() && !merge_key_of_list(key).empty()) {
    merge_keyed_list(target[key], patch, merge_key_of_list(key));
  } else if (patch.is_array() && key == "finalizers") {
    if (!target.contains(key)) target[key] = Json::array();
    for (const Json& value : patch) {
      if (std::ranges::find(target[key], value) == target[key].end()) target[key].push_back(value);
    }
  } else {
    target[key] = patch;
  }
}

void retain_keys(Json& target, const Json& patch) {
  const auto kept = patch.find("$retainKeys");
  if (kept == patch.end() || !kept->is_array()) return;
  std::vector<std::string> dropped;
  for (const auto& [key, value] : target.get_ref<const Json::object_t&>()) {
    if (std::ranges::find(*kept, Json(key)) == kept->end()) dropped.push_back(key);
  }
  for (const std::string& key : dropped) target.erase(key);
}

void merge_table(Json& target, const Json& patch) {
  const std::string directive = directive_of(patch);
  if (directive == "delete") {
    target = Json::object();
    return;
  }
  if (directive == "replace") {
    target = without_directives(patch);
    return;
  }
  retain_keys(target, patch);
  for (const auto& [key, value] : patch.get_ref<const Json::object_t&>()) {
    if (!is_directive(key)) merge_key(target, key, value);
  }
  for (const auto& [key, value] : patch.get_ref<const Json::object_t&>()) {
    if (key.starts_with(kDeleteValues)) {
      const std::string list = key.substr(kDeleteValues.size());
      if (target.contains(list)) delete_values(target[list], value);
    } else if (key.starts_with(kOrder)) {
      const std::string list = key.substr(kOrder.size());
      if (target.contains(list)) reorder(target[list], value, merge_key_of_list(list));
    }
  }
}

}  // namespace

std::string_view merge_key_of_list(std::string_view list) {
  const auto found = std::ranges::find(kMergeKeys, list, &MergeKey::list);
  return found == kMergeKeys.end() ? std::string_view() : found->key;
}

void apply_merge_patch(Json& target, const Json& patch) { target.merge_patch(patch); }

std::expected<Json, std::string> strategic_merge(const Json& target, const Json& patch) {
  if (!patch.is_object()) return std::unexpected("the patch is not a table");
  try {
    Json merged = target.is_object() ? target : Json::object();
    merge_table(merged, patch);
    return merged;
  } catch (const BadPatch& bad) {
    return std::unexpected(bad.why);
  }
}

}  // namespace barnacle
