#include "harness/live/tier/live_effect.h"

#include <cerrno>
#include <string_view>

namespace barnacle {
namespace {

// One row per group of system calls: what the model calls such an effect.
struct CallKind {
  std::string_view call;
  EffectKind kind;
};
constexpr CallKind kCallKinds[] = {
    {"open", EffectKind::write},           {"creat", EffectKind::write},          {"trunc", EffectKind::write},
    {"rename", EffectKind::rename},        {"unlink", EffectKind::remove},        {"rmdir", EffectKind::remove},
    {"mkdir", EffectKind::make_directory}, {"symlink", EffectKind::make_symlink}, {"link", EffectKind::write},
    {"chmod", EffectKind::chmod},          {"utime", EffectKind::touch},          {"chown", EffectKind::chmod},
};

EffectKind kind_of(std::string_view call) {
  for (const CallKind& row : kCallKinds) {
    if (call.contains(row.call)) return row.kind;
  }
  return EffectKind::write;
}

EffectKind kind_of(const ApiRequest& request, const ResourcePath& path) {
  if (request.method == "GET") return path.name.empty() ? EffectKind::api_list : EffectKind::api_get;
  if (request.method == "DELETE") return EffectKind::api_delete;
  return request.method == "PATCH" && path.kind == Kind::node ? EffectKind::api_label : EffectKind::api_create;
}

}  // namespace

Effect effect_of(const StoppedEffect& stopped) {
  Effect effect;
  effect.kind = kind_of(stopped.call);
  effect.path = stopped.path;
  effect.other = stopped.path2;
  return effect;
}

std::optional<Effect> effect_of(const ApiRequest& request) {
  const auto path = parse_resource_path(request.path);
  if (!path) return std::nullopt;
  Effect effect;
  effect.kind = kind_of(request, *path);
  effect.object_kind = path->kind;
  effect.namespace_ = path->namespace_;
  effect.path = path->name;
  return effect;
}

Effect effect_of(const StandInCall& call) {
  Effect effect;
  effect.kind = EffectKind::systemctl;
  for (std::size_t i = 1; i < call.argv.size(); ++i) {
    if (call.argv[i].starts_with("-")) continue;
    std::string& part = effect.path.empty() ? effect.path : effect.other;
    part += (part.empty() ? "" : " ") + call.argv[i];
  }
  return effect;
}

Effect effect_of_command(const StandInCall& call) {
  Effect effect;
  effect.kind = EffectKind::write;
  for (const std::string& word : call.argv) effect.path += (effect.path.empty() ? "" : " ") + word;
  return effect;
}

int number_of(Errno error) {
  switch (error) {
    case Errno::enospc: return ENOSPC;
    case Errno::eio: return EIO;
    case Errno::etxtbsy: return ETXTBSY;
    case Errno::erofs: return EROFS;
    case Errno::eacces: return EACCES;
    case Errno::enoent: return ENOENT;
    case Errno::eexist: return EEXIST;
    case Errno::ebusy: return EBUSY;
    default: return EIO;
  }
}

}  // namespace barnacle
