// The loop over the shims: values, relocation, wrapper.
#include <fmt/format.h>

#include <algorithm>

#include "sim/deploy/deployment.h"
#include "sim/deploy/shim_configuration.h"

namespace barnacle {
namespace {

constexpr const char* kScript = "/opt/kata-artifacts/scripts/kata-deploy.sh";

// A configuration while it is edited: on the host at every edit (as upstream), or in memory until it is done.
struct Draft {
  std::string path;
  const Blob* text = nullptr;
  bool in_place = false;
};

Work load(Deployment& deployment, Draft& draft) {
  const EffectResult present = co_await deployment.shell.read(draft.path);
  if (present.error) {
    deployment.shell.fail(fmt::format("sed: can't read /host/{}: {}", draft.path, message(*present.error)), 2);
  }
  draft.text = present.blob;
}

Work store(Deployment& deployment, Draft& draft) {
  const EffectResult written = co_await deployment.shell.replace(draft.path, draft.text, 0644);
  if (written.error) {
    deployment.shell.fail(fmt::format("sed: couldn't write /host/{}: {}", draft.path, message(*written.error)), 4);
  }
}

Work revise(Deployment& deployment, Draft& draft, const TextEdit& edit) {
  if (draft.in_place) co_await load(deployment, draft);
  draft.text = apply_edit(deployment.shell.store(), draft.text, edit);
  if (draft.in_place) co_await store(deployment, draft);
}

// What `tomlq '.hypervisor.NAME.path'` prints: the value, or "null".
std::string hypervisor_path(Store& store, const Blob* text, const std::string& name) {
  const auto& parsed = parse_toml(store, text);
  const TomlValue* value = parsed ? parsed->at({"hypervisor", name, "path"}) : nullptr;
  return value != nullptr && value->is_string() ? value->string() : "null";
}

// jq takes the dashes of an unquoted name for subtractions of functions that do not exist.
void die_of_jq(Deployment& deployment, const std::string& name) {
  const auto errors = std::ranges::count(name, '-');
  deployment.shell.fail(errors == 1 ? "jq: 1 compile error" : fmt::format("jq: {} compile errors", errors), 3);
}

bool points_into(const Blob* text, const std::string& destination) {
  return has_line(text->bytes, [&](std::string_view line) { return line.contains("\"" + destination + "/"); });
}

enum class Guard : std::uint8_t { relocate, already, end_of_loop };

// Is this configuration to be relocated, or was it before?
Guard relocation_guard(Deployment& deployment, const Draft& draft, const std::string& shim) {
  if (deployment.has(Defect::suffix_reapplied) || deployment.has(Defect::suffix_stripped)) return Guard::relocate;
  const std::string destination = deployment.settings.destination();
  const bool narrow = deployment.has(Defect::relocation_guard_narrow) || deployment.has(Defect::shim_name_unquoted) ||
                      deployment.has(Defect::hypervisor_name_unquoted);
  if (!narrow) {
    const bool relocated = draft.in_place && points_into(draft.text, destination);
    if (!relocated) return Guard::relocate;
    return deployment.has(Defect::shim_loop_breaks) ? Guard::end_of_loop : Guard::already;
  }
  const bool qemu_known = !deployment.has(Defect::shim_name_unquoted);
  const std::string name = qemu_known && shim.starts_with("qemu") ? "qemu" : shim;
  const bool unquoted = deployment.has(Defect::shim_name_unquoted) || deployment.has(Defect::hypervisor_name_unquoted);
  if (unquoted && name.contains('-')) die_of_jq(deployment, name);
  if (!hypervisor_path(deployment.shell.store(), draft.text, name).contains(destination)) return Guard::relocate;
  return deployment.has(Defect::shim_loop_breaks) ? Guard::end_of_loop : Guard::already;
}

std::string without_suffix(std::string path, const std::string& suffix) {
  for (std::size_t at = path.find("-" + suffix); at != std::string::npos; at = path.find("-" + suffix)) {
    path.erase(at, suffix.size() + 1);
  }
  return path;
}

// Two steps: a script that is cut in between leaves a wrapper that nobody can start, and that the next start keeps.
Work write_wrapper(Deployment& deployment, const std::string& script, const Blob* text) {
  Shell& shell = deployment.shell;
  const EffectResult written = co_await shell.write(script, text);
  if (written.error) {
    shell.fail(fmt::format("{}: line 370: /host/{}: {}", kScript, script, message(*written.error)));
  }
  const EffectResult changed = co_await shell.chmod(script, 0755);
  shell.require(changed, "chmod", script);
}

Work wrap_qemu(Deployment& deployment, Draft& draft, const std::string& shim) {
  Shell& shell = deployment.shell;
  const Settings& settings = deployment.settings;
  std::string binary = hypervisor_path(shell.store(), draft.text, "qemu");
  if (deployment.has(Defect::suffix_stripped) && !settings.suffix.empty())
    binary = without_suffix(binary, settings.suffix);
  const std::string script = binary + "-installation-prefix";
  const EffectResult present = co_await shell.stat(script);
  const Blob* text = shell.store().intern(wrapper_text(settings, shim, binary));
  if (deployment.has(Defect::wrapper_first_come)) {
    if (present.node == nullptr) co_await write_wrapper(deployment, script, text);
  } else if (present.node == nullptr || present.node->blob != text || present.node->attributes.mode != 0755) {
    const EffectResult written = co_await shell.replace(script, text, 0755);
    shell.require(written, "mv", script);
  }
  if (script.starts_with(settings.destination() + "/"))
    deployment.wanted.insert(script.substr(settings.destination().size() + 1));
  if (settings.facts().edits_toml_by_value) {
    const TextEdit edit = set_value({"hypervisor", "qemu", "path"}, toml_string(script));
    co_await revise(deployment, draft, edit);
    co_return;
  }
  if (settings.facts().wrapper_substituted_once && draft.text->bytes.contains(script)) co_return;
  const TextEdit edit = substitute_first_per_line(binary, script);
  co_await revise(deployment, draft, edit);
}

Work relocate(Deployment& deployment, Draft& draft, const std::string& shim) {
  const Settings& settings = deployment.settings;
  const std::string destination = settings.destination();
  // Upstream substitutes wherever the letters stand; a file rendered from the payload can mind where a path ends.
  const TextEdit edit =
      draft.in_place ? substitute_all("/opt/kata", destination) : relocate_paths("/opt/kata", destination);
  co_await revise(deployment, draft, edit);
  if (has_wrapper(settings, shim)) co_await wrap_qemu(deployment, draft, shim);
}

Work finish(Deployment& deployment, const Draft& draft) {
  if (draft.in_place) co_return;
  const EffectResult present = co_await deployment.shell.stat(draft.path);
  if (present.node != nullptr && present.node->blob == draft.text && present.node->attributes.mode == 0644) co_return;
  const EffectResult written = co_await deployment.shell.replace(draft.path, draft.text, 0644);
  if (written.error) deployment.shell.fail(fmt::format("{}: {}", draft.path, message(*written.error)));
}

const Blob* pristine(Deployment& deployment, const std::string& path) {
  const Payload& payload = *deployment.settings.version->payload;
  const std::string below = path.substr(deployment.settings.destination().size() + 1);
  for (std::size_t i = 0; i < payload.entries.size(); ++i) {
    if (payload.entries[i].path == below) return payload_tree(deployment.shell.store(), payload).nodes[i]->blob;
  }
  return nullptr;
}

// source /host/etc/os-release || source /host/usr/lib/os-release, under errexit: without either the script ends.
Task<std::string> read_os_release(Deployment& deployment) {
  const EffectResult own = co_await deployment.shell.read("/etc/os-release");
  if (own.blob != nullptr) co_return own.blob->bytes;
  const EffectResult shipped = co_await deployment.shell.read("/usr/lib/os-release");
  if (shipped.blob != nullptr) co_return shipped.blob->bytes;
  const std::string_view why = message(shipped.error.value_or(Errno::enoent));
  deployment.shell.fail(fmt::format("{}: /host/usr/lib/os-release: {}", kScript, why));
}

// One turn of the loop; false ends it.
Task<bool> configure_shim(Deployment& deployment, const std::string& shim, std::set<std::string>& seen_annotations) {
  const Settings& settings = deployment.settings;
  Draft draft{.path = settings.configuration(shim), .in_place = edits_in_place(settings)};
  if (draft.in_place) {
    const EffectResult made = co_await deployment.shell.make_directory(settings.configuration_folder(shim));
    if (made.error) deployment.shell.fail(std::string(message(*made.error)));
    const EffectResult present = co_await deployment.shell.read(draft.path);
    draft.text = present.blob;
  } else {
    draft.text = pristine(deployment, draft.path);
  }
  std::string os_release;
  if (shim.contains("tdx")) os_release = co_await read_os_release(deployment);
  const std::vector<EditMaker> makers = shim_edits(settings, shim, os_release, seen_annotations);
  if (draft.text == nullptr) {
    if (makers.empty() && !settings.relocated()) co_return true;  // nothing asks for the file
    deployment.shell.fail(fmt::format("sed: can't read /host/{}: {}", draft.path, message(Errno::enoent)), 2);
  }
  for (const EditMaker& maker : makers) {
    const std::vector<TextEdit> edits = maker(deployment.shell.store(), draft.text);
    for (const TextEdit& edit : edits) co_await revise(deployment, draft, edit);
  }
  if (settings.relocated()) {
    const Guard guard = relocation_guard(deployment, draft, shim);
    if (guard == Guard::end_of_loop) co_return false;
    if (guard == Guard::relocate) co_await relocate(deployment, draft, shim);
  }
  co_await finish(deployment, draft);
  co_return true;
}

}  // namespace

bool edits_in_place(const Settings& settings) {
  for (const Defect defect :
       {Defect::newer_file_kept, Defect::suffix_reapplied, Defect::shim_loop_breaks, Defect::relocation_guard_narrow,
        Defect::proxy_appended, Defect::debug_appended, Defect::annotations_appended, Defect::suffix_stripped}) {
    if (settings.has(defect)) return true;
  }
  return false;
}

bool has_wrapper(const Settings& settings, const std::string& shim) {
  return std::ranges::count(settings.facts().wrapped_shims, shim) != 0;
}

// From the QEMU man page: -L names the folder of BIOS and keymaps, which a relocated QEMU would not find by itself.
std::string wrapper_text(const Settings& settings, const std::string& shim, const std::string& binary) {
  const auto named = settings.facts().qemu_share.find(shim);
  std::string share = named == settings.facts().qemu_share.end() ? shim : named->second;
  if (!settings.has(Defect::wrapper_first_come)) {
    // One wrapper for each QEMU: its share is a matter of the binary, whichever shim comes first.
    const std::string_view name = base_name(binary);
    constexpr std::string_view kPlain = "qemu-system-x86_64";
    if (name.starts_with(kPlain)) share = "qemu" + std::string(name.substr(kPlain.size()));
  }
  return fmt::format("#!/usr/bin/env bash\n\nexec {} \"$@\" -L {}/share/kata-{}/qemu/\n", binary,
                     settings.destination(), share);
}

namespace {

Work configure_all(Deployment& deployment) {
  std::set<std::string> seen_annotations;
  for (const std::string& shim : deployment.settings.shims) {
    const bool goes_on = co_await configure_shim(deployment, shim, seen_annotations);
    if (!goes_on) break;
  }
  if (deployment.settings.host_os != "cbl-mariner") co_return;
  // Mariner's Cloud Hypervisor is another binary of the payload.
  Draft draft{.path = deployment.settings.destination() + "/share/defaults/kata-containers/configuration-clh.toml",
              .in_place = true};
  const std::string binary = deployment.settings.destination() + "/bin/cloud-hypervisor-glibc";
  const TextEdit resources = set_value({"hypervisor", "clh", "static_sandbox_resource_mgmt"}, toml_bool(true));
  const TextEdit paths = set_value({"hypervisor", "clh", "valid_hypervisor_paths"}, toml_array(std::vector{binary}));
  const TextEdit path = set_value({"hypervisor", "clh", "path"}, toml_string(binary));
  co_await revise(deployment, draft, resources);
  co_await revise(deployment, draft, paths);
  co_await revise(deployment, draft, path);
}

}  // namespace

Work configure_shims(Deployment& deployment) {
  const Settings& settings = deployment.settings;
  const PartKey part{settings.destination(), "/etc/os-release", Hasher().add("configure").add(settings.hash).finish()};
  co_await remembered(deployment, part, configure_all);
}

}  // namespace barnacle
