#include "fuzz/json_choices.h"

#include <array>
#include <string>
#include <string_view>

namespace barnacle::fuzz {
namespace {

constexpr std::array<std::string_view, 5> kTexts{"", "qemu", "qemu clh", "true", "1"};
constexpr std::array<std::string_view, 6> kKeys{"env", "shims", "debug", "nodeSelector", "list", "proxy"};

Json draw_scalar(Choices& choices) {
  switch (choices.pick(3)) {
    case 0: return choices.pick_from(kTexts);
    case 1: return choices.between(0, 2);
    default: return choices.chance(1, 2);
  }
}

Json draw_list(Choices& choices) {
  Json list = Json::array();
  for (int left = choices.between(0, 3); left > 0; --left) list.push_back(draw_scalar(choices));
  return list;
}

Json draw_any(Choices& choices, int depth) {
  switch (choices.pick(depth > 0 ? 5 : 3)) {
    case 0: return draw_scalar(choices);
    case 1: return draw_list(choices);
    case 2: return nullptr;
    default: return draw_table(choices, depth - 1);
  }
}

// Elements with some of four keys, each once, in the order of the keys or the other way round.
template <class Fill>
Json draw_keyed_list(Choices& choices, std::string_view key, const Fill& fill) {
  constexpr std::array<std::string_view, 4> kNames{"a", "b", "c", "d"};
  const bool backwards = choices.chance(1, 2);
  Json list = Json::array();
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (!choices.chance(1, 2)) continue;
    Json element = {{key, kNames[backwards ? kNames.size() - 1 - i : i]}};
    fill(element);
    list.push_back(std::move(element));
  }
  return list;
}

Json draw_container_lists(Choices& choices) {
  return draw_keyed_list(choices, "name", [&](Json& container) {
    container["image"] = choices.pick_from(kTexts);
    if (choices.chance(1, 2)) container["command"] = draw_list(choices);
    if (choices.chance(1, 2)) {
      container["env"] =
          draw_keyed_list(choices, "name", [&](Json& variable) { variable["value"] = choices.pick_from(kTexts); });
    }
    if (choices.chance(1, 2)) {
      container["volumeMounts"] =
          draw_keyed_list(choices, "mountPath", [&](Json& mount) { mount["readOnly"] = choices.chance(1, 2); });
    }
  });
}

}  // namespace

Json draw_table(Choices& choices, int depth) {
  Json table = Json::object();
  for (const std::string_view key : kKeys) {
    if (choices.chance(1, 2)) table[key] = draw_any(choices, depth);
  }
  return table;
}

Json draw_typed_table(Choices& choices, int depth) {
  Json table = Json::object();
  if (choices.chance(1, 2)) table["debug"] = choices.chance(1, 2);
  if (choices.chance(1, 2)) table["shims"] = choices.pick_from(kTexts);
  if (choices.chance(1, 2)) table["list"] = draw_list(choices);
  if (depth > 0 && choices.chance(1, 2)) table["env"] = draw_typed_table(choices, depth - 1);
  if (depth > 0 && choices.chance(1, 2)) table["nodeSelector"] = draw_typed_table(choices, depth - 1);
  return table;
}

Json draw_pod(Choices& choices) {
  Json pod = Json::object();
  if (choices.chance(1, 2)) pod["containers"] = draw_container_lists(choices);
  if (choices.chance(1, 2)) pod["volumes"] = draw_keyed_list(choices, "name", [](Json&) {});
  if (choices.chance(1, 2)) pod["tolerations"] = draw_list(choices);
  if (choices.chance(1, 2)) pod["template"] = draw_typed_table(choices, 2);
  return pod;
}

}  // namespace barnacle::fuzz
