// Effect mutants: the logic with one of its mutating effects dropped, done twice, or done after the next one. Nobody
// chose them, so they tell what a list of known bugs cannot: whether a harness notices bugs that nobody has had yet.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "sim/deploy/effect.h"
#include "sim/deploy/settings.h"

namespace barnacle {

// A mutating effect wherever it is done: the root and the suffix of the release are left out.
struct EffectPlace {
  EffectKind kind = EffectKind::write;
  std::string where;  // "<root>/bin/kata-runtime", "Node katacontainers.io/kata-runtime", "restart containerd"
  auto operator<=>(const EffectPlace&) const = default;
};
EffectPlace place_of(const Effect& effect, const Settings& settings);

// It changes the host, a unit or the cluster.
bool mutates(const Effect& effect);

struct Mutation {
  enum class What : std::uint8_t { drop, repeat, swap } what = What::drop;
  EffectPlace place;
};
std::string_view mutation_name(Mutation::What what);

// What a Runner does with each effect beside performing it.
struct Probe {
  std::optional<Mutation> mutation;
  std::set<EffectPlace>* survey = nullptr;  // told of every mutating effect that is performed
};

}  // namespace barnacle
