// The artefacts below the release's destination: copied in, pruned, removed.
#include <fmt/format.h>

#include <algorithm>

#include "sim/deploy/deployment.h"

namespace barnacle {
namespace {

bool same_entry(const Node& present, const Node& wanted) {
  return present.kind == wanted.kind && present.blob == wanted.blob &&
         present.attributes.mode == wanted.attributes.mode;
}

// The configurations of the enabled shims are written as a whole later, when they are ready.
std::vector<std::string> written_later(const Settings& settings) {
  std::vector<std::string> paths;
  if (edits_in_place(settings)) return paths;
  for (const std::string& shim : settings.shims) paths.push_back(settings.configuration(shim));
  return paths;
}

// Is the entry on the host to be left as it is?
bool keeps(const Deployment& deployment, const Node& present, const Node& wanted) {
  if (deployment.has(Defect::newer_file_kept)) return present.attributes.mtime >= wanted.attributes.mtime;
  return same_entry(present, wanted);
}

Work copy_entry(Deployment& deployment, const PayloadEntry& entry, const Node* wanted,
                const std::vector<std::string>& later) {
  Shell& shell = deployment.shell;
  const std::string path = deployment.settings.destination() + "/" + entry.path;
  deployment.wanted.insert(entry.path);
  const EffectResult present = co_await shell.lstat(path);
  if (entry.kind == FileKind::directory) {
    if (present.node != nullptr) co_return;
    const EffectResult made = co_await shell.make_directory(path);
    if (made.error) shell.fail(fmt::format("cp: cannot create directory '/host{}': {}", path, message(*made.error)));
    co_return;
  }
  if (std::ranges::count(later, path) != 0) co_return;
  if (present.node != nullptr && keeps(deployment, *present.node, *wanted)) co_return;
  if (entry.kind == FileKind::symlink) {
    const EffectResult linked = co_await shell.make_symlink(path, entry.text);
    if (linked.error) shell.fail(fmt::format("cp: cannot create symlink '/host{}': {}", path, message(*linked.error)));
    co_return;
  }
  const EffectResult copied = co_await shell.copy_in(path, wanted->blob, wanted->attributes);
  if (copied.error) shell.fail(fmt::format("cp: can't create '/host{}': {}", path, message(*copied.error)));
}

// chmod +x of everything in a folder of binaries, also of what others put there.
Work make_executable(Deployment& deployment, std::string folder) {
  Shell& shell = deployment.shell;
  const EffectResult listed = co_await shell.list(folder);
  for (const std::string& name : listed.names) {
    const std::string path = join(folder, name);
    const EffectResult found = co_await shell.stat(path);
    if (found.node == nullptr || (found.node->attributes.mode & 0111) == 0111) continue;
    const EffectResult changed = co_await shell.chmod(path, found.node->attributes.mode | 0111);
    shell.require(changed, "chmod", path);
  }
}

Work prune_folder(Deployment& deployment, std::string below) {
  Shell& shell = deployment.shell;
  const std::string folder = deployment.settings.destination() + (below.empty() ? "" : "/" + below);
  const EffectResult listed = co_await shell.list(folder);
  for (const std::string& name : listed.names) {
    const std::string path = below.empty() ? name : below + "/" + name;
    if (!deployment.wanted.contains(path)) {
      co_await remove_tree(deployment, deployment.settings.destination() + "/" + path);
      continue;
    }
    const EffectResult found = co_await shell.lstat(folder + "/" + name);
    if (found.node != nullptr && found.node->kind == FileKind::directory) co_await prune_folder(deployment, path);
  }
}

Hash128 inputs_of_copy(const Deployment& deployment) {
  const Settings& settings = deployment.settings;
  Hasher hasher;
  hasher.add("copy").add(settings.version->hash);
  for (const std::string& shim : settings.shims) hasher.add(shim);
  return hasher.finish();
}

Work copy_entries(Deployment& deployment) {
  const Settings& settings = deployment.settings;
  const Payload& payload = *settings.version->payload;
  const PayloadTree& tree = payload_tree(deployment.shell.store(), payload);
  const std::vector<std::string> later = written_later(settings);
  for (std::size_t i = 0; i < payload.entries.size(); ++i)
    co_await copy_entry(deployment, payload.entries[i], tree.nodes[i], later);
  if (deployment.has(Defect::newer_file_kept)) {
    co_await make_executable(deployment, settings.destination() + "/bin");
    co_await make_executable(deployment, settings.destination() + "/runtime-rs/bin");
  }
}

Work prune_destination(Deployment& deployment) { co_await prune_folder(deployment, ""); }

Work remove_destination(Deployment& deployment) { co_await remove_tree(deployment, deployment.settings.destination()); }

}  // namespace

Work copy_artifacts(Deployment& deployment) {
  Shell& shell = deployment.shell;
  const Settings& settings = deployment.settings;
  shell.print("copying kata artifacts onto host");
  const EffectResult made = co_await shell.make_directory(settings.destination());
  if (made.error) {
    shell.fail(
        fmt::format("mkdir: can't create directory '/host{}': {}", settings.destination(), message(*made.error)));
  }
  const PartKey part{settings.destination(), "", inputs_of_copy(deployment)};
  co_await remembered(deployment, part, copy_entries);
}

Work prune_artifacts(Deployment& deployment) {
  const PartKey part{deployment.settings.destination(), "",
                     Hasher().add("prune").add(deployment.wanted.hash()).finish()};
  co_await remembered(deployment, part, prune_destination);
}

Work remove_tree(Deployment& deployment, std::string path) {
  Shell& shell = deployment.shell;
  const EffectResult found = co_await shell.lstat(path);
  if (found.node == nullptr) co_return;
  if (found.node->kind == FileKind::directory) {
    const EffectResult listed = co_await shell.list(path);
    for (const std::string& name : listed.names) co_await remove_tree(deployment, path + "/" + name);
  }
  const EffectResult removed = co_await shell.remove(path);
  if (removed.error) shell.fail(fmt::format("rm: can't remove '/host{}': {}", path, message(*removed.error)));
}

Work remove_artifacts(Deployment& deployment) {
  Shell& shell = deployment.shell;
  const Settings& settings = deployment.settings;
  shell.print("deleting kata artifacts");
  const PartKey part{settings.destination(), "", Hasher().add("remove").finish()};
  co_await remembered(deployment, part, remove_destination);
  if (settings.prefix.empty() || deployment.has(Defect::stale_artifacts_stay)) co_return;
  // The folders between the prefix and the tree are the deployment's as well, once nobody uses them.
  std::string folder(parent_path(settings.destination()));
  while (folder.size() >= settings.prefix.size() && folder != "/opt" && folder != "/") {
    const EffectResult listed = co_await shell.list(folder);
    const bool gone = listed.error == Errno::enoent;  // by a run that got no further
    if ((listed.error && !gone) || !listed.names.empty()) break;
    if (!gone) {
      const EffectResult removed = co_await shell.remove(folder);
      if (removed.error) break;
    }
    folder = parent_path(folder);
  }
}

}  // namespace barnacle
