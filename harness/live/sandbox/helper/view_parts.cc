#include "harness/live/sandbox/helper/view_parts.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/live/sandbox/helper/system.h"

namespace barnacle::helper {

namespace {

void mask(const std::string& view, const std::string& path) {
  const std::string target = view + path;
  struct stat status{};
  if (stat(target.c_str(), &status) != 0) return;
  if (S_ISDIR(status.st_mode)) {
    mount_at("mask", target, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=0,nr_inodes=1,mode=755");
  } else {
    bind_mount(kStage + "/dev/null", target);
  }
}

}  // namespace

void mount_union(const std::vector<std::string>& layers, const std::string& upper, const std::string& target) {
  if (layers.size() == 1 && upper.empty()) {
    bind_mount(layers.front(), target);
    return;
  }
  std::string options = fmt::format("userxattr,lowerdir={}", fmt::join(layers, ":"));
  if (!upper.empty()) {
    make_folder(upper + "/up");
    make_folder(upper + "/work");
    options += fmt::format(",upperdir={0}/up,workdir={0}/work", upper);
  }
  const unsigned long flags = MS_NOSUID | MS_NODEV | (upper.empty() ? static_cast<unsigned long>(MS_RDONLY) : 0UL);
  mount_at("overlay", target, "overlay", flags, options);
}

void add_layer(std::vector<std::string>& layers, const std::string& folder) {
  if (is_real_folder(folder)) layers.push_back(folder);
}

void copy_tool_links(const std::string& view) {
  for (const char* name : {"bin", "sbin", "lib", "lib32", "lib64", "libx32"}) {
    const std::string path = std::string("/") + name;
    const std::string copy = view + path;
    if (is_link(path)) check(symlink(link_target(path).c_str(), copy.c_str()) == 0, "making the link " + path);
  }
}

void mount_proc(const std::string& view) {
  make_folder(view + "/proc");
  mount_at("proc", view + "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, "");
  for (const char* path :
       {"/proc/sysrq-trigger", "/proc/kcore", "/proc/kmsg", "/proc/keys", "/proc/key-users", "/proc/kallsyms",
        "/proc/timer_list", "/proc/sched_debug", "/proc/acpi", "/proc/mtrr", "/proc/scsi"}) {
    mask(view, path);
  }
  for (const char* path : {"/proc/sys", "/proc/irq", "/proc/bus", "/proc/fs"}) {
    const std::string target = view + path;
    if (!is_folder(target)) continue;
    bind_mount(target, target);
    make_read_only(target);
  }
}

void mount_devices(const std::string& view, const Stage& stage) {
  make_folder(view + "/dev");
  bind_mount(stage.devices, view + "/dev");
}

}  // namespace barnacle::helper
