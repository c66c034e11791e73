#include "harness/live/sandbox/helper/stage.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "harness/live/sandbox/helper/system.h"

namespace barnacle::helper {

namespace {

constexpr int kMaxLayerFiles = 200000;

void copy_program(int program, const std::string& path) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
  check(file >= 0, "making the stand-in");
  struct stat status{};
  check(fstat(program, &status) == 0, "looking at the stand-in");
  off_t done = 0;
  while (done < status.st_size) {
    check(sendfile(file, program, &done, static_cast<std::size_t>(status.st_size - done)) > 0, "copying the stand-in");
  }
  check(fchmod(file, 0755) == 0, "making the stand-in executable");
  close(file);
}

// A layer that has the stand-ins wherever a PATH may lead, in folders of our own: a folder of the machine's root could
// not be copied up by a user namespace that does not know its owner.
void make_stand_ins(const std::string& program, const std::vector<std::string>& names, const std::string& layer) {
  for (const char* folder : {"/usr/share", "/usr/lib", "/usr/local/sbin", "/usr/local/lib", "/usr/local/share"})
    make_folder(layer + folder);
  for (const char* folder : {"/usr/local/bin", "/usr/bin", "/usr/sbin", "/bin", "/sbin"}) {
    make_folder(layer + folder);
    if (std::string_view(folder).ends_with("sbin")) continue;
    for (const std::string& name : names) {
      const std::string path = layer + folder + "/" + name;
      check(link(program.c_str(), path.c_str()) == 0, "making the stand-in " + name);
    }
  }
}

void bind_device(const std::string& folder, const std::string& name) {
  const std::string source = "/dev/" + name;
  const int device = open(source.c_str(), O_PATH | O_CLOEXEC);
  check(device >= 0, "opening " + source);
  const int tree = copy_tree(device, false, source);
  close(device);
  // Read-only: that keeps its mode and owner from root of identity same, and hinders no use of the device.
  check(set_attributes(tree, {.read_only = true, .devices = true}, false), "setting mount attributes of " + source);
  write_text(folder + "/" + name, "");
  attach_tree(tree, folder + "/" + name);
}

std::string make_devices() {
  const std::string folder = kStage + "/dev";
  make_folder(folder);
  mount_at("dev", folder, "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=755,size=64m,nr_inodes=2000");
  for (const char* name : {"null", "zero", "full", "random", "urandom", "tty"}) bind_device(folder, name);
  make_folder(folder + "/shm");
  check(chmod((folder + "/shm").c_str(), 01777) == 0, "opening /dev/shm");
  const std::pair<const char*, const char*> links[] = {{"/proc/self/fd", "/fd"},
                                                       {"/proc/self/fd/0", "/stdin"},
                                                       {"/proc/self/fd/1", "/stdout"},
                                                       {"/proc/self/fd/2", "/stderr"}};
  for (const auto& [target, name] : links) check(symlink(target, (folder + name).c_str()) == 0, "filling /dev");
  write_text(kStage + kTraceProfile,
             fmt::format("BASH_XTRACEFD={}\nPS4='+${{BASH_SOURCE}}:${{LINENO}}: '\nset -x\n", kTraceDescriptor));
  return folder;
}

std::string attach_folder(int tree, const std::string& name) {
  const std::string path = kStage + "/" + name;
  make_folder(path);
  attach_tree(tree, path);
  return path;
}

}  // namespace

Stage make_stage(const SandboxSpec& spec, const Trees& trees, int stand_in) {
  mount_at("stage", kStage, "tmpfs", MS_NOSUID | MS_NODEV,
           fmt::format("mode=755,size={},nr_inodes={}", spec.limits.layer_bytes, kMaxLayerFiles));
  Stage stage;
  stage.node = attach_folder(trees.node, "node");
  for (const int tree : trees.image) stage.image.push_back(attach_folder(tree, fmt::format("i{}", stage.image.size())));
  for (std::size_t i = 0; i < trees.mounts.size(); ++i) {
    std::string path = fmt::format("{}/m{}", kStage, i);
    if (trees.mount_is_folder[i]) {
      make_folder(path);
    } else {
      write_text(path, "");
    }
    attach_tree(trees.mounts[i], path);
    stage.mounts.push_back(std::move(path));
  }
  for (const ToolFolder& tool : trees.tools) {
    attach_folder(tool.tree, "tools/" + tool.name);
    stage.tools.push_back({.name = tool.name, .tree = -1});
  }
  if (trees.alternatives >= 0) stage.alternatives = attach_folder(trees.alternatives, "alternatives");
  stage.devices = make_devices();
  copy_program(stand_in, kStage + "/stand-in");
  stage.image_stand_ins = kStage + "/si";
  stage.node_stand_ins = kStage + "/sn";
  make_stand_ins(kStage + "/stand-in", spec.image_stand_ins, stage.image_stand_ins);
  make_stand_ins(kStage + "/stand-in", spec.node_stand_ins, stage.node_stand_ins);
  return stage;
}

}  // namespace barnacle::helper
