// The laws by which Helm puts values over each other.
#include "fuzz/json_choices.h"
#include "fuzz/target.h"
#include "sim/helm/helm.h"
#include "sim/helm/values.h"

namespace barnacle::fuzz {
namespace {

// What is left of values when each null has taken its key away.
Json without_null(const Json& values) {
  if (!values.is_object()) return values;
  Json left = Json::object();
  for (const auto& [key, value] : values.items()) {
    if (!value.is_null()) left[key] = without_null(value);
  }
  return left;
}

// Whether all that `over` says is so in `merged`: a null's key is not there, tables are merged, the rest is replaced.
bool obeys(const Json& merged, const Json& over) {
  for (const auto& [key, value] : over.items()) {
    if (value.is_null() != !merged.contains(key)) return false;
    if (value.is_null()) continue;
    if (value.is_object() ? !obeys(merged[key], value) : merged[key] != value) return false;
  }
  return true;
}

void check_any(const Json& a, const Json& b) {
  const Json merged = merge_values(a, b);
  require(merge_values(a, Json::object()) == a, "nothing given changes nothing: {}", a.dump());
  require(merge_values(Json::object(), b) == without_null(b), "over nothing, values are themselves: {}", b.dump());
  require(obeys(merged, b), "what is given is so: {} over {} gives {}", b.dump(), a.dump(), merged.dump());
  require(merge_values(merged, b) == merged, "given twice is given once: {} over {} gives {}", b.dump(), a.dump(),
          merged.dump());
  for (const auto& [key, value] : a.items()) {
    require(b.contains(key) || merged[key] == value, "what is not given stays: {} over {} gives {}", b.dump(), a.dump(),
            merged.dump());
  }
}

void check_hash(const Json& a, const Json& b) {
  require((a == b) == (hash_of_values(a) == hash_of_values(b)),
          "equal values have equal hashes, others have not: {} and {}", a.dump(), b.dump());
}

void check_typed(const Json& a, const Json& b, const Json& c) {
  require(merge_values(merge_values(a, b), c) == merge_values(a, merge_values(b, c)),
          "merging is associative: {}, {}, {}", a.dump(), b.dump(), c.dump());
  require(merge_values(a, a) == a, "values over themselves are themselves: {}", a.dump());
}

// The remembered answer is the computed one, the second time too.
void check_remembered(const Json& defaults, const Json& config) {
  Chart chart;
  chart.defaults = std::make_shared<const Values>(defaults);
  const Json expected = merge_values(defaults, config);
  require(*coalesced_values(chart, config) == expected, "coalesced values are merged ones: {} over {}", config.dump(),
          defaults.dump());
  chart.identity = hash_of_values(defaults);
  for (int time = 0; time < 2; ++time) {
    require(*coalesced_values(chart, config) == expected, "remembered values are merged ones: {} over {}",
            config.dump(), defaults.dump());
  }
}

}  // namespace
}  // namespace barnacle::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace barnacle::fuzz;
  barnacle::BytesChoices choices({data, size});
  const Json a = draw_table(choices, 2);
  const Json b = draw_table(choices, 2);
  check_any(a, b);
  check_hash(a, b);
  check_remembered(a, b);
  const Json first = draw_typed_table(choices, 2);
  const Json second = draw_typed_table(choices, 2);
  check_typed(first, second, draw_typed_table(choices, 2));
  return 0;
}
