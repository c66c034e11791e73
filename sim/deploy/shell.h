// What deploy logic can do: every member function is one effect to co_await. A Shell belongs to one running program.
#pragma once

#include <coroutine>
#include <string>
#include <utility>
#include <vector>

#include "sim/deploy/effect.h"
#include "sim/deploy/task.h"

namespace barnacle {

// The program ends here with an exit status (a failing command under errexit, die, or exit 0).
struct ScriptExit {
  int status = 0;
  bool refused = false;  // the program says that it refuses its values
};

// The program waits for what will not come by itself.
struct ScriptStuck {};

class Shell {
 public:
  struct Awaiter {
    Shell* shell;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) noexcept { shell->resume_point_ = handle; }
    EffectResult await_resume() { return std::move(shell->result_); }
  };

  explicit Shell(Store& store) : store_(store) {}

  Store& store() { return store_; }

  // --- host ---
  Awaiter stat(std::string path) { return effect(EffectKind::stat, std::move(path)); }
  Awaiter lstat(std::string path) {  // does not follow a link at the end
    effect(EffectKind::stat, std::move(path));
    pending_.mode = 0;
    return {this};
  }
  Awaiter read(std::string path) { return effect(EffectKind::read, std::move(path)); }
  Awaiter list(std::string path) { return effect(EffectKind::list, std::move(path)); }
  Awaiter touch(std::string path) { return effect(EffectKind::touch, std::move(path)); }
  Awaiter remove(std::string path) { return effect(EffectKind::remove, std::move(path)); }
  Awaiter make_directory(std::string path) {
    effect(EffectKind::make_directory, std::move(path));
    pending_.mode = 0755;
    return {this};
  }
  Awaiter chmod(std::string path, std::uint16_t mode) {
    effect(EffectKind::chmod, std::move(path));
    pending_.mode = mode;
    return {this};
  }
  Awaiter rename(std::string from, std::string to) {
    effect(EffectKind::rename, std::move(from));
    pending_.other = std::move(to);
    return {this};
  }
  Awaiter make_symlink(std::string path, std::string target) {
    effect(EffectKind::make_symlink, std::move(path));
    pending_.other = std::move(target);
    return {this};
  }
  // Truncates and writes in place, as a shell redirection does.
  Awaiter write(std::string path, const Blob* blob) {
    effect(EffectKind::write, std::move(path));
    pending_.blob = blob;
    return {this};
  }
  // A new file takes the place of the old one at once (temporary file and rename), with mode and the present time.
  Awaiter replace(std::string path, const Blob* blob, std::uint16_t mode) {
    effect(EffectKind::replace, std::move(path));
    pending_.blob = blob;
    pending_.mode = mode;
    return {this};
  }
  // The same with attributes of its own (cp -a).
  Awaiter copy_in(std::string path, const Blob* blob, const Attributes& attributes) {
    effect(EffectKind::replace, std::move(path));
    pending_.blob = blob;
    pending_.attributes = attributes;
    return {this};
  }

  // --- API ---
  Awaiter api_get(Kind kind, std::string name) { return api(EffectKind::api_get, kind, std::move(name)); }
  // As kubectl get node -o jsonpath: the runtime's version, and the names of the labels that begin so.
  Awaiter api_get_node(std::string name, std::string_view label_prefix) {
    api(EffectKind::api_get_node, Kind::node, std::move(name));
    pending_.other = label_prefix;
    return {this};
  }
  Awaiter api_delete(Kind kind, std::string name) { return api(EffectKind::api_delete, kind, std::move(name)); }
  Awaiter api_list(Kind kind, std::string ns) {
    api(EffectKind::api_list, kind, "");
    pending_.namespace_ = std::move(ns);
    return {this};
  }
  Awaiter api_create(Kind kind, std::string name, BodyPtr body) {
    api(EffectKind::api_create, kind, std::move(name));
    pending_.body = std::move(body);
    return {this};
  }
  Awaiter api_label(Kind kind, std::string name, std::string key, std::optional<std::string> value) {
    api(EffectKind::api_label, kind, std::move(name));
    pending_.other = std::move(key);
    pending_.value = std::move(value);
    return {this};
  }

  // --- systemd, time ---
  Awaiter systemctl(std::string verb, std::string unit) {
    effect(EffectKind::systemctl, std::move(verb));
    pending_.other = std::move(unit);
    return {this};
  }
  // flock: waits until no other run on the node holds it; let go of at the end of the run, whatever that is.
  Awaiter lock(std::string path) { return effect(EffectKind::lock, std::move(path)); }
  Awaiter wait_ready() { return effect(EffectKind::wait_ready, ""); }

  // --- parts that may be remembered; see part.h. The pointers have to live until the answer. ---
  Awaiter begin_part(const PartKey& key) {
    effect(EffectKind::part_begin, "");
    pending_.part = &key;
    return {this};
  }
  Awaiter end_part(const std::set<std::string, std::less<>>* wanted) {
    effect(EffectKind::part_end, "");
    pending_.wanted = wanted;
    return {this};
  }

  // --- output ---
  void print(std::string line) { log_.push_back(std::move(line)); }
  [[noreturn]] void exit(int status) { throw ScriptExit{status, false}; }
  [[noreturn]] void fail(std::string line, int status = 1) {
    print(std::move(line));
    throw ScriptExit{status, false};
  }
  // errexit: goes on only where a command on a file has done what it was asked for.
  void require(const EffectResult& done, std::string_view command, std::string_view path) {
    if (done.error) fail(std::string(command) + ": " + std::string(path) + ": " + std::string(message(*done.error)));
  }
  // Refuses its values: as fail, and says that it does so on purpose.
  [[noreturn]] void refuse(std::string line) {
    print("ERROR: " + std::move(line));
    throw ScriptExit{1, true};
  }

  // --- for whoever drives the program ---
  // What the program waits for; the answer to it is where the next one comes from.
  const Effect& pending() const { return pending_; }
  void answer(EffectResult&& result) {
    result_ = std::move(result);
    resume_point_.resume();
  }
  std::vector<std::string>& log() { return log_; }

 private:
  Awaiter effect(EffectKind kind, std::string path) {
    pending_ = Effect{};
    pending_.kind = kind;
    pending_.path = std::move(path);
    return {this};
  }
  Awaiter api(EffectKind kind, Kind object_kind, std::string name) {
    effect(kind, std::move(name));
    pending_.object_kind = object_kind;
    return {this};
  }

  Store& store_;
  Effect pending_;
  EffectResult result_;
  std::coroutine_handle<> resume_point_;
  std::vector<std::string> log_;
};

}  // namespace barnacle
