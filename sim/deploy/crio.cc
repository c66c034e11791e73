// CRI-O: a drop-in of the release's own, built anew at each start.
#include <fmt/format.h>

#include <algorithm>

#include "sim/deploy/deployment.h"

namespace barnacle {
namespace {

constexpr const char* kFolder = "/etc/crio/crio.conf.d";
constexpr std::string_view kDebug = "[crio.runtime]\nlog_level = \"debug\"\n";

std::string drop_in(const Settings& settings) {
  return fmt::format("{}/{}", kFolder, settings.with_suffix("99-kata-deploy"));
}

std::string debug_drop_in(const Deployment& deployment) {
  if (deployment.has(Defect::crio_debug_shared)) return fmt::format("{}/100-debug", kFolder);
  return fmt::format("{}/{}", kFolder, deployment.settings.with_suffix("99-kata-deploy-debug"));
}

std::string pull_line(Deployment& deployment, const std::string& shim) {
  for (const std::string& entry : deployment.settings.pull_types) {
    const std::size_t colon = entry.find(':');
    const std::string type = colon == std::string::npos ? entry : entry.substr(colon + 1);
    if (entry.substr(0, colon) != shim || type == "default") continue;
    if (type != "guest-pull") deployment.shell.refuse(fmt::format("Unsupported pull type '{}' for {}", type, shim));
    return "\truntime_pull_image = true\n";
  }
  return "";
}

std::string runtime_table(Deployment& deployment, const std::string& shim) {
  const Settings& settings = deployment.settings;
  return fmt::format(
      "\n[crio.runtime.runtimes.{}]\n\truntime_path = \"{}\"\n\truntime_type = \"vm\"\n\truntime_root = \"/run/vc\"\n"
      "\truntime_config_path = \"{}\"\n\tprivileged_without_host_devices = true\n{}",
      settings.handler(shim), settings.shim_binary(shim), settings.config_path(shim), pull_line(deployment, shim));
}

std::string drop_in_text(Deployment& deployment) {
  std::string text = "[crio]\n  storage_option = [\n\t\"overlay.skip_mount_home=true\",\n  ]\n";
  for (const std::string& shim : deployment.settings.shims) text += runtime_table(deployment, shim);
  return text;
}

// Upstream builds the files line by line; what a restart in between would load is therefore a part of them.
Work rebuild(Deployment& deployment, std::string path, std::string text) {
  Shell& shell = deployment.shell;
  const EffectResult present = co_await shell.lstat(path);
  if (present.node != nullptr) {
    const EffectResult removed = co_await shell.remove(path);
    shell.require(removed, "rm", path);
  }
  const EffectResult touched = co_await shell.touch(path);
  shell.require(touched, "touch", path);
  std::string so_far;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find("\n\n", start), text.size() - 1) + 1;
    so_far.append(text, start, end - start);
    const Blob* blob = shell.store().intern(so_far);
    const EffectResult written = co_await shell.write(path, blob);
    if (written.error) shell.fail(fmt::format("tee: {}: {}", path, message(*written.error)));
    start = end;
  }
}

Work configure_shared_debug(Deployment& deployment) {
  co_await rebuild(deployment, debug_drop_in(deployment), "");
  if (deployment.settings.debug) {
    const Blob* text = deployment.shell.store().intern(kDebug);
    const EffectResult written = co_await deployment.shell.write(debug_drop_in(deployment), text);
    deployment.shell.require(written, "tee", debug_drop_in(deployment));
  }
}

}  // namespace

Work configure_crio(Deployment& deployment) {
  Shell& shell = deployment.shell;
  shell.print("Add Kata Containers as a supported runtime for CRIO:");
  const EffectResult made = co_await shell.make_directory(kFolder);
  if (made.error) shell.fail(fmt::format("mkdir: can't create directory '{}': {}", kFolder, message(*made.error)));
  const std::string text = drop_in_text(deployment);
  if (deployment.has(Defect::crio_debug_shared)) {
    co_await note_runtime_change(deployment);
    co_await rebuild(deployment, drop_in(deployment.settings), text);
    co_await configure_shared_debug(deployment);
    co_return;
  }
  const Blob* blob = shell.store().intern(text);
  co_await sync_runtime_file(deployment, drop_in(deployment.settings), blob);
  if (deployment.settings.debug) {
    const Blob* debug = shell.store().intern(kDebug);
    co_await sync_runtime_file(deployment, debug_drop_in(deployment), debug);
  } else {
    co_await remove_runtime_file(deployment, debug_drop_in(deployment));
  }
}

Work unconfigure_crio(Deployment& deployment) {
  co_await remove_runtime_file(deployment, drop_in(deployment.settings));
  if (!deployment.has(Defect::crio_debug_shared) || deployment.settings.debug) {
    co_await remove_runtime_file(deployment, debug_drop_in(deployment));
  }
}

}  // namespace barnacle
