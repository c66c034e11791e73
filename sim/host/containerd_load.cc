// containerd: the merge of its files, and what it and its CRI plugin decode of the result.
#include <algorithm>
#include <optional>

#include "sim/host/runtime_load.h"

namespace barnacle {
namespace {

constexpr std::string_view kCriOfVersion1 = "cri";
constexpr std::string_view kCriOfVersion2 = "io.containerd.grpc.v1.cri";
constexpr std::string_view kCriOfVersion3 = "io.containerd.cri.v1.runtime";

constexpr DecodedKey kTopLevel[] = {
    {"version", TomlKind::integer},   {"root", TomlKind::string},         {"state", TomlKind::string},
    {"debug", TomlKind::table},       {"grpc", TomlKind::table},          {"plugins", TomlKind::table},
    {"oom_score", TomlKind::integer}, {"proxy_plugins", TomlKind::table}, {"disabled_plugins", TomlKind::strings},
};
constexpr DecodedKey kDebug[] = {{"level", TomlKind::string}, {"address", TomlKind::string}};
constexpr DecodedKey kCri[] = {
    {"containerd", TomlKind::table},
    {"sandbox_image", TomlKind::string},
    {"enable_selinux", TomlKind::boolean},
    {"disable_apparmor", TomlKind::boolean},
};
constexpr DecodedKey kContainerdTable[] = {
    {"default_runtime_name", TomlKind::string},
    {"snapshotter", TomlKind::string},
    {"disable_snapshot_annotations", TomlKind::boolean},
    {"discard_unpacked_layers", TomlKind::boolean},
    {"runtimes", TomlKind::table},
};
constexpr DecodedKey kRuntime[] = {
    {"runtime_type", TomlKind::string},
    {"runtime_path", TomlKind::string},
    {"runtime_engine", TomlKind::string},
    {"runtime_root", TomlKind::string},
    {"snapshotter", TomlKind::string},
    {"base_runtime_spec", TomlKind::string},
    {"sandbox_mode", TomlKind::string},
    {"sandboxer", TomlKind::string},
    {"privileged_without_host_devices", TomlKind::boolean},
    {"pod_annotations", TomlKind::strings},
    {"container_annotations", TomlKind::strings},
    {"options", TomlKind::table},
};
constexpr DecodedKey kOptions[] = {
    {"ConfigPath", TomlKind::string},
    {"BinaryName", TomlKind::string},
    {"SystemdCgroup", TomlKind::boolean},
};

using Refusal = std::optional<LoadError>;

bool merges_deeply(const RuntimeVersion& version) { return version.major_version >= 2; }

// What the file says itself, or what `otherwise` says; 1 where nobody does.
std::int64_t schema_of(const TomlValue& config, std::int64_t otherwise) {
  const TomlValue* version = config.get("version");
  const std::int64_t stated = version == nullptr ? 0 : std::get<std::int64_t>(version->value);
  return stated > 0 ? stated : std::max<std::int64_t>(otherwise, 1);
}

std::string_view cri_of_schema(std::int64_t schema) {
  return schema <= 1 ? kCriOfVersion1 : schema == 2 ? kCriOfVersion2 : kCriOfVersion3;
}

// What a single file may not say, whatever comes after it.
Refusal refuse_file(const ConfigSource& source, const TomlValue& config, const RuntimeVersion& version) {
  std::string wrong = wrong_type(config, kTopLevel, "");
  if (const TomlValue* debug = config.get("debug"); wrong.empty() && debug != nullptr) {
    wrong = wrong_type(*debug, kDebug, "debug");
  }
  if (const TomlValue* plugins = config.get("plugins"); wrong.empty() && plugins != nullptr) {
    for (const auto& [id, section] : plugins->table()) {
      if (!section.is_table()) wrong = "plugins." + id + ": expected a table";
    }
  }
  if (!wrong.empty()) return LoadError{source.path, "failed to load TOML: " + source.path + ": " + wrong};
  const std::int64_t newest = merges_deeply(version) ? 3 : 2;
  const std::int64_t schema = schema_of(config, 1);
  if (schema <= newest) return std::nullopt;
  return LoadError{source.path, "expected containerd config version equal to or less than `" + std::to_string(newest) +
                                    "`, got `" + std::to_string(schema) + "`"};
}

// The file's tables with the CRI plugin under one name, whatever the file's schema calls it. What goes by a name of
// another schema is nothing that this containerd would look at.
TomlValue in_one_schema(const TomlValue& config, std::int64_t schema) {
  TomlValue whole = config;
  std::erase_if(whole.table(), [](const auto& entry) { return entry.first == "imports" || entry.first == "version"; });
  for (auto& [key, plugins] : whole.table()) {
    if (key != "plugins") continue;
    std::erase_if(plugins.table(), [&](const auto& entry) {
      const bool any_cri =
          entry.first == kCriOfVersion1 || entry.first == kCriOfVersion2 || entry.first == kCriOfVersion3;
      return any_cri && entry.first != cri_of_schema(schema);
    });
    for (auto& [id, section] : plugins.table()) {
      if (id == cri_of_schema(schema)) id = kCriOfVersion3;
    }
  }
  return whole;
}

// containerd 1.x: what a later file says of a plugin takes the place of all that was said of it before.
void merge_by_section(TomlValue& into, const TomlValue& from) {
  for (const auto& [key, value] : from.table()) {
    if (key != "plugins" && key != "proxy_plugins") {
      TomlValue one = toml_table();
      one.set({key}, value);
      merge_toml(into, one);
      continue;
    }
    for (const auto& [id, section] : value.table()) into.set({key, id}, section);
  }
}

const TomlValue* cri_in(const TomlValue& config) { return config.at({"plugins", kCriOfVersion3}); }

// Why the CRI plugin would not take its section; empty when it would.
std::string wrong_in_cri(const TomlValue& cri) {
  if (std::string wrong = wrong_type(cri, kCri, ""); !wrong.empty()) return wrong;
  const TomlValue* containerd = cri.get("containerd");
  if (containerd == nullptr) return {};
  if (std::string wrong = wrong_type(*containerd, kContainerdTable, "containerd"); !wrong.empty()) return wrong;
  const TomlValue* runtimes = containerd->get("runtimes");
  if (runtimes == nullptr) return {};
  for (const auto& [name, runtime] : runtimes->table()) {
    const std::string where = "containerd.runtimes." + name;
    if (!runtime.is_table()) return where + ": expected a table";
    if (std::string wrong = wrong_type(runtime, kRuntime, where); !wrong.empty()) return wrong;
    const TomlValue* options = runtime.get("options");
    if (options == nullptr) continue;
    if (std::string wrong = wrong_type(*options, kOptions, where + ".options"); !wrong.empty()) return wrong;
  }
  return {};
}

class Loader {
 public:
  Loader(Store& store, const ConfigSources& sources, const RuntimeVersion& version)
      : store_(store), sources_(sources), version_(version) {}

  std::expected<LoadedConfigPtr, LoadError> run() {
    if (Refusal refusal = read_files()) return std::unexpected(std::move(*refusal));
    if (const TomlValue* cri = cri_in(merged_); cri != nullptr) {
      if (const std::string wrong = wrong_in_cri(*cri); !wrong.empty()) return std::unexpected(invalid(wrong));
    }
    read_handlers();
    const std::string fallback = text_at(merged_, {"plugins", kCriOfVersion3, "containerd", "default_runtime_name"});
    if (!fallback.empty() && std::ranges::count(loaded_.handlers, fallback, &Handler::name) == 0) {
      return std::unexpected(
          invalid("no corresponding runtime configured in `containerd.runtimes` for `containerd` "
                  "`default_runtime_name = \"" +
                  fallback + "\"`"));
    }
    loaded_.log_level = text_at(merged_, {"debug", "level"});
    loaded_.hash = hash_of(merged_);
    return std::make_shared<const LoadedConfig>(std::move(loaded_));
  }

 private:
  Refusal read_files() {
    std::int64_t main_schema = 0;
    for (const ConfigSource& source : sources_) {
      const TomlValue& config = *parse_toml(store_, source.blob);
      if (Refusal refusal = refuse_file(source, config, version_)) return refusal;
      const std::int64_t schema = schema_of(config, main_schema);
      if (main_schema == 0) main_schema = schema;
      parts_.push_back(in_one_schema(config, schema));
      if (merges_deeply(version_)) {
        merge_toml(merged_, parts_.back());
      } else {
        merge_by_section(merged_, parts_.back());
      }
      loaded_.files.push_back(source.path);
    }
    return std::nullopt;
  }

  // Named after the last file whose own section is wrong; the main file when it is only wrong in sum.
  LoadError invalid(const std::string& wrong) const {
    std::size_t culprit = 0;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const TomlValue* cri = cri_in(parts_[i]);
      if (cri != nullptr && !wrong_in_cri(*cri).empty()) culprit = i;
    }
    return {sources_[culprit].path, "invalid plugin config: " + wrong};
  }

  // The last file that says anything of the runtime.
  std::string file_of(const std::string& name) const {
    std::string file;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      if (parts_[i].at({"plugins", kCriOfVersion3, "containerd", "runtimes", name}) != nullptr) file = sources_[i].path;
    }
    return file;
  }

  void read_handlers() {
    const TomlValue* runtimes = merged_.at({"plugins", kCriOfVersion3, "containerd", "runtimes"});
    if (runtimes != nullptr) {
      for (const auto& [name, runtime] : runtimes->table()) {
        loaded_.handlers.push_back({.name = name,
                                    .runtime_type = text_at(runtime, {"runtime_type"}),
                                    .runtime_path = text_at(runtime, {"runtime_path"}),
                                    .config_path = text_at(runtime, {"options", "ConfigPath"}),
                                    .snapshotter = text_at(runtime, {"snapshotter"}),
                                    .file = file_of(name)});
      }
    }
    // The plugin's own default stays unless a file says otherwise.
    if (std::ranges::count(loaded_.handlers, "runc", &Handler::name) == 0) {
      Handler built_in;
      built_in.name = "runc";
      built_in.runtime_type = "io.containerd.runc.v2";
      loaded_.handlers.push_back(std::move(built_in));
    }
    std::ranges::sort(loaded_.handlers, {}, &Handler::name);
  }

  Store& store_;
  const ConfigSources& sources_;
  const RuntimeVersion& version_;
  std::vector<TomlValue> parts_;  // of each file, in one schema
  TomlValue merged_ = toml_table();
  LoadedConfig loaded_;
};

}  // namespace

std::expected<LoadedConfigPtr, LoadError> load_containerd(Store& store, const ConfigSources& sources,
                                                          const RuntimeVersion& version) {
  return Loader(store, sources, version).run();
}

}  // namespace barnacle
