#include "sim/host/runtime.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <deque>

#include "sim/host/observe.h"
#include "sim/host/runtime_load.h"

namespace barnacle {
namespace {

using Loaded = std::expected<LoadedConfigPtr, LoadError>;

// What every version made of every tree. A host has one version, and there are but a few.
struct RuntimeCache {
  struct OfVersion {
    RuntimeVersion version;
    LookMemory<Loaded> loaded = {};
  };
  std::deque<OfVersion> versions;

  LookMemory<Loaded>& of(const RuntimeVersion& version) {
    const auto known = std::ranges::find(versions, version, &OfVersion::version);
    return known != versions.end() ? known->loaded : versions.emplace_back(version).loaded;
  }
};

bool is_executable(const Node* node) {
  return node != nullptr && node->kind == FileKind::file && (node->attributes.mode & 0111U) != 0;
}

// containerd looks for a shim named after the type: io.containerd.kata-qemu.v2 → containerd-shim-kata-qemu-v2.
std::string shim_of_type(std::string_view type) {
  std::string name = "containerd-shim";
  constexpr std::string_view kPrefix = "io.containerd.";
  if (type.starts_with(kPrefix)) type.remove_prefix(kPrefix.size());
  name.append("-").append(type);
  std::ranges::replace(name, '.', '-');
  return name;
}

// runc and crun come with the distribution; they are no part of the simulated host.
bool comes_with_distribution(const Handler& handler) {
  if (!handler.runtime_path.empty()) return false;
  return handler.runtime_type == "io.containerd.runc.v2" || handler.runtime_type == "oci" ||
         handler.runtime_type.empty();
}

// The places where the shim may be, in the order in which they are looked at; none where it is of no concern.
std::vector<std::string> shim_places(const Handler& handler) {
  if (comes_with_distribution(handler)) return {};
  if (!handler.runtime_path.empty()) return {handler.runtime_path};
  if (handler.runtime_type.starts_with('/')) return {handler.runtime_type};
  const std::string shim = shim_of_type(handler.runtime_type);
  return {"/usr/local/bin/" + shim, "/usr/bin/" + shim};
}

bool has_shim(const FindNode& find, const Handler& handler) {
  return handler.shims.empty() ||
         std::ranges::any_of(handler.shims, [&](const std::string& path) { return is_executable(find(path)); });
}

bool has_configuration(const FindNode& find, const Handler& handler) {
  if (handler.config_path.empty()) return true;
  const Node* node = find(handler.config_path);
  return node != nullptr && node->kind == FileKind::file;
}

std::vector<std::string> needed_by(const std::vector<Handler>& handlers) {
  std::vector<std::string> paths;
  for (const Handler& handler : handlers) {
    std::ranges::copy(handler.shims, std::back_inserter(paths));
    if (!handler.config_path.empty()) paths.push_back(handler.config_path);
  }
  return paths;
}

Hash128 contents_of(Store& store, const std::vector<ConfigSource>& sources) {
  Hasher hasher;
  for (const ConfigSource& source : sources)
    hasher.add(source.path).add(observed_contents(store, ".toml", source.blob));
  return hasher.finish();
}

Loaded load(Looker& files, const RuntimeVersion& version) {
  const bool crio = version.family == RuntimeFamily::crio;
  const auto sources = crio ? crio_sources(files) : containerd_sources(files);
  if (!sources) return std::unexpected(sources.error());
  Store& store = files.store();
  auto loaded = crio ? load_crio(store, *sources) : load_containerd(store, *sources, version);
  if (!loaded) return loaded;
  auto whole = std::make_shared<LoadedConfig>(**loaded);
  for (Handler& handler : whole->handlers) handler.shims = shim_places(handler);
  whole->needed = needed_by(whole->handlers);
  whole->contents = contents_of(store, *sources);
  return whole;
}

}  // namespace

std::string RuntimeVersion::text() const {
  const std::string family_name = family == RuntimeFamily::crio ? "cri-o" : "containerd";
  return family_name + "://" + std::to_string(major_version) + "." + std::to_string(minor_version) + "." +
         std::to_string(patch_version);
}

std::string RuntimeVersion::unit() const { return family == RuntimeFamily::crio ? "crio" : "containerd"; }

std::optional<RuntimeVersion> RuntimeVersion::parse(std::string_view text) {
  RuntimeVersion version;
  constexpr std::string_view kContainerd = "containerd://";
  constexpr std::string_view kCrio = "cri-o://";
  if (text.starts_with(kContainerd)) {
    text.remove_prefix(kContainerd.size());
  } else if (text.starts_with(kCrio)) {
    version.family = RuntimeFamily::crio;
    text.remove_prefix(kCrio.size());
  } else {
    return std::nullopt;
  }
  const char* at = text.data();
  const char* end = text.data() + text.size();
  for (int* number : {&version.major_version, &version.minor_version, &version.patch_version}) {
    const auto [next, error] = std::from_chars(at, end, *number);
    if (error != std::errc() || *number < 0) return std::nullopt;
    at = next;
    const bool last = number == &version.patch_version;
    if (last) break;
    if (at == end || *at != '.') return std::nullopt;
    ++at;
  }
  return at == end ? std::optional(version) : std::nullopt;
}

const std::expected<LoadedConfigPtr, LoadError>& load_runtime_configuration(const FileTree& files,
                                                                            const RuntimeVersion& version) {
  return files.store().attachment<RuntimeCache>().of(version).of(
      files, [&version](Looker& looker) { return load(looker, version); });
}

std::vector<BrokenHandler> broken_handlers(const FindNode& find, const LoadedConfig& loaded) {
  std::vector<BrokenHandler> broken;
  for (const Handler& handler : loaded.handlers) {
    if (!has_shim(find, handler)) broken.push_back({handler.name, handler.shims.back()});
    if (!has_configuration(find, handler)) broken.push_back({handler.name, handler.config_path});
  }
  return broken;
}

std::vector<BrokenHandler> broken_handlers(const FileTree& files, const LoadedConfig& loaded) {
  const auto find = [&files](const std::string& path) { return files.find(path).value_or(nullptr); };
  return broken_handlers(find, loaded);
}

std::string default_containerd_configuration(int major_version) {
  const bool major_2 = major_version >= 2;
  const char* plugin = major_2 ? "io.containerd.cri.v1.runtime" : "io.containerd.grpc.v1.cri";
  return fmt::format(
      "version = {}\nroot = '/var/lib/containerd'\nstate = '/run/containerd'\nimports = []\n\n[grpc]\n"
      "  address = '/run/containerd/containerd.sock'\n\n[plugins]\n  [plugins.'{}'.containerd]\n"
      "    default_runtime_name = 'runc'\n\n  [plugins.'{}'.containerd.runtimes.runc]\n"
      "    runtime_type = 'io.containerd.runc.v2'\n",
      major_2 ? 3 : 2, plugin, plugin);
}

}  // namespace barnacle
