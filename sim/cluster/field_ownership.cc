#include "sim/cluster/field_ownership.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "sim/cluster/json_read.h"
#include "sim/cluster/views.h"

namespace barnacle {
namespace {

constexpr const char* kSelf = ".";

// --- what of a document is one field ---

// A key of a list's elements, and what it is where an element does not say.
struct ListKey {
  std::string_view name;
  std::string_view otherwise = {};
};
struct KeyedList {
  std::string_view name;
  std::array<ListKey, 2> keys;
};
// As the API's types declare them (x-kubernetes-list-map-keys). Every other list is one field.
constexpr std::array<KeyedList, 11> kKeyedLists{{
    {"containers", {{{"name"}}}},
    {"initContainers", {{{"name"}}}},
    {"env", {{{"name"}}}},
    {"volumes", {{{"name"}}}},
    {"volumeMounts", {{{"mountPath"}}}},
    {"volumeDevices", {{{"devicePath"}}}},
    {"ports", {{{"containerPort"}, {"protocol", "TCP"}}}},
    {"imagePullSecrets", {{{"name"}}}},
    {"hostAliases", {{{"ip"}}}},
    {"secrets", {{{"name"}}}},
    {"topologySpreadConstraints", {{{"topologyKey"}, {"whenUnsatisfiable"}}}},
}};
// Tables that are one field (x-kubernetes-map-type: atomic).
constexpr std::array<std::string_view, 8> kAtomicTables{"selector",     "labelSelector",    "nodeSelector",
                                                        "fieldRef",     "resourceFieldRef", "configMapKeyRef",
                                                        "secretKeyRef", "roleRef"};

// The element's keys as FieldsV1 names the element: `k:{"name":"deploy"}`; nothing where one is missing.
std::optional<std::string> element_name(const KeyedList& list, const Json& element) {
  if (!element.is_object()) return std::nullopt;
  Json keys = Json::object();
  for (const ListKey& key : list.keys) {
    if (key.name.empty()) continue;
    const auto found = element.find(key.name);
    if (found == element.end() && key.otherwise.empty()) return std::nullopt;
    keys[std::string(key.name)] = found == element.end() ? Json(key.otherwise) : *found;
  }
  return "k:" + keys.dump();
}

// The list's declaration, where all its elements have their keys; null otherwise.
const KeyedList* keyed(std::string_view name, const Json& value) {
  if (!value.is_array()) return nullptr;
  const auto list = std::ranges::find(kKeyedLists, name, &KeyedList::name);
  if (list == kKeyedLists.end()) return nullptr;
  const bool whole =
      std::ranges::all_of(value, [&](const Json& element) { return element_name(*list, element).has_value(); });
  return whole ? &*list : nullptr;
}

bool is_table(std::string_view name, const Json& value) {
  return value.is_object() && std::ranges::find(kAtomicTables, name) == kAtomicTables.end();
}

const Json* element_called(const KeyedList& list, const Json& value, const std::string& name) {
  const auto found =
      std::ranges::find_if(value, [&](const Json& element) { return element_name(list, element) == name; });
  return found == value.end() ? nullptr : &*found;
}

// --- sets of fields ---

bool is_member(const Json& set) { return set.empty() || set.contains(kSelf); }

Json all_fields(std::string_view name, const Json& value);

Json fields_of_table(const Json& table) {
  Json set = Json::object();
  for (const auto& [key, value] : table.items()) set["f:" + key] = all_fields(key, value);
  return set;
}

Json fields_of_element(const Json& element) {
  Json set = fields_of_table(element);
  set[kSelf] = Json::object();
  return set;
}

Json all_fields(std::string_view name, const Json& value) {
  if (is_table(name, value)) return fields_of_table(value);
  Json set = Json::object();
  if (const KeyedList* list = keyed(name, value)) {
    for (const Json& element : value) set[*element_name(*list, element)] = fields_of_element(element);
  }
  return set;
}

Json united(const Json& a, const Json& b) {
  Json all = a;
  for (const auto& [key, below] : b.items()) {
    const auto found = all.find(key);
    if (found == all.end()) {
      all[key] = below;
      continue;
    }
    const bool member = key != kSelf && (is_member(*found) || is_member(below));
    Json both = united(*found, below);
    if (member && !both.empty()) both[kSelf] = Json::object();
    *found = std::move(both);
  }
  return all;
}

// Both of these leave out what becomes empty.
Json common(const Json& a, const Json& b) {
  Json both = Json::object();
  for (const auto& [key, below] : a.items()) {
    const auto found = b.find(key);
    if (found == b.end()) continue;
    Json deeper = common(below, *found);
    const bool member = is_member(below) && is_member(*found);
    if (member && !deeper.empty()) deeper[kSelf] = Json::object();
    if (member || !deeper.empty()) both[key] = std::move(deeper);
  }
  return both;
}

Json without(const Json& a, const Json& b) {
  Json rest = Json::object();
  for (const auto& [key, below] : a.items()) {
    const auto found = b.find(key);
    if (found == b.end()) {
      rest[key] = below;
      continue;
    }
    Json deeper = without(below, *found);
    deeper.erase(kSelf);
    const bool member = is_member(below) && !is_member(*found);
    if (member && !deeper.empty()) deeper[kSelf] = Json::object();
    if (member || !deeper.empty()) rest[key] = std::move(deeper);
  }
  return rest;
}

// With every named field a member that has fields below it: who has something in a table wants the table too.
Json with_parents(const Json& set) {
  Json all = Json::object();
  for (const auto& [key, below] : set.items()) {
    Json deeper = with_parents(below);
    if (key.starts_with("f:") && !deeper.empty()) deeper[kSelf] = Json::object();
    all[key] = std::move(deeper);
  }
  return all;
}

std::string path_element(const std::string& key) {
  if (key.starts_with("f:")) return "." + key.substr(2);
  std::string keys;
  const Json named = Json::parse(key.substr(2));
  for (const auto& [name, value] : named.items()) keys += (keys.empty() ? "" : ",") + name + "=" + value.dump();
  return "[" + keys + "]";
}

// ".spec.containers[name=\"deploy\"].image" of all members, in the server's order: of each level first the members.
void add_paths(const Json& set, const std::string& path, std::vector<std::string>& paths) {
  for (const auto& [key, below] : set.items()) {
    if (key != kSelf && is_member(below)) paths.push_back(path + path_element(key));
  }
  for (const auto& [key, below] : set.items()) {
    if (key != kSelf && !below.empty()) add_paths(below, path + path_element(key), paths);
  }
}

// --- differences between two documents ---

struct Difference {
  Json changed = Json::object();  // added, or of another value
  Json removed = Json::object();
};

void compare_value(std::string_view name, const std::string& key, const Json* before, const Json* after,
                   Difference& found);

Difference compare_tables(const Json& before, const Json& after) {
  Difference found;
  for (const auto& [key, value] : before.items()) {
    compare_value(key, "f:" + key, &value, after.contains(key) ? &after[key] : nullptr, found);
  }
  for (const auto& [key, value] : after.items()) {
    if (!before.contains(key)) compare_value(key, "f:" + key, nullptr, &value, found);
  }
  return found;
}

Difference compare_lists(const KeyedList& list, const Json& before, const Json& after) {
  Difference found;
  const auto note = [&](const std::string& name, const Json* old, const Json* now) {
    if (old == nullptr) found.changed[name] = fields_of_element(*now);
    else if (now == nullptr) found.removed[name] = fields_of_element(*old);
    else compare_value({}, name, old, now, found);
  };
  for (const Json& element : before) {
    const std::string name = *element_name(list, element);
    note(name, &element, element_called(list, after, name));
  }
  for (const Json& element : after) {
    const std::string name = *element_name(list, element);
    if (element_called(list, before, name) == nullptr) note(name, nullptr, &element);
  }
  return found;
}

void compare_value(std::string_view name, const std::string& key, const Json* before, const Json* after,
                   Difference& found) {
  if (before != nullptr && after != nullptr && *before == *after) return;
  Difference below;
  if (before == nullptr) found.changed[key] = all_fields(name, *after);
  else if (after == nullptr) found.removed[key] = all_fields(name, *before);
  else if (is_table(name, *before) && is_table(name, *after)) below = compare_tables(*before, *after);
  else if (const KeyedList* list = keyed(name, *before); list != nullptr && keyed(name, *after) == list)
    below = compare_lists(*list, *before, *after);
  else found.changed[key] = Json::object();
  if (!below.changed.empty()) found.changed[key] = std::move(below.changed);
  if (!below.removed.empty()) found.removed[key] = std::move(below.removed);
}

// --- merging and taking away ---

Json merged(std::string_view name, const Json& live, const Json& wanted);

Json merged_tables(const Json& live, const Json& wanted) {
  Json table = live;
  for (const auto& [key, value] : wanted.items())
    table[key] = table.contains(key) ? merged(key, table[key], value) : value;
  return table;
}

// The wanted elements in their order, each merged with the live one; behind them what others added.
Json merged_lists(const KeyedList& list, const Json& live, const Json& wanted) {
  Json all = Json::array();
  for (const Json& element : wanted) {
    const Json* there = element_called(list, live, *element_name(list, element));
    all.push_back(there == nullptr ? element : merged_tables(*there, element));
  }
  for (const Json& element : live) {
    if (element_called(list, wanted, *element_name(list, element)) == nullptr) all.push_back(element);
  }
  return all;
}

Json merged(std::string_view name, const Json& live, const Json& wanted) {
  if (is_table(name, live) && is_table(name, wanted)) return merged_tables(live, wanted);
  const KeyedList* list = keyed(name, wanted);
  if (list != nullptr && keyed(name, live) == list) return merged_lists(*list, live, wanted);
  return wanted;
}

// Takes `gone` out of a table; a table or list that loses all it has goes with it. Of an element that `kept` speaks of
// nothing but the fields that are gone themselves is lost.
void take_away(Json& table, const Json& gone, const Json& kept);

void take_away_elements(const KeyedList& list, Json& elements, const Json& gone, const Json& kept) {
  Json rest = Json::array();
  for (Json& element : elements) {
    const std::string name = *element_name(list, element);
    const auto found = gone.find(name);
    if (found != gone.end() && is_member(*found) && !kept.contains(name)) continue;
    if (found != gone.end()) take_away(element, *found, kept.value(name, Json::object()));
    rest.push_back(std::move(element));
  }
  elements = std::move(rest);
}

void take_away(Json& table, const Json& gone, const Json& kept) {
  for (const auto& [key, below] : gone.items()) {
    if (!key.starts_with("f:")) continue;
    const std::string name = key.substr(2);
    const auto found = table.find(name);
    if (found == table.end()) continue;
    const Json kept_below = kept.value(key, Json::object());
    const KeyedList* list = keyed(name, *found);
    if (below.empty()) {
      table.erase(found);
      continue;
    }
    if (list != nullptr) take_away_elements(*list, *found, below, kept_below);
    else if (is_table(name, *found)) take_away(*found, below, kept_below);
    if (found->empty()) table.erase(found);
  }
}

// --- owners ---

FieldOwner* find_owner(FieldOwners& owners, std::string_view manager, bool applies) {
  const auto found = std::ranges::find_if(
      owners, [&](const FieldOwner& owner) { return owner.manager == manager && owner.applies == applies; });
  return found == owners.end() ? nullptr : &*found;
}

// Takes fields from all but the one entry, and entries that have none left from the list.
void take_from_others(FieldOwners& owners, const Json& fields, std::string_view manager, bool applies) {
  if (fields.empty()) return;
  for (FieldOwner& owner : owners) {
    if (owner.manager != manager || owner.applies != applies) owner.fields = without(owner.fields, fields);
  }
  std::erase_if(owners, [](const FieldOwner& owner) { return owner.fields.empty(); });
}

void give(FieldOwners& owners, std::string_view manager, bool applies, Json fields, Time now) {
  FieldOwner* own = find_owner(owners, manager, applies);
  if (own == nullptr) own = &owners.emplace_back(FieldOwner{std::string(manager), applies, Json::object(), now});
  if (own->fields != fields) own->at = now;
  own->fields = std::move(fields);
}

std::vector<FieldConflict> conflicts_of(const FieldOwners& owners, const Json& changed, std::string_view manager) {
  std::vector<FieldConflict> conflicts;
  for (const FieldOwner& owner : owners) {
    if (owner.manager == manager && owner.applies) continue;
    FieldConflict conflict{owner.manager, owner.applies, {}};
    add_paths(common(changed, owner.fields), "", conflict.paths);
    if (!conflict.paths.empty()) conflicts.push_back(std::move(conflict));
  }
  std::ranges::sort(conflicts, {}, [](const FieldConflict& one) { return std::pair(one.manager, !one.applies); });
  return conflicts;
}

Json fields_of_others(const FieldOwners& owners, std::string_view manager) {
  Json all = Json::object();
  for (const FieldOwner& owner : owners) {
    if (owner.manager != manager || !owner.applies) all = united(all, owner.fields);
  }
  return all;
}

std::string named(const FieldConflict& conflict, std::string_view api_version) {
  std::string text = '"' + conflict.manager + '"';
  if (!conflict.applies) text.append(" using ").append(api_version);
  return text;
}

}  // namespace

Hash128 hash_of(const FieldOwners& owners) {
  if (owners.empty()) return {};
  Hasher hasher;
  for (const FieldOwner& owner : owners)
    hasher.add(owner.manager).add(std::uint64_t{owner.applies ? 1U : 0U}).add(hash_of_json(owner.fields));
  return hasher.finish();
}

Json fields_of(const Json& document) { return fields_of_table(document); }

FieldOwners owners_after_write(const FieldOwners& owners, const Json& before, const Json& after,
                               std::string_view manager, Time now) {
  const Difference difference = compare_tables(before.is_null() ? Json::object() : before, after);
  FieldOwners next = owners;
  take_from_others(next, united(difference.changed, difference.removed), manager, false);
  const FieldOwner* own = find_owner(next, manager, false);
  Json mine = united(own == nullptr ? Json::object() : without(own->fields, difference.removed), difference.changed);
  if (mine.empty()) std::erase_if(next, [&](const FieldOwner& owner) { return &owner == own; });
  else give(next, manager, false, std::move(mine), now);
  return next;
}

std::string conflict_text(const std::vector<FieldConflict>& conflicts, std::string_view api_version) {
  std::size_t count = 0;
  for (const FieldConflict& conflict : conflicts) count += conflict.paths.size();
  if (count == 1) {
    const FieldConflict& only = conflicts.front();
    return "Apply failed with 1 conflict: conflict with " + named(only, api_version) + ": " + only.paths.front();
  }
  std::string text = "Apply failed with " + std::to_string(count) + " conflicts: ";
  std::string separator;
  for (const FieldConflict& conflict : conflicts) {
    text += separator + "conflicts with " + named(conflict, api_version) + ":";
    for (const std::string& path : conflict.paths) text += "\n- " + path;
    separator = "\n";
  }
  return text;
}

std::expected<Applied, std::vector<FieldConflict>> apply_fields(const Json& live, const FieldOwners& owners,
                                                                const Json& wanted, std::string_view manager,
                                                                bool force, Time now) {
  Applied applied{merged_tables(live, wanted), owners};
  const Difference difference = compare_tables(live, applied.document);
  auto conflicts = conflicts_of(owners, difference.changed, manager);
  if (!conflicts.empty() && !force) return std::unexpected(std::move(conflicts));
  take_from_others(applied.owners, difference.changed, manager, true);

  const Json stated = fields_of(wanted);
  const FieldOwner* own = find_owner(applied.owners, manager, true);
  if (own != nullptr) {
    const Json others = fields_of_others(applied.owners, manager);
    const Json gone = without(without(own->fields, with_parents(stated)), with_parents(others));
    take_away(applied.document, gone, others);
  }
  give(applied.owners, manager, true, stated, now);
  return applied;
}

}  // namespace barnacle
