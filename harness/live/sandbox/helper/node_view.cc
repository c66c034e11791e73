#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>

#include "harness/live/sandbox/helper/system.h"
#include "harness/live/sandbox/helper/view_parts.h"
#include "harness/live/sandbox/helper/views.h"

namespace barnacle::helper {

namespace {

void mount_node_tools(const Stage& stage, const std::string& node, const std::string& view) {
  for (const ToolFolder& tool : stage.tools) {
    std::vector<std::string> layers;
    add_layer(layers, stage.node_stand_ins + "/" + tool.name);
    add_layer(layers, node + "/" + tool.name);
    layers.push_back(kStage + "/tools/" + tool.name);
    make_folder(view + "/" + tool.name);
    mount_union(layers, "", view + "/" + tool.name);
  }
}

void bind_node_entry(const std::string& source, const std::string& target) {
  if (is_link(source)) {
    check(symlink(link_target(source).c_str(), target.c_str()) == 0, "copying the link " + source);
  } else if (is_real_folder(source)) {
    make_folder(target);
    bind_mount(source, target);
  } else {
    write_text(target, "");
    bind_mount(source, target);
  }
}

// Folders that are empty after a boot anyway, for a node that has none.
void mount_scratch(const std::string& folder) {
  if (is_real_folder(folder) || is_link(folder)) return;
  make_folder(folder);
  mount_at("scratch", folder, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=16m,nr_inodes=4000");
}

}  // namespace

std::string make_node_view(const SandboxSpec&, const Stage& stage) {
  const std::string view = kStage + "/node-view";
  make_folder(view);
  mount_at("node", view, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=16m,nr_inodes=4000");
  copy_tool_links(view);
  mount_node_tools(stage, stage.node, view);
  // What is installed by hand is the node's own; the stand-ins are in /usr/bin, too.
  if (is_real_folder(stage.node + "/usr/local")) bind_mount(stage.node + "/usr/local", view + "/usr/local");
  for (const auto& entry : std::filesystem::directory_iterator(stage.node)) {
    const std::string name = entry.path().filename().string();
    const std::string target = view + "/" + name;
    if (name == "proc" || name == "dev" || name == "sys" || is_real_folder(target) || is_link(target)) continue;
    bind_node_entry(entry.path().string(), target);
  }
  mount_proc(view);
  mount_devices(view, stage);
  for (const char* name : {"/sys", "/etc", "/root", "/var"}) make_folder(view + name);
  for (const char* name : {"/tmp", "/run"}) mount_scratch(view + name);
  make_read_only(view);
  return view;
}

void enter_view(const std::string& view) {
  check(chdir(view.c_str()) == 0, "entering " + view);
  check(syscall(SYS_pivot_root, ".", ".") == 0, "pivot_root");
  check(umount2(".", MNT_DETACH) == 0, "leaving the machine's root");
  check(chdir("/") == 0, "entering the new root");
}

}  // namespace barnacle::helper
