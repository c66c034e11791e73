#include "harness/scenario/theme.h"

#include <algorithm>

#include "harness/scenario/settings_choices.h"

namespace barnacle {
namespace {

constexpr int kSettings = 3;

// `count` of the items, none twice, in their old order; all of them where there are no more.
template <class Item>
std::vector<Item> draw_some(Choices& choices, const std::vector<Item>& items, std::size_t count) {
  std::vector<Item> some = items;
  while (some.size() > count) some.erase(some.begin() + static_cast<std::ptrdiff_t>(choices.pick(some.size())));
  return some;
}

std::vector<HostChoice> draw_hosts(Choices& choices, const std::vector<HostChoice>& hosts) {
  std::vector<std::uint32_t> weights;
  for (const HostChoice& host : hosts) weights.push_back(host.weight);
  std::vector<HostChoice> some{hosts[choices.weighted(weights)]};
  if (choices.chance(1, 3)) some.push_back(hosts[choices.weighted(weights)]);
  if (some.back().name == some.front().name) some.resize(1);
  return some;
}

// Each a step or two from another, as the upgrades of one release would make them.
std::vector<DrawnSettings> draw_settings_pool(Choices& choices, const Alphabet& alphabet) {
  const SettingsSwarm swarm = draw_settings_swarm(choices, alphabet);
  std::vector<DrawnSettings> pool{draw_settings(choices, alphabet, swarm)};
  while (pool.size() < kSettings) {
    DrawnSettings next = change_settings(choices, alphabet, swarm, pool[choices.pick(pool.size())]);
    if (std::ranges::find(pool, next) == pool.end()) pool.push_back(std::move(next));
  }
  return pool;
}

}  // namespace

Alphabet draw_theme(Choices& choices, const Alphabet& alphabet) {
  Alphabet theme = alphabet;
  theme.hosts = draw_hosts(choices, alphabet.hosts);
  theme.suffixes = draw_some(choices, alphabet.suffixes, 3);
  theme.prefixes = choices.chance(1, 2) ? draw_some(choices, alphabet.prefixes, 1) : std::vector<std::string>{};
  theme.settings = draw_settings_pool(choices, alphabet);
  theme.edits = 2;
  return theme;
}

}  // namespace barnacle
