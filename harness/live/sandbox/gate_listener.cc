#include "harness/live/sandbox/gate_listener.h"

#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "harness/live/sandbox/stopped_call.h"
#include "sim/base/stable_sort.h"

namespace barnacle {

namespace {

// SECCOMP_IOCTL_NOTIF_SET_FLAGS, Linux 6.6: the stopped process and we take turns anyway, so wake it on our processor.
constexpr unsigned long kSetFlags = SECCOMP_IOW(4, __u64);
constexpr unsigned long kSyncWakeUp = 1;

constexpr const char* kNotTheNodes[] = {"/usr", "/proc", "/dev", "/sys"};
constexpr int kCallsAtOnce = 64;  // before the driver may look after something else

std::string without_last_slash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

// Where on the node a mounted folder is; empty: nowhere.
std::string place_on_node(const std::filesystem::path& from, const std::filesystem::path& node) {
  const std::filesystem::path inside = from.lexically_normal().lexically_relative(node.lexically_normal());
  if (inside.empty() || *inside.begin() == "..") return "";
  return inside == "." ? "/" : without_last_slash("/" + inside.string());
}

bool is_at_or_below(const std::string& path, const std::string& folder) {
  return folder == "/" || (path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/'));
}

std::string moved(const std::string& path, const std::string& from, const std::string& to) {
  const std::string rest = from == "/" ? path : path.substr(from.size());
  if (rest.empty() || rest == "/") return to;
  return (to == "/" ? "" : to) + rest;
}

// "/proc/1/root/opt" is how a program reaches the node's view without entering it.
std::optional<std::string> below_root_of(const std::string& process, const std::string& path) {
  const std::string root = "/proc/" + process + "/root";
  if (!is_at_or_below(path, root)) return std::nullopt;
  return path.size() == root.size() ? "/" : path.substr(root.size());
}

void answer(int listener, const seccomp_notif& stopped, const Ruling& ruling) {
  seccomp_notif_resp response{};
  response.id = stopped.id;
  if (ruling.kind == Ruling::Kind::fail) {
    response.error = -ruling.error;
  } else {
    response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  }
  ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);  // fails where the process is gone meanwhile
}

}  // namespace

GateListener::GateListener(int listener, std::string node_view, const SandboxSpec& spec)
    : listener_(listener),
      node_view_(std::move(node_view)),
      node_(spec.node),
      reads_(spec.gate_reads),
      handler_(spec.on_effect) {
  // Without a node view of its own, the id is the container's.
  if (!spec.host_pid) node_view_.clear();
  for (const BindMount& mount : spec.mounts) {
    mounts_.push_back({.at = without_last_slash(std::filesystem::path(mount.at).lexically_normal().string()),
                       .on_node = place_on_node(mount.from, spec.node)});
  }
  sort_stably(mounts_, [](const Mount& a, const Mount& b) { return a.at.size() > b.at.size(); });
  ioctl(listener_, kSetFlags, kSyncWakeUp);  // older kernels refuse, and are slower
}

GateListener::~GateListener() { close(listener_); }

// The tools, the kernel's folders and the scratch folders in the node's view are not the node's.
std::string GateListener::path_in_node_view(const std::string& path) const {
  const auto covers = [&](const char* folder) { return is_at_or_below(path, folder); };
  if (std::ranges::any_of(kNotTheNodes, covers) && !is_at_or_below(path, "/usr/local")) return "";
  const std::string top = path.substr(0, path.find('/', 1));
  std::error_code error;
  return std::filesystem::exists(std::filesystem::symlink_status(node_.string() + top, error)) ? path : "";
}

std::string GateListener::path_on_node(const std::string& view, const std::string& path) const {
  if (!node_view_.empty()) {
    if (view == node_view_) return path_in_node_view(path);
    if (const auto inside = below_root_of("1", path)) return path_in_node_view(*inside);
  }
  if (const auto inside = below_root_of("self", path)) return path_on_node(view, *inside);
  for (const Mount& mount : mounts_) {
    if (!is_at_or_below(path, mount.at)) continue;
    return mount.on_node.empty() ? "" : moved(path, mount.at, mount.on_node);
  }
  return "";
}

// False: everything is to end here. The call then stays stopped until its process is killed.
bool GateListener::rule_on(const seccomp_notif& stopped) {
  const std::optional<StoppedCall> call = read_stopped_call(stopped);
  const std::string view = mount_namespace(stopped.pid);
  // Its process may be gone, and its number somebody else's.
  if (ioctl(listener_, SECCOMP_IOCTL_NOTIF_ID_VALID, &stopped.id) != 0) return true;
  Ruling ruling;
  const bool on_net = call && call->name == "connect";
  if (call && handler_ && (call->mutates || on_net || reads_)) {
    StoppedEffect effect{
        .number = 0, .call = call->name, .path = call->path, .path2 = call->path2, .flags = call->flags};
    if (!on_net) effect.path = path_on_node(view, call->path);
    if (!on_net && !call->path2.empty() && call->name != "symlink") {
      effect.path2 = path_on_node(view, call->path2);
      // A move into the node counts as one out of it does.
      if (effect.path.empty() && !effect.path2.empty()) effect.path = call->path;
    }
    if (!effect.path.empty()) {
      if (call->mutates) effect.number = ++numbered_;
      effect.pid = static_cast<int>(stopped.pid);
      effect.program = program_name(stopped.pid);
      ruling = handler_(effect);
    }
  }
  if (ruling.kind == Ruling::Kind::kill) return false;
  answer(listener_, stopped, ruling);
  return true;
}

bool GateListener::serve() {
  for (int i = 0; i < kCallsAtOnce; ++i) {
    pollfd ready{listener_, POLLIN, 0};
    if (poll(&ready, 1, 0) <= 0 || (ready.revents & POLLIN) == 0) return true;
    seccomp_notif stopped{};
    if (ioctl(listener_, SECCOMP_IOCTL_NOTIF_RECV, &stopped) != 0) return true;
    if (!rule_on(stopped)) return false;
  }
  return true;
}

}  // namespace barnacle
