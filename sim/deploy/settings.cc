#include "sim/deploy/settings.h"

#include <algorithm>

namespace barnacle {
namespace {

constexpr std::string_view kConfigurations = "/share/defaults/kata-containers";  // below the destination

std::string value_of(const Strings& environment, const std::string& name, std::string otherwise = "") {
  const auto entry = environment.find(name);
  return entry == environment.end() || entry->second.empty() ? otherwise : entry->second;
}

// NAME_X86_64, where the chart sets it, wins over NAME. All hosts here are x86_64.
std::string for_architecture(const Strings& environment, const std::string& name) {
  return value_of(environment, name + "_X86_64", value_of(environment, name));
}

}  // namespace

std::string destination_of(std::string_view prefix, std::string_view suffix) {
  std::string destination = std::string(prefix) + "/opt/kata";
  if (!suffix.empty()) destination += "-" + std::string(suffix);
  return destination;
}

bool Settings::is_rust(const std::string& shim) const { return std::ranges::count(facts().rust_shims, shim) != 0; }

std::string Settings::with_suffix(std::string name) const {
  if (!suffix.empty()) name += "-" + suffix;
  return name;
}

std::string Settings::configuration_folder(const std::string& shim) const {
  return destination() + std::string(kConfigurations) + (is_rust(shim) ? "/runtime-rs" : "");
}

std::string Settings::configuration(const std::string& shim) const {
  return configuration_folder(shim) + "/configuration-" + shim + ".toml";
}

std::string Settings::config_path(const std::string& shim) const {
  std::string path = configuration(shim);
  if (facts().double_slash_in_config_path) path.insert(destination().size() + kConfigurations.size(), "/");
  return path;
}

std::string Settings::shim_binary(const std::string& shim) const {
  return destination() + (is_rust(shim) ? "/runtime-rs/bin" : "/bin") + "/containerd-shim-kata-v2";
}

Settings read_settings(const DeployVersion& version, const Strings& environment, Hash128 environment_hash) {
  Settings settings;
  settings.version = &version;
  settings.shims = split(for_architecture(environment, "SHIMS"), ' ');
  settings.debug = value_of(environment, "DEBUG") == "true";
  settings.create_runtime_classes = value_of(environment, "CREATE_RUNTIMECLASSES") == "true";
  settings.create_default_runtime_class = value_of(environment, "CREATE_DEFAULT_RUNTIMECLASS") == "true";
  settings.default_shim = for_architecture(environment, "DEFAULT_SHIM");
  settings.https_proxy = value_of(environment, "AGENT_HTTPS_PROXY");
  settings.no_proxy = value_of(environment, "AGENT_NO_PROXY");
  settings.annotations = for_architecture(environment, "ALLOWED_HYPERVISOR_ANNOTATIONS");
  settings.snapshotter_mapping = split(for_architecture(environment, "SNAPSHOTTER_HANDLER_MAPPING"), ',');
  settings.pull_types = split(for_architecture(environment, "PULL_TYPE_MAPPING"), ',');
  settings.force_guest_pull = split(for_architecture(environment, "EXPERIMENTAL_FORCE_GUEST_PULL"), ',');
  settings.prefix = value_of(environment, "INSTALLATION_PREFIX");
  settings.suffix = value_of(environment, "MULTI_INSTALL_SUFFIX");
  settings.host_os = value_of(environment, "HOST_OS");
  settings.post_delete_hook = value_of(environment, "HELM_POST_DELETE_HOOK") == "true";
  settings.root = destination_of(settings.prefix, settings.suffix);
  settings.roots = {settings.root, "/etc/containerd", "/etc/crio", settings.restart_marker()};
  if (!settings.prefix.empty()) settings.roots.push_back(settings.prefix);
  settings.hash = Hasher().add(version.hash).add(environment_hash).finish();
  return settings;
}

}  // namespace barnacle
