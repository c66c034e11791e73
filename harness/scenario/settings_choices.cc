#include "harness/scenario/settings_choices.h"

#include <algorithm>
#include <array>

namespace barnacle {
namespace {

constexpr std::string_view kNoProxy = "10.0.0.0/8";

bool has_shim(const DrawnSettings& settings, const std::string& shim) {
  return std::ranges::count(settings.shims, shim) != 0;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// Adds or takes away one shim, and keeps the order of the alphabet.
void flip_shim(Choices& choices, const Alphabet& alphabet, DrawnSettings& settings) {
  // The first shims of the alphabet are those people use: half of the draws go to them.
  const std::size_t common = std::min<std::size_t>(3, alphabet.shims.size());
  const std::size_t index = choices.chance(1, 2) ? choices.pick(alphabet.shims.size()) : choices.pick(common);
  const std::string& shim = alphabet.shims[index];
  std::vector<std::string> shims;
  for (const std::string& known : alphabet.shims) {
    if (has_shim(settings, known) != (known == shim)) shims.push_back(known);
  }
  if (!shims.empty()) settings.shims = std::move(shims);
}

// The logic refuses a mapping of a shim that is not enabled.
void drop_dangling_mapping(DrawnSettings& settings) {
  if (has_shim(settings, settings.mapped_shim)) return;
  settings.mapped_shim.clear();
  settings.snapshotter.clear();
}

void flip_text(Choices& choices, const std::vector<std::string>& texts, std::string& text) {
  text = text.empty() || choices.chance(1, 3) ? choices.pick_from(texts) : std::string();
}

void flip_mapping(Choices& choices, const Alphabet& alphabet, DrawnSettings& settings) {
  const bool mapped = !settings.mapped_shim.empty();
  settings.mapped_shim = mapped ? std::string() : choices.pick_from(settings.shims);
  settings.snapshotter = mapped ? std::string() : choices.pick_from(alphabet.snapshotters);
}

void change_one(Choices& choices, const Alphabet& alphabet, const SettingsSwarm& swarm, DrawnSettings& settings) {
  const std::array<std::uint32_t, 5> weights{4, 2, swarm.proxies ? 2U : 0U, swarm.annotations ? 2U : 0U,
                                             swarm.mappings ? 2U : 0U};
  switch (choices.weighted(weights)) {
    case 0: flip_shim(choices, alphabet, settings); break;
    case 1: settings.debug = !settings.debug; break;
    case 2: flip_text(choices, alphabet.proxies, settings.proxy); break;
    case 3: flip_text(choices, alphabet.annotations, settings.annotations); break;
    default: flip_mapping(choices, alphabet, settings); break;
  }
  drop_dangling_mapping(settings);
}

// Another one of them, all as likely.
DrawnSettings draw_other(Choices& choices, const std::vector<DrawnSettings>& all, const DrawnSettings& present) {
  std::vector<const DrawnSettings*> others;
  for (const DrawnSettings& settings : all) {
    if (settings != present) others.push_back(&settings);
  }
  return *choices.pick_from(others);
}

// The keys are always the same, in the same order.
using Environment = std::array<std::pair<std::string_view, std::string>, 6>;

Environment environment_of(const DrawnSettings& settings) {
  return {{{"shims", joined(settings.shims)},
           {"debug", settings.debug ? "true" : "false"},
           {"agentHttpsProxy", settings.proxy},
           {"agentNoProxy", settings.proxy.empty() ? "" : std::string(kNoProxy)},
           {"allowedHypervisorAnnotations", settings.annotations},
           {"snapshotterHandlerMapping",
            settings.mapped_shim.empty() ? "" : settings.mapped_shim + ":" + settings.snapshotter}}};
}

}  // namespace

SettingsSwarm draw_settings_swarm(Choices& choices, const Alphabet& alphabet) {
  SettingsSwarm swarm;
  swarm.proxies = choices.chance(1, 3) && !alphabet.proxies.empty();
  swarm.annotations = choices.chance(1, 3) && !alphabet.annotations.empty();
  swarm.mappings = choices.chance(1, 12) && !alphabet.snapshotters.empty();
  return swarm;
}

DrawnSettings draw_settings(Choices& choices, const Alphabet& alphabet, const SettingsSwarm& swarm) {
  if (!alphabet.settings.empty()) return choices.pick_from(alphabet.settings);
  static constexpr std::array<std::uint32_t, 4> kMoreShims{5, 4, 3, 1};
  DrawnSettings settings;
  settings.shims = {alphabet.shims.front()};
  for (std::size_t flips = choices.weighted(kMoreShims); flips > 0; --flips) flip_shim(choices, alphabet, settings);
  settings.debug = choices.chance(1, 2);
  if (swarm.proxies && choices.chance(1, 2)) settings.proxy = choices.pick_from(alphabet.proxies);
  if (swarm.annotations && choices.chance(1, 2)) settings.annotations = choices.pick_from(alphabet.annotations);
  if (swarm.mappings && choices.chance(1, 2)) flip_mapping(choices, alphabet, settings);
  settings.create_runtime_classes = alphabet.create_runtime_classes && !choices.chance(1, 4);
  return settings;
}

DrawnSettings change_settings(Choices& choices, const Alphabet& alphabet, const SettingsSwarm& swarm,
                              DrawnSettings settings) {
  if (alphabet.settings.size() > 1) return draw_other(choices, alphabet.settings, settings);
  const DrawnSettings before = settings;
  for (int changes = choices.between(1, 2); changes > 0; --changes) change_one(choices, alphabet, swarm, settings);
  // Two changes may undo each other, and the last shim is not taken away.
  if (settings == before) settings.debug = !settings.debug;
  return settings;
}

Values values_of(const DrawnSettings& settings, const std::string& suffix, const std::string& prefix) {
  Values env = Values::object();
  for (auto&& [key, value] : environment_of(settings)) {
    if (!value.empty() && (key != "debug" || settings.debug)) env[key] = std::move(value);
  }
  if (settings.create_runtime_classes) env["createRuntimeClasses"] = "true";
  if (!suffix.empty()) env["multiInstallSuffix"] = suffix;
  if (!prefix.empty()) env["installationPrefix"] = prefix;
  Values values = Values::object();
  values["env"] = std::move(env);
  return values;
}

Values changed_values(const DrawnSettings& from, const DrawnSettings& to) {
  const Environment before = environment_of(from);
  Environment after = environment_of(to);
  Values values{{"env", Values::object()}};
  for (std::size_t i = 0; i < after.size(); ++i) {
    if (before[i] != after[i]) values["env"][after[i].first] = std::move(after[i].second);
  }
  return values;
}

}  // namespace barnacle
