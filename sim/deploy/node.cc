// The node around the deployment: which runtime it has, whether the values fit it, its label, the runtime's restart.
#include <fmt/format.h>

#include <algorithm>

#include "sim/deploy/deployment.h"

namespace barnacle {
namespace {

const std::string kLabel(kKataLabel);
constexpr std::string_view kMarkers = "kata-deploy.katacontainers.io/";

// Each release marks the nodes it serves with a label of its own, so that the shared one outlives all but the last.
std::string marker_label(const Settings& settings) {
  return std::string(kMarkers) + (settings.suffix.empty() ? "default" : settings.suffix);
}

void fail_as_kubectl(Shell& shell, const ApiError& error) {
  shell.fail(fmt::format("Error from server ({}): {}", error.reason, error.message));
}

Task<EffectResult> get_node(Deployment& deployment, std::string_view label_prefix) {
  EffectResult answer = co_await deployment.shell.api_get_node(std::string(kThisNode), label_prefix);
  if (answer.api_error) fail_as_kubectl(deployment.shell, *answer.api_error);
  co_return answer;
}

Task<bool> set_label(Deployment& deployment, std::string key, std::optional<std::string> value) {
  const EffectResult answer = co_await deployment.shell.api_label(Kind::node, std::string(kThisNode), key, value);
  if (answer.api_error) fail_as_kubectl(deployment.shell, *answer.api_error);
  co_return answer.changed;
}

int major_version(const std::string& runtime_version) {
  const auto parsed = RuntimeVersion::parse(runtime_version);
  return parsed ? parsed->major_version : 0;
}

void refuse_mapping(Deployment& deployment) {
  const Settings& settings = deployment.settings;
  Shell& shell = deployment.shell;
  for (const std::string& entry : settings.snapshotter_mapping) {
    const std::size_t colon = entry.find(':');
    const std::string shim = entry.substr(0, colon);
    if (shim.empty() || colon == std::string::npos || colon + 1 == entry.size()) {
      shell.refuse(
          "The snapshotter must follow the \"shim:snapshotter,shim:snapshotter,...\" format, but at least one part is "
          "empty");
    }
    if (std::ranges::count(settings.shims, shim) == 0) {
      shell.refuse(fmt::format("\"{}\" is not part of \"{}\"", shim, fmt::join(settings.shims, " ")));
    }
    const auto same = [&](const std::string& other) { return other.starts_with(shim + ":"); };
    if (std::ranges::count_if(settings.snapshotter_mapping, same) != 1) {
      shell.refuse("One, and only one, entry per shim is required");
    }
  }
}

Task<bool> another_release_serves(Deployment& deployment) {
  if (deployment.has(Defect::label_by_daemon_set_count)) {
    const EffectResult listed = co_await deployment.shell.api_list(Kind::daemon_set, "kube-system");
    // A list that is forbidden counts as an empty one: its error goes down a pipe.
    co_return std::ranges::any_of(listed.names, [](const std::string& name) { return name.contains("kata-deploy"); });
  }
  const EffectResult node = co_await get_node(deployment, kMarkers);
  const std::string own = marker_label(deployment.settings);
  co_return std::ranges::any_of(node.names, [&](const std::string& label) { return label != own; });
}

}  // namespace

Work detect_runtime(Deployment& deployment) {
  Shell& shell = deployment.shell;
  const EffectResult node = co_await get_node(deployment, "node.kubernetes.io/instance-type");
  deployment.runtime_version = node.runtime_version;
  if (deployment.settings.facts().detects_microk8s) co_await get_node(deployment, "microk8s.io/cluster");
  if (deployment.runtime_version.starts_with("cri-o")) {
    deployment.runtime = "crio";
  } else {
    const EffectResult controller = co_await shell.systemctl("is-active", "k0scontroller");
    if (controller.exit_status != 0) co_await shell.systemctl("is-active", "k0sworker");
    deployment.runtime = deployment.runtime_version.substr(0, deployment.runtime_version.find(':'));
  }
  deployment.uses_drop_in = deployment.containerd() && major_version(deployment.runtime_version) >= 2;
}

// Nothing happens where nothing was installed.
Work withdraw(Deployment& deployment) {
  const EffectResult present = co_await deployment.shell.stat(deployment.settings.destination());
  if (present.node == nullptr) co_return;
  co_await unconfigure_containerd(deployment);
  co_await restart_runtime(deployment);
  co_await remove_artifacts(deployment);
}

Work check_values(Deployment& deployment) {
  const Settings& settings = deployment.settings;
  Shell& shell = deployment.shell;
  std::optional<std::string> why;
  try {
    if (settings.facts().prefix_must_be_absolute && !settings.prefix.empty() && !settings.prefix.starts_with('/')) {
      shell.refuse("INSTALLATION_PREFIX must begin with a \"/\"(ex. /hoge/fuga)");
    }
    if (deployment.containerd()) {
      if (deployment.runtime_version.starts_with("containerd://1.6") && !settings.snapshotter_mapping.empty()) {
        shell.refuse("kata-deploy only supports snapshotter configuration with containerd 1.7 or newer");
      }
      refuse_mapping(deployment);
      if (!settings.suffix.empty() && !deployment.uses_drop_in) {
        shell.refuse(fmt::format("Multi installation can only be done if {} supports drop-in configuration files",
                                 deployment.runtime));
      }
    }
    co_return;
  } catch (const ScriptExit&) {
    why = shell.log().back();
    shell.log().pop_back();
  }
  // A release that refuses its node no longer serves it; what ran there before is left alone …
  if (!deployment.has(Defect::label_by_daemon_set_count)) co_await unlabel_node(deployment);
  // … unless the runtime was replaced by one that knows no drop-ins: there, what is left of it hides the others'
  // handlers.
  const bool outlived = deployment.containerd() && !deployment.uses_drop_in && !settings.suffix.empty();
  if (outlived && !deployment.has(Defect::refusal_blocks_cleanup)) co_await withdraw(deployment);
  shell.print(*why);
  throw ScriptExit{1, true};
}

Work label_node(Deployment& deployment) {
  if (!deployment.has(Defect::label_by_daemon_set_count)) {
    co_await set_label(deployment, marker_label(deployment.settings), "true");
  }
  const bool changed = co_await set_label(deployment, kLabel, "true");
  if (deployment.has(Defect::canary)) deployment.shell.print("tweet");
  deployment.shell.print(fmt::format("node/{} {}", kThisNode, changed ? "labeled" : "not labeled"));
}

Work unlabel_node(Deployment& deployment) {
  if (!deployment.has(Defect::label_by_daemon_set_count)) {
    co_await set_label(deployment, marker_label(deployment.settings), std::nullopt);
  }
  const bool keep = co_await another_release_serves(deployment);
  if (keep) co_return;
  const bool changed = co_await set_label(deployment, kLabel, std::nullopt);
  deployment.shell.print(changed ? fmt::format("node/{} unlabeled", kThisNode)
                                 : fmt::format("label \"{}\" not found.", kLabel));
}

Work note_runtime_change(Deployment& deployment) {
  if (deployment.runtime_files_changed) co_return;
  deployment.runtime_files_changed = true;
  if (deployment.has(Defect::restart_always)) co_return;
  const std::string marker = deployment.settings.restart_marker();
  const EffectResult marked = co_await deployment.shell.touch(marker);
  deployment.shell.require(marked, "touch", marker);
}

Task<const Blob*> read_if_there(Deployment& deployment, std::string path) {
  const EffectResult present = co_await deployment.shell.read(path);
  if (present.error && *present.error != Errno::enoent) deployment.shell.require(present, "cat", path);
  co_return present.blob;
}

Work remove_runtime_file(Deployment& deployment, std::string path) {
  const EffectResult present = co_await deployment.shell.lstat(path);
  if (present.node == nullptr) co_return;
  co_await note_runtime_change(deployment);
  const EffectResult removed = co_await deployment.shell.remove(path);
  if (removed.error) deployment.shell.fail(fmt::format("rm: can't remove '{}': {}", path, message(*removed.error)));
}

Work sync_runtime_file(Deployment& deployment, std::string path, const Blob* text) {
  Shell& shell = deployment.shell;
  const EffectResult present = co_await shell.stat(path);
  if (present.node != nullptr && present.node->blob == text) co_return;
  co_await note_runtime_change(deployment);
  const std::uint16_t mode = present.node != nullptr ? present.node->attributes.mode : std::uint16_t{0644};
  const EffectResult written = co_await shell.replace(path, text, mode);
  if (written.error) shell.fail(fmt::format("{}: {}", path, message(*written.error)));
}

Work restart_runtime(Deployment& deployment) {
  Shell& shell = deployment.shell;
  const bool always = deployment.has(Defect::restart_always);
  const std::string marker = deployment.settings.restart_marker();
  if (!always) {
    const EffectResult due = co_await shell.stat(marker);
    if (due.node == nullptr) co_return;
  }
  co_await shell.systemctl("daemon-reload", "");
  const EffectResult restarted = co_await shell.systemctl("restart", deployment.runtime);
  if (restarted.exit_status != 0) shell.fail(restarted.message, restarted.exit_status);
  if (always) co_return;
  const EffectResult removed = co_await shell.remove(marker);
  shell.require(removed, "rm", marker);
}

Work wait_until_ready(Deployment& deployment) {
  if (!deployment.has(Defect::ready_is_stale)) {
    const EffectResult active = co_await deployment.shell.systemctl("is-active", deployment.runtime);
    if (active.exit_status != 0) deployment.shell.fail(fmt::format("{} is not running", deployment.runtime));
  }
  const EffectResult ready = co_await deployment.shell.wait_ready();
  if (ready.exit_status != 0) throw ScriptStuck{};
}

}  // namespace barnacle
