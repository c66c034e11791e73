// Kubernetes' strategic merge, as far as the objects of deploy charts go.
//
// The patch that Helm sends is computed from two differences: what the chart dropped (original → modified) and what the
// live object lacks or has otherwise (current → modified). Its effect on the live object is computed here in one go.
#include <algorithm>
#include <array>
#include <string_view>

#include "sim/cluster/json_read.h"
#include "sim/helm/helm.h"

namespace barnacle {
namespace {

// Lists that Kubernetes merges element by element, with the key that tells elements apart. All others (commands,
// tolerations, rules, subjects) are replaced as a whole.
struct MergeKey {
  std::string_view list;
  std::string_view key;
};
constexpr std::array<MergeKey, 9> kMergeKeys{{{"containers", "name"},
                                              {"initContainers", "name"},
                                              {"env", "name"},
                                              {"volumes", "name"},
                                              {"volumeMounts", "mountPath"},
                                              {"imagePullSecrets", "name"},
                                              {"ports", "containerPort"},
                                              {"hostAliases", "ip"},
                                              {"secrets", "name"}}};

std::string_view merge_key_of(std::string_view list) {
  for (const MergeKey& known : kMergeKeys) {
    if (known.list == list) return known.key;
  }
  return {};
}

bool is_keyed(const Json& list, std::string_view key) {
  return list.is_array() &&
         std::ranges::all_of(list, [key](const Json& e) { return e.is_object() && e.contains(key); });
}

const Json* element_with(const Json& list, std::string_view key, const Json& value) {
  for (const Json& element : list) {
    if (element[key] == value) return &element;
  }
  return nullptr;
}

const Json::object_t& table_of(const Json& table) { return table.get_ref<const Json::object_t&>(); }

Json merge_any(std::string_view name, const Json& original, const Json& modified, const Json& current);

Json merge_tables(const Json& original, const Json& modified, const Json& current) {
  Json merged = Json::object();
  for (const auto& [key, live] : table_of(current)) {
    const auto wanted = modified.find(key);
    const bool was_there = original.is_object() && original.contains(key);
    if (wanted != modified.end()) merged[key] = merge_any(key, at(original, key), *wanted, live);
    else if (!was_there) merged[key] = live;
  }
  for (const auto& [key, value] : table_of(modified)) {
    if (!current.contains(key)) merged[key] = value;
  }
  return merged;
}

// The chart's elements in the chart's order, each merged with the live one; behind them what others added.
Json merge_lists(std::string_view key, const Json& original, const Json& modified, const Json& current) {
  const bool had_list = is_keyed(original, key);
  Json merged = Json::array();
  for (const Json& element : modified) {
    const Json* live = element_with(current, key, element[key]);
    const Json* before = had_list ? element_with(original, key, element[key]) : nullptr;
    merged.push_back(live == nullptr ? element : merge_tables(before == nullptr ? kNull : *before, element, *live));
  }
  for (const Json& element : current) {
    if (element_with(modified, key, element[key]) != nullptr) continue;
    if (had_list && element_with(original, key, element[key]) != nullptr) continue;
    merged.push_back(element);
  }
  return merged;
}

Json merge_any(std::string_view name, const Json& original, const Json& modified, const Json& current) {
  if (modified == current) return modified;
  if (modified.is_object() && current.is_object()) return merge_tables(original, modified, current);
  const std::string_view key = merge_key_of(name);
  if (!key.empty() && is_keyed(modified, key) && is_keyed(current, key))
    return merge_lists(key, original, modified, current);
  return modified;
}

// The JSON merge patch that leads from `original` to `modified`, applied to `current`.
Json apply_difference(const Json& original, const Json& modified, const Json& current) {
  if (!modified.is_object() || !current.is_object() || !original.is_object()) {
    return original == modified ? current : modified;
  }
  Json merged = current;
  for (const auto& [key, value] : original.items()) {
    if (!modified.contains(key)) merged.erase(key);
  }
  for (const auto& [key, value] : modified.items()) {
    const auto before = original.find(key);
    if (before != original.end() && *before == value) continue;
    const auto live = current.find(key);
    const bool tables = before != original.end() && live != current.end();
    merged[key] = tables ? apply_difference(*before, value, *live) : value;
  }
  return merged;
}

}  // namespace

nlohmann::json three_way_merge(const nlohmann::json& original, const nlohmann::json& modified,
                               const nlohmann::json& current, MergeKind kind) {
  if (kind == MergeKind::json) return apply_difference(original, modified, current);
  return merge_any({}, original, modified, current);
}

}  // namespace barnacle
