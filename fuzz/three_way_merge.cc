// The laws of Helm's three-way merge, on pods with drift of every kind.
#include "fuzz/json_choices.h"
#include "fuzz/target.h"
#include "sim/helm/helm.h"

namespace barnacle::fuzz {
namespace {

struct Versions {
  Json original;
  Json modified;
  Json current;
};

// Whether `whole` has all that `part` says; lists of the chart may have more elements behind.
bool says_all(const Json& whole, const Json& part) {
  if (part.is_object()) {
    for (const auto& [key, value] : part.items()) {
      if (!whole.contains(key) || !says_all(whole[key], value)) return false;
    }
    return true;
  }
  if (!part.is_array()) return whole == part;
  if (whole.size() < part.size()) return false;
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (!says_all(whole[i], part[i])) return false;
  }
  return true;
}

void law(bool holds, std::string_view what, const Versions& versions, const Json& merged) {
  require(holds, "{}:\noriginal {}\nmodified {}\ncurrent  {}\nmerged   {}", what, versions.original.dump(),
          versions.modified.dump(), versions.current.dump(), merged.dump());
}

void check_both_kinds(const Versions& versions, MergeKind kind) {
  const auto& [original, modified, current] = versions;
  const Json without_drift = three_way_merge(original, modified, original, kind);
  law(without_drift == modified, "without drift the new manifest is the result", versions, without_drift);
  const Json already_there = three_way_merge(original, modified, modified, kind);
  law(already_there == modified, "what is there already stays as it is", versions, already_there);
  const Json merged = three_way_merge(original, modified, current, kind);
  const Json again = three_way_merge(modified, modified, merged, kind);
  law(again == merged, "a second time changes nothing", versions, again);
}

void check_strategic(const Versions& versions) {
  const Json merged = three_way_merge(versions.original, versions.modified, versions.current);
  law(says_all(merged, versions.modified), "what the chart sets is set whatever the drift", versions, merged);
  for (const auto& [key, value] : versions.current.items()) {
    const bool dropped = versions.original.contains(key) && !versions.modified.contains(key);
    law(merged.contains(key) != dropped, "what the chart dropped goes, and what others added stays", versions, merged);
  }
}

void check_json(const Versions& versions) {
  const Json untouched = three_way_merge(versions.original, versions.original, versions.current, MergeKind::json);
  law(untouched == versions.current, "an unchanged manifest changes nothing of a kind that Helm does not know",
      versions, untouched);
}

}  // namespace
}  // namespace barnacle::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace barnacle::fuzz;
  barnacle::BytesChoices choices({data, size});
  Versions versions;
  versions.original = draw_pod(choices);
  versions.modified = draw_pod(choices);
  versions.current = draw_pod(choices);
  check_both_kinds(versions, barnacle::MergeKind::strategic);
  check_both_kinds(versions, barnacle::MergeKind::json);
  check_strategic(versions);
  check_json(versions);
  return 0;
}
