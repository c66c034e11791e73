#include "sim/deploy/mutation.h"

#include <fmt/format.h>

namespace barnacle {
namespace {

std::string without(std::string text, std::string_view part, std::string_view instead) {
  if (part.empty()) return text;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + instead.size()))
    text.replace(at, part.size(), instead);
  return text;
}

std::string thing(const Effect& effect) {
  if (effect.kind == EffectKind::systemctl) return effect.path + " " + effect.other;
  if (effect.kind == EffectKind::api_label)
    return fmt::format("{} {}{}", kind_name(effect.object_kind), effect.other, effect.value ? "" : " taken away");
  if (is_api(effect.kind)) return fmt::format("{} {}", kind_name(effect.object_kind), effect.path);
  return effect.path;
}

}  // namespace

bool mutates(const Effect& effect) {
  if (changes_host(effect.kind)) return true;
  if (effect.kind == EffectKind::systemctl) return effect.path != "is-active";
  return writes_api(effect.kind);
}

EffectPlace place_of(const Effect& effect, const Settings& settings) {
  std::string where = without(thing(effect), settings.destination(), "<root>");
  if (!settings.suffix.empty() && !where.starts_with("<root>"))
    where = without(std::move(where), "-" + settings.suffix, "");
  return {effect.kind, std::move(where)};
}

std::string_view mutation_name(Mutation::What what) {
  static constexpr std::string_view kNames[] = {"drop", "repeat", "swap"};
  return kNames[static_cast<std::size_t>(what)];
}

}  // namespace barnacle
