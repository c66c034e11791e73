// containerd: a drop-in that the main file imports (2.x), or a block in the main file itself (1.x, whose imports
// replace whole plugin sections).
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "sim/deploy/deployment.h"
#include "sim/deploy/runtime_text.h"
#include "sim/deploy/text_edit.h"

namespace barnacle {
namespace {

constexpr const char* kFile = "/etc/containerd/config.toml";
constexpr const char* kBackup = "/etc/containerd/config.toml.bak";

// grep -q "version = N\>"
bool says_version(std::string_view text, char number) {
  const std::string wanted = std::string("version = ") + number;
  for (std::size_t at = text.find(wanted); at != std::string_view::npos; at = text.find(wanted, at + 1)) {
    const std::size_t after = at + wanted.size();
    if (after == text.size() || (std::isalnum(static_cast<unsigned char>(text[after])) == 0 && text[after] != '_'))
      return true;
  }
  return false;
}

std::string plugin_of(std::string_view main_file) {
  if (says_version(main_file, '3')) return "io.containerd.cri.v1.runtime";
  if (says_version(main_file, '2')) return "io.containerd.grpc.v1.cri";
  return "cri";
}

std::string mapped_snapshotter(const Settings& settings, const std::string& shim) {
  for (const std::string& entry : settings.snapshotter_mapping) {
    const std::size_t colon = entry.find(':');
    if (colon == std::string::npos || entry.substr(0, colon) != shim) continue;
    const std::string snapshotter = entry.substr(colon + 1);
    return snapshotter == "nydus" && settings.facts().nydus_takes_suffix ? settings.with_suffix(snapshotter)
                                                                         : snapshotter;
  }
  return "";
}

using Path = std::vector<std::string>;

struct KeyValue {
  Path path;
  TomlValue value;
};

// The keys of one handler, in the order in which upstream sets them.
std::vector<KeyValue> handler_keys(const Settings& settings, const std::string& shim, const std::string& plugin) {
  const std::string handler = settings.handler(shim);
  const Path table = {"plugins", plugin, "containerd", "runtimes", handler};
  const auto at = [&](std::initializer_list<const char*> keys) {
    Path path = table;
    path.insert(path.end(), keys.begin(), keys.end());
    return path;
  };
  std::vector<std::string> annotations = {"io.katacontainers.*"};
  if (settings.facts().cdi_annotations && shim.contains("nvidia-gpu-")) annotations.emplace_back("cdi.k8s.io/*");
  std::vector<KeyValue> keys = {
      {at({"runtime_type"}), toml_string(fmt::format("io.containerd.{}.v2", handler))},
      {at({"runtime_path"}), toml_string(settings.shim_binary(shim))},
      {at({"privileged_without_host_devices"}), toml_bool(true)},
      {at({"pod_annotations"}), toml_array(annotations)},
      {at({"options", "ConfigPath"}), toml_string(settings.config_path(shim))},
  };
  if (settings.debug) keys.push_back({{"debug", "level"}, toml_string("debug")});
  const std::string snapshotter = mapped_snapshotter(settings, shim);
  if (!snapshotter.empty()) keys.push_back({at({"snapshotter"}), toml_string(snapshotter)});
  return keys;
}

// tomlq -i: reads the file, and replaces it by what it became.
Work tomlq(Deployment& deployment, std::string file, const TextEdit& edit) {
  Shell& shell = deployment.shell;
  const EffectResult present = co_await shell.read(file);
  if (present.error) shell.fail(fmt::format("tomlq: Error: [Errno 2] {}: '{}'", message(*present.error), file));
  if (!parse_toml(shell.store(), present.blob)) shell.fail(fmt::format("tomlq: Error: {} cannot be parsed", file));
  const EffectResult node = co_await shell.stat(file);
  const std::uint16_t mode = node.node != nullptr ? node.node->attributes.mode : std::uint16_t{0644};
  const Blob* after = apply_edit(shell.store(), present.blob, edit);
  const EffectResult written = co_await shell.replace(file, after, mode);
  if (written.error) shell.fail(fmt::format("tomlq: Error: {}: '{}'", message(*written.error), file));
}

std::vector<std::string> imports_of(Store& store, const Blob* text) {
  std::vector<std::string> imports;
  const auto& parsed = parse_toml(store, text);
  const TomlValue* list = parsed ? parsed->get("imports") : nullptr;
  if (list == nullptr || !list->is_array()) return imports;
  for (const TomlValue& item : list->array()) {
    if (item.is_string()) imports.push_back(item.string());
  }
  return imports;
}

Task<std::string> read_main_file(Deployment& deployment) {
  const Blob* present = co_await read_if_there(deployment, kFile);
  co_return present == nullptr ? "" : present->bytes;
}

// --- the drop-in of containerd 2.x ---

Work import_by_value(Deployment& deployment) {
  Shell& shell = deployment.shell;
  const Blob* present = co_await read_if_there(deployment, kFile);
  const std::string drop_in = deployment.settings.drop_in();
  const bool listed = present != nullptr && present->bytes.contains(drop_in);
  if (listed && !deployment.has(Defect::import_appended)) co_return;
  std::vector<std::string> imports =
      present != nullptr ? imports_of(shell.store(), present) : std::vector<std::string>{};
  imports.push_back(drop_in);
  co_await note_runtime_change(deployment);
  const TextEdit edit = set_value({"imports"}, toml_array(imports));
  co_await tomlq(deployment, kFile, edit);
}

// The main file imports the release's drop-in; null where its imports are no list.
TextEdit import_drop_in(const Deployment& deployment) {
  const std::string drop_in = deployment.settings.drop_in();
  const std::string owner = deployment.settings.with_suffix("kata-deploy");
  const bool appended = deployment.has(Defect::import_appended);
  const Hash128 id = Hasher().add("import").add(drop_in).add(owner).add(std::uint64_t{appended}).finish();
  return {id, [=](Store& store, const Blob* before) -> const Blob* {
            const std::string text = remove_block(before->bytes, owner);  // of the time before containerd 2
            std::optional<std::string> after = add_import(text, drop_in);
            if (!after) return nullptr;
            if (appended && *after == text) {
              const std::string item = fmt::format("\"{}\"", drop_in);
              after->insert(after->find(item), item + ", ");
            }
            return store.intern(*after);
          }};
}

Work import_by_text(Deployment& deployment) {
  Shell& shell = deployment.shell;
  const Blob* present = co_await read_if_there(deployment, kFile);
  if (present == nullptr) present = shell.store().intern(made_file(3));
  const Blob* after = apply_edit(shell.store(), present, import_drop_in(deployment));
  if (after == nullptr) shell.fail(fmt::format("{}: imports is not a list", kFile));
  co_await sync_runtime_file(deployment, kFile, after);
}

Work edit_drop_in_by_key(Deployment& deployment, std::string file, std::string plugin) {
  for (const std::string& shim : deployment.settings.shims) {
    const std::vector<KeyValue> keys = handler_keys(deployment.settings, shim, plugin);
    for (const KeyValue& key : keys) {
      const TextEdit edit = set_value(key.path, key.value);
      co_await note_runtime_change(deployment);
      co_await tomlq(deployment, file, edit);
    }
  }
}

TomlValue whole_drop_in(const Settings& settings, const std::string& plugin) {
  TomlValue whole = toml_table();
  for (const std::string& shim : settings.shims) {
    for (const KeyValue& key : handler_keys(settings, shim, plugin)) whole.set(key.path, key.value);
  }
  return whole;
}

struct DropInMemory {
  std::unordered_map<Hash128, const Blob*, Hash128Hash> of;  // by settings and plugin
};

const Blob* drop_in_text(Store& store, const Settings& settings, const std::string& plugin) {
  const Blob*& text = store.attachment<DropInMemory>().of[Hasher().add(settings.hash).add(plugin).finish()];
  if (text == nullptr) text = intern_toml(store, whole_drop_in(settings, plugin));
  return text;
}

Work configure_drop_in(Deployment& deployment) {
  Shell& shell = deployment.shell;
  const std::string drop_in = deployment.settings.drop_in();
  deployment.wanted.insert({"containerd", "containerd/config.d", "containerd/config.d/kata-deploy.toml"});
  const std::string main_file = co_await read_main_file(deployment);
  // An empty file, made where there was none, says no version: the script then writes for the oldest one.
  const bool not_made = main_file.empty() && !deployment.has(Defect::configuration_made_in_pod);
  const std::string plugin = plugin_of(not_made ? made_file(3) : main_file);
  if (deployment.has(Defect::dropped_settings_stay)) {
    if (deployment.has(Defect::operator_file_reserialised)) co_await import_by_value(deployment);
    else co_await import_by_text(deployment);
    co_await edit_drop_in_by_key(deployment, drop_in, plugin);
    co_return;
  }
  // The drop-in is there, and whole, before anything imports it.
  co_await shell.make_directory(std::string(parent_path(drop_in)));
  const Blob* text = drop_in_text(shell.store(), deployment.settings, plugin);
  co_await sync_runtime_file(deployment, drop_in, text);
  if (deployment.has(Defect::operator_file_reserialised)) co_await import_by_value(deployment);
  else co_await import_by_text(deployment);
}

// --- the main file of containerd 1.x ---

bool has_debug_table(Store& store, const std::string& text) {
  const auto& parsed = parse_toml(store, store.intern(text));
  return parsed && parsed->get("debug") != nullptr;
}

Work configure_block(Deployment& deployment) {
  Shell& shell = deployment.shell;
  const Settings& settings = deployment.settings;
  const std::string owner = settings.with_suffix("kata-deploy");
  const Blob* present = co_await read_if_there(deployment, kFile);
  std::string text = present != nullptr ? present->bytes : made_file(2);
  text = remove_import(text, settings.drop_in());  // of the time with containerd 2
  TomlValue whole = whole_drop_in(settings, plugin_of(text));
  // An operator's own [debug] wins: a second table of that name would be an error.
  if (settings.debug && has_debug_table(shell.store(), remove_block(text, owner)))
    std::erase_if(whole.table(), [](const auto& entry) { return entry.first == "debug"; });
  const Blob* after = shell.store().intern(put_block(text, owner, write_toml(whole)));
  co_await sync_runtime_file(deployment, kFile, after);
}

Work edit_whole_file(Deployment& deployment) {
  Shell& shell = deployment.shell;
  const EffectResult present = co_await shell.stat(kFile);
  const EffectResult backup = co_await shell.stat(kBackup);
  if (present.node != nullptr && backup.node == nullptr) {  // cp -n
    const EffectResult copied = co_await shell.write(kBackup, present.node->blob);
    if (copied.error) shell.fail(fmt::format("cp: can't create '{}': {}", kBackup, message(*copied.error)));
  }
  const std::string main_file = co_await read_main_file(deployment);
  co_await edit_drop_in_by_key(deployment, kFile, plugin_of(main_file));
}

// --- and back ---

Work remove_import_by_value(Deployment& deployment) {
  Shell& shell = deployment.shell;
  const EffectResult present = co_await shell.read(kFile);
  if (present.error) shell.fail(fmt::format("tomlq: Error: [Errno 2] {}: '{}'", message(*present.error), kFile));
  const auto& parsed = parse_toml(shell.store(), present.blob);
  if (!parsed) shell.fail(fmt::format("tomlq: Error: {} cannot be parsed", kFile));
  const std::string drop_in = deployment.settings.drop_in();
  if (parsed->get("imports") == nullptr) {
    if (!deployment.has(Defect::cleanup_needs_imports)) co_return;
    shell.fail(fmt::format("jq: error (at <stdin>:0): null (null) and array ([\"{}\"]) cannot be subtracted", drop_in),
               5);
  }
  std::vector<std::string> imports = imports_of(shell.store(), present.blob);
  std::erase(imports, drop_in);
  co_await note_runtime_change(deployment);
  const TextEdit edit = set_value({"imports"}, toml_array(imports));
  co_await tomlq(deployment, kFile, edit);
}

Work remove_by_text(Deployment& deployment) {
  Shell& shell = deployment.shell;
  const Settings& settings = deployment.settings;
  const Blob* present = co_await read_if_there(deployment, kFile);
  if (present == nullptr) co_return;
  std::string text = remove_block(present->bytes, settings.with_suffix("kata-deploy"));
  const std::string without = remove_import(text, settings.drop_in());
  if (without == text && deployment.uses_drop_in && deployment.has(Defect::cleanup_needs_imports) &&
      !text.contains("imports")) {
    shell.fail(fmt::format("jq: error (at <stdin>:0): null (null) and array ([\"{}\"]) cannot be subtracted",
                           settings.drop_in()),
               5);
  }
  std::optional<std::string> left = without;
  const bool ours_gone = !without.contains("kata-deploy.toml\"") && !without.contains("# BEGIN kata-deploy");
  if (ours_gone && !deployment.has(Defect::created_configuration_stays)) left = unmake_file(without);
  if (!left) {
    co_await remove_runtime_file(deployment, kFile);
    co_return;
  }
  const Blob* after = shell.store().intern(*left);
  co_await sync_runtime_file(deployment, kFile, after);
}

Work restore_backup(Deployment& deployment) {
  Shell& shell = deployment.shell;
  co_await note_runtime_change(deployment);
  const EffectResult present = co_await shell.lstat(kFile);
  if (present.node != nullptr) {
    const EffectResult removed = co_await shell.remove(kFile);
    shell.require(removed, "rm", kFile);
  }
  const EffectResult backup = co_await shell.stat(kBackup);
  if (backup.node == nullptr) co_return;
  const EffectResult moved = co_await shell.rename(kBackup, kFile);
  if (moved.error) shell.fail(fmt::format("mv: can't rename '{}': {}", kBackup, message(*moved.error)));
}

}  // namespace

Work prepare_containerd(Deployment& deployment) {
  Shell& shell = deployment.shell;
  const EffectResult main_file = co_await shell.stat(kFile);
  const bool by_value =
      deployment.has(Defect::operator_file_reserialised) || deployment.has(Defect::configuration_made_in_pod);
  if (main_file.node == nullptr && by_value) {
    if (deployment.has(Defect::configuration_made_in_pod)) {
      co_await shell.write(kFile, shell.store().intern(""));
      shell.fail("/opt/kata-artifacts/scripts/kata-deploy.sh: line 870: containerd: command not found", 127);
    }
    const Blob* text = shell.store().intern(default_containerd_configuration(deployment.uses_drop_in ? 2 : 1));
    const EffectResult written = co_await shell.write(kFile, text);
    shell.require(written, "containerd config default", kFile);
  }
  if (deployment.uses_drop_in && deployment.has(Defect::dropped_settings_stay)) {
    const std::string drop_in = deployment.settings.drop_in();
    const EffectResult made = co_await shell.make_directory(std::string(parent_path(drop_in)));
    if (made.error)
      shell.fail(
          fmt::format("mkdir: can't create directory '/host{}': {}", parent_path(drop_in), message(*made.error)));
    const EffectResult touched = co_await shell.touch(drop_in);
    shell.require(touched, "touch", drop_in);
    deployment.wanted.insert({"containerd", "containerd/config.d", "containerd/config.d/kata-deploy.toml"});
  }
}

Work configure_containerd(Deployment& deployment) {
  deployment.shell.print("Add Kata Containers as a supported runtime for containerd");
  if (deployment.uses_drop_in) co_await configure_drop_in(deployment);
  else if (deployment.has(Defect::whole_file_backup)) co_await edit_whole_file(deployment);
  else co_await configure_block(deployment);
}

Work unconfigure_containerd(Deployment& deployment) {
  if (!deployment.uses_drop_in && deployment.has(Defect::whole_file_backup)) {
    co_await restore_backup(deployment);
  } else if (deployment.uses_drop_in && deployment.has(Defect::operator_file_reserialised)) {
    co_await remove_import_by_value(deployment);
  } else {
    co_await remove_by_text(deployment);
  }
}

}  // namespace barnacle
