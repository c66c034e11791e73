// CRI-O: crio.conf, then the drop-ins in byte order of their names; later files win key by key.
#include <algorithm>

#include "sim/host/runtime_load.h"

namespace barnacle {
namespace {

constexpr const char* kCrioMain = "/etc/crio/crio.conf";
constexpr const char* kDropIns = "/etc/crio/crio.conf.d";

constexpr DecodedKey kCrioTopLevel[] = {{"crio", TomlKind::table}};
constexpr DecodedKey kCrioTable[] = {
    {"runtime", TomlKind::table},
    {"storage_driver", TomlKind::string},
    {"storage_option", TomlKind::strings},
};
constexpr DecodedKey kCrioRuntime[] = {
    {"log_level", TomlKind::string},
    {"default_runtime", TomlKind::string},
    {"runtimes", TomlKind::table},
};
constexpr DecodedKey kHandler[] = {
    {"runtime_path", TomlKind::string},
    {"runtime_type", TomlKind::string},
    {"runtime_root", TomlKind::string},
    {"runtime_config_path", TomlKind::string},
    {"privileged_without_host_devices", TomlKind::boolean},
    {"runtime_pull_image", TomlKind::boolean},
    {"allowed_annotations", TomlKind::strings},
};

// Why CRI-O would not decode the file; empty when it would.
std::string wrong_in(const TomlValue& config) {
  if (std::string wrong = wrong_type(config, kCrioTopLevel, ""); !wrong.empty()) return wrong;
  const TomlValue* crio = config.get("crio");
  if (crio == nullptr) return {};
  if (std::string wrong = wrong_type(*crio, kCrioTable, "crio"); !wrong.empty()) return wrong;
  const TomlValue* runtime = crio->get("runtime");
  if (runtime == nullptr) return {};
  if (std::string wrong = wrong_type(*runtime, kCrioRuntime, "crio.runtime"); !wrong.empty()) return wrong;
  const TomlValue* handlers = runtime->get("runtimes");
  if (handlers == nullptr) return {};
  for (const auto& [name, handler] : handlers->table()) {
    const std::string where = "crio.runtime.runtimes." + name;
    if (!handler.is_table()) return where + ": expected a table";
    if (std::string wrong = wrong_type(handler, kHandler, where); !wrong.empty()) return wrong;
  }
  return {};
}

// Files below the folder, in byte order of their names, folders where their names stand.
void add_drop_ins(Looker& files, const std::string& folder, std::vector<std::string>& paths) {
  const auto found = files.find(folder);
  if (!found) return;
  for (const Child& child : (*found)->children) {
    const std::string path = join(folder, *child.name);
    const auto node = files.find(path, Follow::no);
    if (node && (*node)->kind == FileKind::directory) {
      add_drop_ins(files, path, paths);
    } else {
      paths.push_back(path);
    }
  }
}

LoadError not_decoded(const std::string& path, std::string_view why) {
  return {path, "unable to decode configuration " + path + ": " + std::string(why)};
}

std::string file_of(Store& store, const ConfigSources& sources, const std::string& handler) {
  std::string file;
  for (const ConfigSource& source : sources) {
    if (parse_toml(store, source.blob)->at({"crio", "runtime", "runtimes", handler}) != nullptr) file = source.path;
  }
  return file;
}

}  // namespace

std::expected<ConfigSources, LoadError> crio_sources(Looker& files) {
  std::vector<std::string> paths;
  if (files.find(kCrioMain)) paths.emplace_back(kCrioMain);
  add_drop_ins(files, kDropIns, paths);
  ConfigSources sources;
  for (const std::string& path : paths) {
    const auto blob = files.read(path);
    if (!blob) return std::unexpected(not_decoded(path, message(blob.error())));
    const auto& config = parse_toml(files.store(), *blob);
    if (!config) {
      return std::unexpected(
          not_decoded(path, "line " + std::to_string(config.error().line) + ": " + config.error().what));
    }
    sources.push_back({path, *blob});
  }
  return sources;
}

std::expected<LoadedConfigPtr, LoadError> load_crio(Store& store, const ConfigSources& sources) {
  TomlValue merged = toml_table();
  LoadedConfig loaded;
  for (const ConfigSource& source : sources) {
    const TomlValue& config = *parse_toml(store, source.blob);
    if (const std::string wrong = wrong_in(config); !wrong.empty())
      return std::unexpected(not_decoded(source.path, wrong));
    merge_toml(merged, config);
    loaded.files.push_back(source.path);
  }
  loaded.log_level = text_at(merged, {"crio", "runtime", "log_level"});
  if (const TomlValue* handlers = merged.at({"crio", "runtime", "runtimes"}); handlers != nullptr) {
    for (const auto& [name, handler] : handlers->table()) {
      loaded.handlers.push_back({.name = name,
                                 .runtime_type = text_at(handler, {"runtime_type"}),
                                 .runtime_path = text_at(handler, {"runtime_path"}),
                                 .config_path = text_at(handler, {"runtime_config_path"}),
                                 .snapshotter = {},
                                 .file = file_of(store, sources, name)});
    }
  }
  std::ranges::sort(loaded.handlers, {}, &Handler::name);
  loaded.hash = hash_of(merged);
  return std::make_shared<const LoadedConfig>(std::move(loaded));
}

}  // namespace barnacle
