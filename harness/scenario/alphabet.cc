#include "harness/scenario/alphabet.h"

#include <algorithm>

#include "sim/host/toml.h"

namespace barnacle {
namespace {

constexpr std::string_view kContainerdConfiguration = "/etc/containerd/config.toml";
constexpr std::string_view kContainerdDropIns = "/etc/containerd/conf.d";
constexpr std::string_view kCrioDropIns = "/etc/crio/crio.conf.d";

int version_of(const TomlValue& document) {
  const TomlValue* version = document.get("version");
  if (version == nullptr || !std::holds_alternative<std::int64_t>(version->value)) return 1;
  return static_cast<int>(std::get<std::int64_t>(version->value));
}

bool imports(const TomlValue& document, std::string_view pattern) {
  const TomlValue* imports = document.get("imports");
  if (imports == nullptr || !imports->is_array()) return false;
  return std::ranges::any_of(imports->array(),
                             [&](const TomlValue& entry) { return entry.is_string() && entry.string() == pattern; });
}

void describe_containerd(HostChoice& host, std::optional<std::string_view> text) {
  // k3s and its like choose their runtime themselves, and write its configuration.
  const bool plain = host.configuration == kContainerdConfiguration;
  host.takes_suffix = host.runtime.major_version >= 2;
  host.configuration_version = 0;
  if (text) {
    const auto document = parse_toml(*text);
    host.configuration_version = document ? version_of(*document) : 1;
    if (document && imports(*document, std::string(kContainerdDropIns) + "/*.toml"))
      host.drop_in_folder = kContainerdDropIns;
  }
  // containerd 1.7 refuses version 3; 2.x no longer reads version 1.
  const bool both_read_it = host.configuration_version == 2 || host.configuration_version == 0;
  if (plain && both_read_it) host.runtimes = {"containerd://1.7.27", "containerd://2.0.4"};
}

}  // namespace

HostChoice describe_host(std::string name, const RuntimeVersion& runtime, std::string configuration,
                         std::optional<std::string_view> text) {
  HostChoice host;
  host.name = std::move(name);
  host.runtime = runtime;
  host.configuration = std::move(configuration);
  if (text && text->contains("SystemdCgroup = true"))
    host.toggles = {{"SystemdCgroup = true", "SystemdCgroup = false"}};
  if (runtime.family == RuntimeFamily::containerd) {
    describe_containerd(host, text);
  } else {
    host.configuration_version = 0;
    host.drop_in_folder = kCrioDropIns;
  }
  if (!text) host.configuration.clear();
  return host;
}

}  // namespace barnacle
