#include "sim/deploy/effect.h"

#include <fmt/format.h>

namespace barnacle {
namespace {

std::string_view verb(EffectKind kind) {
  switch (kind) {
    case EffectKind::stat: return "stat";
    case EffectKind::read: return "read";
    case EffectKind::list: return "list";
    case EffectKind::write: return "write";
    case EffectKind::replace: return "replace";
    case EffectKind::touch: return "touch";
    case EffectKind::make_directory: return "mkdir";
    case EffectKind::make_symlink: return "symlink";
    case EffectKind::remove: return "remove";
    case EffectKind::rename: return "rename";
    case EffectKind::chmod: return "chmod";
    case EffectKind::api_get:
    case EffectKind::api_get_node: return "get";
    case EffectKind::api_list: return "list";
    case EffectKind::api_create: return "create";
    case EffectKind::api_label: return "label";
    case EffectKind::api_delete: return "delete";
    case EffectKind::systemctl: return "systemctl";
    case EffectKind::wait_ready: return "wait-ready";
    case EffectKind::lock: return "lock";
    case EffectKind::part_begin:
    case EffectKind::part_end: return "part";
  }
  return "?";
}

void note(EffectResult& result, const FsResult<void>& done) {
  if (!done) result.error = done.error();
}

template <class T>
void note(EffectResult& result, const ApiResult<T>& done) {
  if (!done) result.api_error = done.error();
}

FsResult<void> remove_entry(FileTree& files, const std::string& path, Time now) {
  const auto node = files.find(path, Follow::no);
  if (!node) return std::unexpected(node.error());
  return (*node)->kind == FileKind::directory ? files.remove_directory(path, now) : files.unlink(path, now);
}

EffectResult perform_on_files(const Effect& effect, FileTree& files, Time now) {
  EffectResult result;
  switch (effect.kind) {
    case EffectKind::stat: {
      const auto node = files.find(effect.path, effect.mode == 0 ? Follow::no : Follow::yes);
      if (node) result.node = *node;
      break;
    }
    case EffectKind::read: {
      const auto blob = files.read(effect.path);
      if (blob) result.blob = *blob;
      else result.error = blob.error();
      break;
    }
    case EffectKind::list: {
      auto names = files.list(effect.path);
      if (names) result.names = std::move(*names);
      else result.error = names.error();
      break;
    }
    case EffectKind::write: note(result, files.write(effect.path, effect.blob, now, effect.mode)); break;
    case EffectKind::replace: {
      Attributes attributes{.mode = effect.mode, .mtime = now};
      if (effect.attributes) attributes = *effect.attributes;
      note(result, files.put(effect.path, effect.blob, attributes));
      break;
    }
    case EffectKind::touch: {
      if (files.exists(effect.path)) note(result, files.set_mtime(effect.path, now));
      else note(result, files.write(effect.path, "", now, effect.mode));
      break;
    }
    case EffectKind::make_directory: note(result, files.make_directories(effect.path, now, effect.mode)); break;
    case EffectKind::make_symlink: {
      if (files.find(effect.path, Follow::no)) note(result, files.unlink(effect.path, now));
      if (!result.error) note(result, files.make_symlink(effect.path, effect.other, now));
      break;
    }
    case EffectKind::remove: note(result, remove_entry(files, effect.path, now)); break;
    case EffectKind::rename: note(result, files.rename(effect.path, effect.other, now)); break;
    case EffectKind::chmod: note(result, files.set_mode(effect.path, effect.mode)); break;
    default: break;
  }
  return result;
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  std::size_t start = 0;
  for (std::size_t at = text.find(from); at != std::string_view::npos; at = text.find(from, start)) {
    out.append(text, start, at - start).append(to);
    start = at + from.size();
  }
  return out.append(text, start);
}

const std::string& object_name(const Effect& effect, const Caller& caller) {
  return effect.path == kThisNode ? caller.node : effect.path;
}

void label_object(const Effect& effect, Cluster& cluster, const Caller& caller, EffectResult& result) {
  const std::string& name = object_name(effect, caller);
  const ObjectPtr& stored = cluster.find(effect.object_kind, effect.namespace_, name);
  const std::uint64_t before = stored ? stored->resource_version : 0;
  const auto done =
      cluster.set_label(caller.account, effect.object_kind, effect.namespace_, name, effect.other, effect.value);
  note(result, done);
  // A patch that changes nothing is answered, and nothing is written.
  result.changed = done && (*done)->resource_version != before;
}

}  // namespace

bool changes_host(EffectKind kind) { return kind >= EffectKind::write && kind <= EffectKind::chmod; }
bool is_api(EffectKind kind) { return kind >= EffectKind::api_get && kind <= EffectKind::api_delete; }
bool writes_api(EffectKind kind) {
  return kind == EffectKind::api_create || kind == EffectKind::api_label || kind == EffectKind::api_delete;
}

std::string describe(const Effect& effect) {
  if (is_api(effect.kind))
    return fmt::format("{} {} {}", verb(effect.kind), kind_name(effect.object_kind), effect.path);
  if (effect.kind == EffectKind::systemctl) return fmt::format("systemctl {} {}", effect.path, effect.other);
  if (effect.kind == EffectKind::wait_ready) return "wait-ready";
  return fmt::format("{} {}", verb(effect.kind), effect.path);
}

std::string with_node_name(std::string_view text, std::string_view node) { return replaced(text, kThisNode, node); }

void get_node(const Effect& effect, Cluster& cluster, const Caller& caller, EffectResult& result) {
  const auto node = cluster.get(caller.account, Kind::node, "", object_name(effect, caller));
  if (!node) {
    result.api_error = node.error();
    return;
  }
  result.runtime_version = std::get<NodeStatus>((*node)->status).runtime_version;
  for (auto label = (*node)->labels.lower_bound(effect.other);
       label != (*node)->labels.end() && label->first.starts_with(effect.other); ++label) {
    result.names.push_back(label->first);
  }
}

EffectResult perform_api(const Effect& effect, Cluster& cluster, const Caller& caller) {
  EffectResult result;
  const Account& account = caller.account;
  const std::string& name = object_name(effect, caller);
  switch (effect.kind) {
    case EffectKind::api_get: {
      const auto object = cluster.get(account, effect.object_kind, effect.namespace_, name);
      if (object) result.object = *object;
      else result.api_error = object.error();
      break;
    }
    case EffectKind::api_get_node: get_node(effect, cluster, caller, result); break;
    case EffectKind::api_list: {
      const auto objects = cluster.list(account, effect.object_kind, effect.namespace_);
      if (!objects) {
        result.api_error = objects.error();
        break;
      }
      for (const ObjectPtr& object : *objects) result.names.push_back(object->name);
      break;
    }
    case EffectKind::api_create: {
      Object object;
      object.kind = effect.object_kind;
      object.namespace_ = effect.namespace_;
      object.name = name;
      object.body = effect.body;
      note(result, cluster.create(account, std::move(object)));
      break;
    }
    case EffectKind::api_delete:
      note(result, cluster.remove(account, effect.object_kind, effect.namespace_, name));
      break;
    case EffectKind::api_label: label_object(effect, cluster, caller, result); break;
    default: break;
  }
  if (result.api_error && effect.path == kThisNode)
    result.api_error->message = replaced(result.api_error->message, name, kThisNode);
  return result;
}

EffectResult perform(const Effect& effect, Place& place) {
  if (is_api(effect.kind)) return perform_api(effect, place.cluster, place.caller);
  EffectResult result;
  if (effect.kind == EffectKind::lock) return result;  // whoever lets runs take turns has seen to it
  if (effect.kind == EffectKind::systemctl) {
    SystemctlResult done = systemctl(place.host, effect.path, effect.other, place.cluster.now);
    result.exit_status = done.exit_status;
    result.message = std::move(done.message);
    return result;
  }
  if (effect.kind == EffectKind::wait_ready) {
    // The first Ready=True counts, and that may be the one posted before a restart: the condition lags (up to 10 s).
    const ObjectPtr node = place.cluster.find(Kind::node, "", place.caller.node);
    const bool posted = node && std::get<NodeStatus>(node->status).ready;
    result.exit_status = posted || place.host.runtime_running() ? 0 : 1;
    return result;
  }
  return perform_on_files(effect, place.host.files, place.host_now);
}

Hash128 api_view(const Effect& effect, const Cluster& cluster, const Caller& caller) {
  static constexpr std::string_view kVerbs[] = {"get", "get", "list", "create", "patch", "delete"};
  const auto index = static_cast<std::size_t>(effect.kind) - static_cast<std::size_t>(EffectKind::api_get);
  Hasher hasher;
  hasher.add(static_cast<std::uint64_t>(
      effect.kind == EffectKind::wait_ready ||
      cluster.allowed(caller.account, kVerbs[index], effect.object_kind, effect.namespace_)));
  if (effect.kind == EffectKind::api_list) {
    for (const ObjectPtr& object : cluster.of_kind(effect.object_kind)) {
      if (effect.namespace_.empty() || object->namespace_ == effect.namespace_) hasher.add(object->name);
    }
    return hasher.finish();
  }
  const ObjectPtr& object = cluster.find(effect.object_kind, effect.namespace_, object_name(effect, caller));
  if (!object) return hasher.add(std::uint64_t{0}).finish();
  const auto* node = std::get_if<NodeStatus>(&object->status);
  switch (effect.kind) {
    case EffectKind::wait_ready: return hasher.add(std::uint64_t{node->ready ? 2U : 1U}).finish();
    case EffectKind::api_label: {
      const auto label = object->labels.find(effect.other);
      return (label == object->labels.end() ? hasher.add(std::uint64_t{1}) : hasher.add(label->second)).finish();
    }
    case EffectKind::api_get_node:
      hasher.add(node->runtime_version);
      for (auto label = object->labels.lower_bound(effect.other);
           label != object->labels.end() && label->first.starts_with(effect.other); ++label) {
        hasher.add(label->first);
      }
      return hasher.finish();
    default:
      hasher.add(object->body ? object->body->hash : Hash128{});
      for (const auto& [key, value] : object->labels) hasher.add(key).add(value);
      return hasher.finish();
  }
}

}  // namespace barnacle
