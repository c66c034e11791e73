#include "sim/deploy/restart_watch.h"

#include <algorithm>

namespace barnacle {
namespace {

bool is_or_holds(const std::string& changed, const std::string& path) {
  return path.starts_with(changed) && (path.size() == changed.size() || path[changed.size()] == '/');
}

bool any_of(const std::vector<std::string>& paths, const std::string& changed) {
  return std::ranges::any_of(paths, [&](const std::string& path) { return is_or_holds(changed, path); });
}

bool is_link(const FileTree& files, const std::string& path) {
  const auto node = files.find(path, Follow::no);
  return node && (*node)->kind == FileKind::symlink;
}

}  // namespace

RestartWatch::RestartWatch(const Host& host) { watching_ = !look(host).has_value(); }

bool RestartWatch::concerns(const PartRecord::Disturbance& change) const {
  if (!watching_) return false;
  if (by_links_ || change.path.starts_with("/etc/")) return true;
  return any_of(working_->files, change.path) || (!change.contents_only && any_of(working_->needed, change.path));
}

bool RestartWatch::concerns_addition(const std::string& path) const { return watching_ && path.starts_with("/etc/"); }

std::optional<RestartWatch::Trouble> RestartWatch::look(const Host& host) {
  const auto& loaded = load_runtime_configuration(host.files, host.runtime);
  seen_ = loaded ? *loaded : nullptr;
  if (!loaded) return Trouble{"the runtime would not start: " + loaded.error().what, loaded.error().file};
  const auto broken = broken_handlers(host.files, **loaded);
  if (!broken.empty())
    return Trouble{"handler " + broken.front().handler + " would have no " + broken.front().path, broken.front().path};
  working_ = seen_;
  const auto leads_elsewhere = [&](const std::string& path) { return is_link(host.files, path); };
  by_links_ =
      std::ranges::any_of(working_->files, leads_elsewhere) || std::ranges::any_of(working_->needed, leads_elsewhere);
  return std::nullopt;
}

}  // namespace barnacle
