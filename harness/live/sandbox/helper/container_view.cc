#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "harness/live/sandbox/helper/system.h"
#include "harness/live/sandbox/helper/view_parts.h"
#include "harness/live/sandbox/helper/views.h"
#include "sim/base/stable_sort.h"

namespace barnacle::helper {

namespace {

bool is_tool_name(const Stage& stage, const std::string& name) {
  return std::ranges::any_of(stage.tools, [&](const ToolFolder& tool) { return tool.name == name; });
}

// The lowest layer of a container's root: what every image is expected to have.
std::string make_skeleton(const SandboxSpec& spec) {
  const std::string folder = kStage + "/skeleton";
  for (const char* name : {"/etc/alternatives", "/proc", "/dev", "/sys", "/tmp", "/var/tmp", "/run", "/root"}) {
    make_folder(folder + name);
  }
  for (const char* name : {"/tmp", "/var/tmp"}) check(chmod((folder + name).c_str(), 01777) == 0, "opening /tmp");
  write_text(folder + "/etc/passwd",
             "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n");
  write_text(folder + "/etc/group", "root:x:0:\nnogroup:x:65534:\n");
  write_text(folder + "/etc/hosts", fmt::format("127.0.0.1 localhost {}\n", spec.hostname));
  write_text(folder + "/etc/hostname", spec.hostname + "\n");
  write_text(folder + "/etc/resolv.conf", "");
  if (spec.machine_tools) copy_tool_links(folder);
  return folder;
}

bool image_has(const Stage& stage, const std::string& path) {
  return std::ranges::any_of(stage.image, [&](const std::string& layer) { return is_folder(layer + path); });
}

std::vector<std::string> image_layers(const Stage& stage, const std::string& name) {
  std::vector<std::string> layers;
  for (auto layer = stage.image.rbegin(); layer != stage.image.rend(); ++layer) {
    add_layer(layers, name.empty() ? *layer : *layer + "/" + name);
  }
  return layers;
}

void mount_image_tools(const SandboxSpec& spec, const Stage& stage, const std::string& view) {
  std::vector<std::string> names{"usr"};
  for (const char* name : {"bin", "sbin"}) {
    if (is_real_folder(view + "/" + name)) names.emplace_back(name);
  }
  for (const ToolFolder& tool : stage.tools) {
    if (spec.machine_tools && std::ranges::find(names, tool.name) == names.end()) names.push_back(tool.name);
  }
  for (const std::string& name : names) {
    std::vector<std::string> layers;
    add_layer(layers, stage.image_stand_ins + "/" + name);
    for (std::string& layer : image_layers(stage, name)) layers.push_back(std::move(layer));
    if (spec.machine_tools && is_tool_name(stage, name)) layers.push_back(kStage + "/tools/" + name);
    if (layers.empty() || is_link(view + "/" + name)) continue;
    make_folder(view + "/" + name);
    mount_union(layers, kStage + "/container-" + name, view + "/" + name);
  }
  if (spec.machine_tools && !stage.alternatives.empty() && !image_has(stage, "/etc/alternatives")) {
    bind_mount(stage.alternatives, view + "/etc/alternatives");
  }
}

// Makes the mount point in the view, its links followed inside the view, and returns a path to it that no link changes.
int open_mount_point(int view, const std::string& at, bool folder) {
  std::string path;
  const std::filesystem::path wanted = std::filesystem::path(at).lexically_normal().relative_path();
  for (auto part = wanted.begin(); part != wanted.end(); ++part) {
    const int parent = open_below(view, path.empty() ? "." : path, O_PATH | O_DIRECTORY);
    check(parent >= 0, "opening the folder of the mount point " + at);
    path += (path.empty() ? "" : "/") + part->string();
    const int there = open_below(view, path, O_PATH);
    if (there >= 0) {
      close(there);
    } else if (folder || std::next(part) != wanted.end()) {
      check(mkdirat(parent, part->c_str(), 0755) == 0, "making the mount point " + at);
    } else {
      const int file = openat(parent, part->c_str(), O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644);
      check(file >= 0, "making the mount point " + at);
      close(file);
    }
    close(parent);
  }
  const int point = open_below(view, path.empty() ? "." : path, O_PATH);
  check(point >= 0, "opening the mount point " + at);
  return point;
}

void bind_at(int view, const std::string& source, const std::string& at, bool folder) {
  const int point = open_mount_point(view, at, folder);
  const int original = open(source.c_str(), O_PATH | O_CLOEXEC);
  check(original >= 0, "opening " + source);
  const int tree = copy_tree(original, true, at);
  check(move_mount(tree, "", point, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == 0, "mounting at " + at);
  close(tree);
  close(original);
  close(point);
}

void mount_volumes(const SandboxSpec& spec, const Stage& stage, const std::string& view) {
  std::vector<std::size_t> order(spec.mounts.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  // Outer ones first; among equals the order of the spec.
  const auto depth = [&](std::size_t i) { return std::ranges::count(spec.mounts[i].at, '/'); };
  sort_stably(order, [&](std::size_t a, std::size_t b) { return depth(a) < depth(b); });
  const int root = open(view.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  check(root >= 0, "opening the container's root");
  for (const std::size_t i : order) {
    const BindMount& mount = spec.mounts[i];
    bind_at(root, stage.mounts[i], mount.at, is_folder(stage.mounts[i]));
    // The node's whole root: `chroot /host systemctl …` is to work, too.
    if (mount.from.lexically_normal() != spec.node.lexically_normal() || !is_real_folder(stage.node + "/usr")) continue;
    bind_at(root, kStage + "/node-view/usr", mount.at + "/usr", true);
  }
  close(root);
}

}  // namespace

std::string make_container_view(const SandboxSpec& spec, const Stage& stage) {
  const std::string view = kStage + "/container";
  make_folder(view);
  std::vector<std::string> layers = image_layers(stage, "");
  layers.push_back(make_skeleton(spec));
  mount_union(layers, kStage + "/container-layer", view);
  mount_image_tools(spec, stage, view);
  mount_proc(view);
  mount_devices(view, stage);
  make_folder(view + "/sys");
  mount_volumes(spec, stage, view);
  return view;
}

}  // namespace barnacle::helper
