#include "sim/helm/values.h"

#include <unordered_map>

#include "sim/cluster/views.h"

namespace barnacle {
namespace {

void merge_into(Values& base, const Values& over) {
  if (!base.is_object()) base = Values::object();
  for (const auto& [key, value] : over.items()) {
    if (value.is_null()) {
      base.erase(key);
    } else if (value.is_object()) {
      merge_into(base[key], value);
    } else {
      base[key] = value;
    }
  }
}

}  // namespace

Values merge_values(const Values& base, const Values& over) {
  Values merged = base;
  merge_into(merged, over);
  return merged;
}

Hash128 hash_of_values(const Values& values) { return hash_of_json(values); }

std::shared_ptr<const Values> coalesced_values(const Chart& chart, const UserValues& config) {
  if (chart.identity == Hash128{}) return std::make_shared<const Values>(merge_values(*chart.defaults, *config));
  static thread_local std::unordered_map<Hash128, std::shared_ptr<const Values>, Hash128Hash> remembered;
  const Hash128 key = Hasher().add(chart.identity).add(config.hash()).finish();
  std::shared_ptr<const Values>& slot = remembered[key];
  if (slot) return slot;
  auto values = std::make_shared<const Values>(merge_values(*chart.defaults, *config));
  if (remembered.size() > kRememberedValues) {
    remembered.clear();
    return values;
  }
  slot = values;
  return values;
}

}  // namespace barnacle
