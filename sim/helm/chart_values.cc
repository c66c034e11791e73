#include "sim/helm/chart_values.h"

#include <algorithm>
#include <utility>

namespace barnacle {
namespace {

std::string of_arch(std::string_view name, const Arch& arch) {
  return std::string(name) + "_" + std::string(arch.legacy);
}
std::string env_of_arch(std::string_view name, const Arch& arch) {
  return std::string(name) + "_" + std::string(arch.environment);
}

bool contains(const Words& words, std::string_view word) { return std::ranges::find(words, word) != words.end(); }

Values default_shim_values(const ChartFacts& facts, const ShimFacts& shim) {
  const std::string_view snapshotter = facts.default_snapshotters ? shim.snapshotter : std::string_view();
  Values containerd{{"snapshotter", snapshotter}};
  Values values{{"enabled", facts.shims.empty() || contains(facts.shims, shim.name)},
                {"supportedArches", split(shim.arches, ' ')},
                {"allowedHypervisorAnnotations", Values::array()}};
  if (shim.confidential) {
    containerd["forceGuestPull"] = shim.force_guest_pull;
    values["crio"] = {{"guestPull", true}};
    values["agent"] = {{"httpsProxy", ""}, {"noProxy", ""}};
  }
  values["containerd"] = std::move(containerd);
  return values;
}

void add_structured_defaults(const ChartFacts& facts, Values& defaults) {
  defaults["debug"] = false;
  defaults["snapshotter"] = {{"setup", Values::array()}};
  Values& shims = defaults["shims"] = Values::object();
  for (const ShimFacts& shim : all_shims()) {
    if (!shim.arches.empty()) shims[std::string(shim.name)] = default_shim_values(facts, shim);
  }
  for (const Arch& arch : kArches) defaults["defaultShim"][std::string(arch.kubernetes)] = "qemu";
  defaults["runtimeClasses"] = {
      {"enabled", facts.chart_runtime_classes}, {"createDefault", false}, {"defaultName", "kata"}};
  Values& env = defaults["env"];
  for (const std::string_view name : {"debug", "shims", "defaultShim"}) env[std::string(name)] = "";
  // Where the chart makes none, the logic does.
  env["createRuntimeClasses"] = facts.create_runtime_classes && !facts.chart_runtime_classes ? "true" : "false";
  for (const Arch& arch : kArches) {
    for (const std::string_view name :
         {"shims", "defaultShim", "snapshotterHandlerMapping", "pullTypeMapping", "_experimentalForceGuestPull"}) {
      env[of_arch(name, arch)] = "";
    }
  }
}

void add_legacy_defaults(const ChartFacts& facts, Values& defaults) {
  Values& env = defaults["env"];
  env["debug"] = "false";
  env["shims"] = join(facts.shims, " ");
  env["defaultShim"] = "qemu";
  env["createRuntimeClasses"] = facts.create_runtime_classes ? "true" : "false";
  if (!facts.arch_environment) return;
  for (const Arch& arch : kArches) {
    env[of_arch("shims", arch)] = "";
    env[of_arch("defaultShim", arch)] = "";
  }
}

// --- structured values ---

bool supports(const Values& shim, const Arch& arch) {
  const Values& arches = value_at(shim, {"supportedArches"});
  return arches.is_array() && std::ranges::any_of(arches, [&arch](const Values& name) {
           return name.is_string() && name.get_ref<const std::string&>() == arch.kubernetes;
         });
}

// Entries of the table of shims.
using Shims = std::vector<const Values::object_t::value_type*>;

// Those that count for the architecture.
Shims counted_shims(const ChartFacts& facts, const Values& values, const Arch& arch) {
  // A legacy list that reaches the pod decides which shims count there.
  const Words listed = facts.legacy_lists_reach_the_pod ? shims_of_arch(facts, values, arch) : Words{};
  Shims counted;
  for (const auto& entry : structured_shims(values)) {
    const auto& [name, shim] = entry;
    const bool counts = facts.legacy_lists_reach_the_pod ? contains(listed, name)
                                                         : holds(value_at(shim, {"enabled"})) && supports(shim, arch);
    if (counts) counted.push_back(&entry);
  }
  return counted;
}

// One word for each shim; `word_of` may leave a shim out with "".
template <class WordOf>
Words words_of(const Shims& shims, const WordOf& word_of) {
  Words words;
  for (const auto* entry : shims) {
    if (std::string word = word_of(entry->first, entry->second); !word.empty()) words.push_back(std::move(word));
  }
  return words;
}

// env.<name>_<arch>, else env.<name> where that counts; "" for neither.
std::string legacy_value(const ChartFacts& facts, const Values& values, std::string_view name, const Arch& arch) {
  std::string text = text_at(values, {"env", of_arch(name, arch)});
  if (text.empty() && facts.legacy_lists_reach_the_pod) text = text_at(values, {"env", name});
  return text;
}

std::string default_shim(const Values& values, const Arch& arch) {
  std::string text = text_at(values, {"env", of_arch("defaultShim", arch)});
  if (text.empty() && arch.kubernetes == "amd64") text = text_at(values, {"env", "defaultShim"});
  return text.empty() ? text_at(values, {"defaultShim", arch.kubernetes}) : text;
}

Words snapshotter_mapping(const ChartFacts& facts, const Values& values, const Arch& arch, const Shims& shims) {
  if (const std::string legacy = legacy_value(facts, values, "snapshotterHandlerMapping", arch); !legacy.empty()) {
    return split(legacy, ',');
  }
  const auto word_of = [](const std::string& name, const Values& shim) -> std::string {
    const std::string snapshotter = text_at(shim, {"containerd", "snapshotter"});
    return snapshotter.empty() ? "" : name + ":" + snapshotter;
  };
  return words_of(shims, word_of);
}

std::string annotations(const Values& values, const Shims& shims) {
  if (std::string legacy = text_at(values, {"env", "allowedHypervisorAnnotations"}); !legacy.empty()) return legacy;
  const auto word_of = [](const std::string& name, const Values& shim) -> std::string {
    Words allowed;
    for (const Values& annotation : value_at(shim, {"allowedHypervisorAnnotations"})) {
      if (annotation.is_string()) allowed.push_back(annotation.get<std::string>());
    }
    return allowed.empty() ? "" : name + ":" + join(allowed, ",");
  };
  return join(words_of(shims, word_of), " ");
}

std::string pull_types(const ChartFacts& facts, const Values& values, const Arch& arch, const Shims& shims) {
  if (std::string legacy = legacy_value(facts, values, "pullTypeMapping", arch); !legacy.empty()) return legacy;
  const auto word_of = [](const std::string& name, const Values& shim) -> std::string {
    const bool guest =
        holds(value_at(shim, {"containerd", "forceGuestPull"})) || holds(value_at(shim, {"crio", "guestPull"}));
    return guest ? name + ":guest-pull" : "";
  };
  return join(words_of(shims, word_of), ",");
}

std::string forced_guest_pull(const Values& values, const Arch& arch, const Shims& shims) {
  std::string legacy = text_at(values, {"env", of_arch("_experimentalForceGuestPull", arch)});
  if (legacy.empty() && arch.kubernetes == "amd64") legacy = text_at(values, {"env", "_experimentalForceGuestPull"});
  if (!legacy.empty()) return legacy;
  const auto word_of = [](const std::string& name, const Values& shim) -> std::string {
    return holds(value_at(shim, {"containerd", "forceGuestPull"})) ? name : "";
  };
  return join(words_of(shims, word_of), ",");
}

// "shim=value;shim=value" over all enabled shims, whatever their architecture.
std::string proxies(const ChartFacts& facts, const Values& values, std::string_view legacy_name,
                    std::string_view name) {
  if (std::string legacy = text_at(values, {"env", legacy_name}); !legacy.empty()) return legacy;
  const Words listed = facts.legacy_lists_reach_the_pod ? shims_of_any_arch(facts, values) : Words{};
  Words words;
  for (const auto& [shim_name, shim] : structured_shims(values)) {
    const bool counts =
        facts.legacy_lists_reach_the_pod ? contains(listed, shim_name) : holds(value_at(shim, {"enabled"}));
    const std::string proxy = counts ? text_at(shim, {"agent", name}) : "";
    if (!proxy.empty()) words.push_back(shim_name + "=" + proxy);
  }
  return join(words, ";");
}

std::string debug_switch(const Values& values) {
  if (std::string legacy = text_at(values, {"env", "debug"}); !legacy.empty()) return legacy;
  return holds(value_at(values, {"debug"})) ? "true" : "false";
}

std::string snapshotter_setup(const Values& values) {
  if (std::string legacy = text_at(values, {"env", "_experimentalSetupSnapshotter"}); !legacy.empty()) return legacy;
  Words names;
  for (const Values& name : value_at(values, {"snapshotter", "setup"})) {
    if (name.is_string()) names.push_back(name.get<std::string>());
  }
  return join(names, ",");
}

// Structured charts leave a variable out when it would be empty.
void set_unless_empty(Strings& env, std::string name, std::string value) {
  if (!value.empty()) env[std::move(name)] = std::move(value);
}

void add_structured(const ChartFacts& facts, const Values& values, Strings& env) {
  env["DEBUG"] = debug_switch(values);
  for (const Arch& arch : kArches) {
    const Shims shims = counted_shims(facts, values, arch);
    set_unless_empty(env, env_of_arch("SHIMS", arch), join(shims_of_arch(facts, values, arch), " "));
    set_unless_empty(env, env_of_arch("DEFAULT_SHIM", arch), default_shim(values, arch));
    set_unless_empty(env, env_of_arch("ALLOWED_HYPERVISOR_ANNOTATIONS", arch), annotations(values, shims));
    set_unless_empty(env, env_of_arch("SNAPSHOTTER_HANDLER_MAPPING", arch),
                     join(snapshotter_mapping(facts, values, arch, shims), ","));
    set_unless_empty(env, env_of_arch("PULL_TYPE_MAPPING", arch), pull_types(facts, values, arch, shims));
    set_unless_empty(env, env_of_arch("EXPERIMENTAL_FORCE_GUEST_PULL", arch), forced_guest_pull(values, arch, shims));
  }
  set_unless_empty(env, "AGENT_HTTPS_PROXY", proxies(facts, values, "agentHttpsProxy", "httpsProxy"));
  set_unless_empty(env, "AGENT_NO_PROXY", proxies(facts, values, "agentNoProxy", "noProxy"));
  set_unless_empty(env, "EXPERIMENTAL_SETUP_SNAPSHOTTER", snapshotter_setup(values));
}

void add_legacy(const ChartFacts& facts, const Values& values, Strings& env) {
  env["DEBUG"] = text_at(values, {"env", "debug"});
  env["SHIMS"] = text_at(values, {"env", "shims"});
  env["DEFAULT_SHIM"] = text_at(values, {"env", "defaultShim"});
  env["ALLOWED_HYPERVISOR_ANNOTATIONS"] = text_at(values, {"env", "allowedHypervisorAnnotations"});
  env["SNAPSHOTTER_HANDLER_MAPPING"] = text_at(values, {"env", "snapshotterHandlerMapping"});
  env["AGENT_HTTPS_PROXY"] = text_at(values, {"env", "agentHttpsProxy"});
  env["AGENT_NO_PROXY"] = text_at(values, {"env", "agentNoProxy"});
  env["PULL_TYPE_MAPPING"] = text_at(values, {"env", "pullTypeMapping"});
  if (facts.arch_environment) {
    for (const Arch& arch : kArches) {
      env[env_of_arch("SHIMS", arch)] = text_at(values, {"env", of_arch("shims", arch)});
      env[env_of_arch("DEFAULT_SHIM", arch)] = text_at(values, {"env", of_arch("defaultShim", arch)});
    }
  }
  if (facts.snapshotter_environment) {
    env["EXPERIMENTAL_SETUP_SNAPSHOTTER"] = text_at(values, {"env", "_experimentalSetupSnapshotter"});
    env["EXPERIMENTAL_FORCE_GUEST_PULL"] = text_at(values, {"env", "_experimentalForceGuestPull"});
  }
}

}  // namespace

Values chart_defaults(const ChartFacts& facts) {
  Values defaults{{"imagePullPolicy", "Always"},
                  {"imagePullSecrets", Values::array()},
                  {"image", {{"reference", "quay.io/kata-containers/kata-deploy"}, {"tag", ""}}},
                  {"k8sDistribution", "k8s"}};
  if (facts.node_selector) defaults["nodeSelector"] = Values::object();
  if (facts.tolerations) defaults["tolerations"] = Values::array();
  Values& env = defaults["env"];
  for (const std::string_view name :
       {"allowedHypervisorAnnotations", "snapshotterHandlerMapping", "agentHttpsProxy", "agentNoProxy",
        "pullTypeMapping", "installationPrefix", "hostOS", "multiInstallSuffix"}) {
    env[std::string(name)] = "";
  }
  env["createDefaultRuntimeClass"] = "false";
  if (facts.snapshotter_environment) {
    env["_experimentalSetupSnapshotter"] = "";
    env["_experimentalForceGuestPull"] = "";
  }
  if (facts.structured_values) {
    add_structured_defaults(facts, defaults);
  } else {
    add_legacy_defaults(facts, defaults);
  }
  return defaults;
}

const Values& value_at(const Values& values, std::initializer_list<std::string_view> path) {
  static const Values kNothing;
  const Values* value = &values;
  for (const std::string_view key : path) {
    if (!value->is_object()) return kNothing;
    const auto found = value->find(key);
    if (found == value->end()) return kNothing;
    value = &*found;
  }
  return *value;
}

const Values::object_t& structured_shims(const Values& values) {
  static const Values::object_t kNone;
  const Values& shims = value_at(values, {"shims"});
  return shims.is_object() ? shims.get_ref<const Values::object_t&>() : kNone;
}

std::string text_at(const Values& values, std::initializer_list<std::string_view> path) {
  const Values& value = value_at(values, path);
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? std::string() : value.dump();
}

bool holds(const Values& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_string()) return !value.get_ref<const std::string&>().empty();
  if (value.is_number()) return value != 0;
  return !value.empty();
}

std::string join(const Words& words, std::string_view separator) {
  std::string joined;
  for (const std::string& word : words) {
    if (!joined.empty()) joined += separator;
    joined += word;
  }
  return joined;
}

std::string suffix_of(const Values& values) { return text_at(values, {"env", "multiInstallSuffix"}); }

Words shims_of_arch(const ChartFacts& facts, const Values& values, const Arch& arch) {
  const std::string of_this_arch = text_at(values, {"env", of_arch("shims", arch)});
  if (!of_this_arch.empty()) return split(of_this_arch, ' ');
  const std::string all = text_at(values, {"env", "shims"});
  if (!facts.structured_values) return split(all, ' ');
  if (facts.legacy_lists_reach_the_pod && !all.empty()) {
    Words listed = split(all, ' ');
    // The plain list is amd64's; elsewhere only what runs there counts.
    if (arch.kubernetes != "amd64") {
      std::erase_if(listed,
                    [&](const std::string& name) { return !supports(value_at(values, {"shims", name}), arch); });
    }
    return listed;
  }
  Words shims;
  for (const auto& [name, shim] : structured_shims(values)) {
    if (holds(value_at(shim, {"enabled"})) && supports(shim, arch)) shims.push_back(name);
  }
  return shims;
}

Words shims_of_any_arch(const ChartFacts& facts, const Values& values) {
  Words shims;
  for (const Arch& arch : kArches) {
    for (std::string& shim : shims_of_arch(facts, values, arch)) {
      if (!contains(shims, shim)) shims.push_back(std::move(shim));
    }
  }
  return shims;
}

Words snapshotter_mapping(const ChartFacts& facts, const Values& values, const Arch& arch) {
  if (!facts.structured_values) return split(text_at(values, {"env", "snapshotterHandlerMapping"}), ',');
  return snapshotter_mapping(facts, values, arch, counted_shims(facts, values, arch));
}

Words runtime_class_shims(const ChartFacts& facts, const Values& values) {
  if (facts.legacy_lists_reach_the_pod) return shims_of_any_arch(facts, values);
  if (const std::string legacy = text_at(values, {"env", "shims"}); !legacy.empty()) return split(legacy, ' ');
  Words shims;
  for (const auto& [name, shim] : structured_shims(values)) {
    if (holds(value_at(shim, {"enabled"}))) shims.push_back(name);
  }
  return shims;
}

Strings common_environment(const ChartFacts& facts, const Values& values) {
  Strings env;
  env["CREATE_RUNTIMECLASSES"] = text_at(values, {"env", "createRuntimeClasses"});
  env["CREATE_DEFAULT_RUNTIMECLASS"] = text_at(values, {"env", "createDefaultRuntimeClass"});
  env["INSTALLATION_PREFIX"] = text_at(values, {"env", "installationPrefix"});
  env["MULTI_INSTALL_SUFFIX"] = suffix_of(values);
  if (facts.structured_values) {
    add_structured(facts, values, env);
  } else {
    add_legacy(facts, values, env);
  }
  set_unless_empty(env, "HOST_OS", text_at(values, {"env", "hostOS"}));
  return env;
}

Strings pod_environment(const ChartFacts& facts, Strings env, PodRole role) {
  if (role == PodRole::cleanup) {
    if (!facts.cleanup_knows_prefix) env["INSTALLATION_PREFIX"] = "";
    env["HELM_POST_DELETE_HOOK"] = "true";
  } else if (facts.structured_values && facts.amd64_guest_pull_everywhere) {
    const auto amd64 = env.find(env_of_arch("EXPERIMENTAL_FORCE_GUEST_PULL", kArches[0]));
    const std::string forced = amd64 == env.end() ? "" : amd64->second;
    for (const Arch& arch : kArches) {
      const auto own = env.find(env_of_arch("EXPERIMENTAL_FORCE_GUEST_PULL", arch));
      if (own != env.end()) own->second = forced;
    }
  }
  return env;
}

}  // namespace barnacle
