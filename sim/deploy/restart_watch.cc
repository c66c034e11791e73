#include "sim/deploy/restart_watch.h"

#include <algorithm>

namespace barnacle {
namespace {

bool any_of(const std::vector<std::string>& paths, const std::string& changed) {
  return std::ranges::any_of(paths, [&](const std::string& path) { return is_below(path, changed); });
}

bool is_link(const FsResult<const Node*>& node) { return node && (*node)->kind == FileKind::symlink; }

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
  bool by_links = false;
  const auto find = [&](const std::string& path) {
    auto node = host.files.find(path, Follow::no);
    if (is_link(node)) {
      by_links = true;
      node = host.files.find(path);
    }
    return node.value_or(nullptr);
  };
  const auto broken = broken_handlers(find, **loaded);
  if (!broken.empty())
    return Trouble{"handler " + broken.front().handler + " would have no " + broken.front().path, broken.front().path};
  working_ = seen_;
  by_links_ = by_links || std::ranges::any_of(working_->files, [&](const std::string& path) {
                return is_link(host.files.find(path, Follow::no));
              });
  return std::nullopt;
}

}  // namespace barnacle
