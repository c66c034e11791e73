// The values of generated releases: what may be set, how an upgrade changes it, and how the chart wants it written.
#pragma once

#include <string>
#include <vector>

#include "harness/scenario/alphabet.h"
#include "harness/scenario/choices.h"

namespace barnacle {

// Which settings a whole scenario plays with (swarm testing: what is off everywhere makes room for the rest).
struct SettingsSwarm {
  bool proxies = false;
  bool annotations = false;
  bool mappings = false;
};

SettingsSwarm draw_settings_swarm(Choices& choices, const Alphabet& alphabet);
DrawnSettings draw_settings(Choices& choices, const Alphabet& alphabet, const SettingsSwarm& swarm);
// One or two settings changed, never none.
DrawnSettings change_settings(Choices& choices, const Alphabet& alphabet, const SettingsSwarm& swarm,
                              DrawnSettings settings);

// {"env": {...}} with all that is set.
Values values_of(const DrawnSettings& settings, const std::string& suffix, const std::string& prefix);
// {"env": {...}} with what differs, for upgrades that reuse the other values.
Values changed_values(const DrawnSettings& from, const DrawnSettings& to);

}  // namespace barnacle
