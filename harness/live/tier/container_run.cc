#include "harness/live/tier/container_run.h"

#include <fmt/format.h>
#include <fnmatch.h>
#include <poll.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "harness/live/api/discovery.h"
#include "harness/live/tier/container.h"
#include "harness/live/tier/live_tier.h"
#include "harness/live/tier/stand_ins.h"
#include "sim/base/text.h"
#include "sim/deploy/restart_watch.h"

namespace barnacle {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr std::uint16_t kApiPort = 6443;
constexpr int kTurnMs = 50;
constexpr int kKilled = 137;
constexpr int kCannotStart = 128;
constexpr std::size_t kKeptLines = 200;

// The numbers of the kernel for the errors that a scenario names.
int errno_of(Errno error) {
  switch (error) {
    case Errno::enospc: return ENOSPC;
    case Errno::eio: return EIO;
    case Errno::etxtbsy: return ETXTBSY;
    case Errno::erofs: return EROFS;
    case Errno::eacces: return EACCES;
    case Errno::enoent: return ENOENT;
    case Errno::eexist: return EEXIST;
    default: return EIO;
  }
}

// One row per group of system calls: what the model calls such an effect.
struct CallKind {
  std::string_view call;
  EffectKind kind;
};
constexpr CallKind kCallKinds[] = {
    {"open", EffectKind::write},      {"creat", EffectKind::write},         {"trunc", EffectKind::write},
    {"rename", EffectKind::rename},   {"unlink", EffectKind::remove},       {"rmdir", EffectKind::remove},
    {"mkdir", EffectKind::make_directory}, {"symlink", EffectKind::make_symlink}, {"link", EffectKind::write},
    {"chmod", EffectKind::chmod},     {"utime", EffectKind::touch},         {"chown", EffectKind::chmod},
};

EffectKind kind_of(const StoppedEffect& effect) {
  for (const CallKind& row : kCallKinds) {
    if (effect.call.contains(row.call)) return row.kind;
  }
  return EffectKind::write;
}

// Where bash is, by the last line of its trace: "++/opt/deploy.sh:370: cp -a …". Commands may have lines of their own.
std::string place_in_script(std::string_view trace) {
  while (!trace.empty()) {
    const std::size_t before = trace.rfind('\n');
    std::string_view line = before == std::string_view::npos ? trace : trace.substr(before + 1);
    trace = trace.substr(0, before == std::string_view::npos ? 0 : before);
    if (!line.starts_with('+')) continue;
    line.remove_prefix(std::min(line.find_first_not_of('+'), line.size()));
    const std::size_t end = line.find(": ");
    const std::size_t colon = end == std::string_view::npos ? end : line.rfind(':', end - 1);
    if (colon == std::string_view::npos || colon + 1 == end) continue;
    const std::string_view number = line.substr(colon + 1, end - colon - 1);
    if (number.find_first_not_of("0123456789") == std::string_view::npos) return std::string(line.substr(0, end));
  }
  return "";
}

// A file that is made beside its place and moved there is written at its place.
EffectNote note_of(const StoppedEffect& effect, std::string line) {
  if (kind_of(effect) == EffectKind::rename) return {effect.number, EffectKind::replace, effect.path2, std::move(line)};
  return {effect.number, kind_of(effect), effect.path, std::move(line)};
}

Effect modelled(const StoppedEffect& effect) {
  Effect same;
  same.kind = kind_of(effect);
  same.path = effect.path;
  same.other = effect.path2;
  return same;
}

// A request as the model calls it; nothing for what no scenario can name (discovery, watches).
std::optional<Effect> modelled(const ApiRequest& request) {
  const auto path = parse_resource_path(request.path);
  if (!path) return std::nullopt;
  Effect same;
  if (request.method == "GET") same.kind = path->name.empty() ? EffectKind::api_list : EffectKind::api_get;
  else if (request.method == "DELETE") same.kind = EffectKind::api_delete;
  else if (request.method == "PATCH" && path->kind == Kind::node) same.kind = EffectKind::api_label;
  else same.kind = EffectKind::api_create;
  same.object_kind = path->kind;
  same.namespace_ = path->namespace_;
  same.path = path->name;
  return same;
}

RunPtr could_not_start(Program program, const std::string& why) {
  auto record = std::make_shared<RunRecord>();
  record->program = program;
  record->result.ending = RunResult::Ending::exited;
  record->result.exit_code = kCannotStart;
  record->result.log = {why};
  return record;
}

}  // namespace

// One run: what happens to the host and what is noted of it.
struct ContainerRuns::Running {
  HostFolder& folder;
  Host host;
  Time now;         // of the cluster
  Time file_date;   // of what is written to the node
  const RunFault* fault;
  std::shared_ptr<RunRecord> record = std::make_shared<RunRecord>();
  EffectNotes notes = {};
  std::string trouble = {};
  bool cut = false;
  const Sandbox* sandbox = nullptr;  // that stops at effects
  RestartWatch watch = RestartWatch(host);
  int unlooked = 0;  // the last effect that may have made the runtime unable to restart, not looked at yet; 0: none

  void take_files() {
    auto files = folder.take(file_date);
    if (files) host.files = *files;
    else trouble = files.error();
  }

  Answer answer(const StandInCall& call) {
    take_files();
    const Hash128 before = host.loaded ? host.loaded->hash : Hash128{};
    const std::vector<Time> starts = starts_of_runtime();
    const Answer said = answer_on_node(host, call, now);
    const bool restarted = call.argv.size() > 1 && starts_of_runtime() != starts;
    if (restarted) {
      ++record->restarts;
      const Hash128 after = host.loaded ? host.loaded->hash : Hash128{};
      record->loaded_differently = record->loaded_differently || !(before == after);
      notes.push_back({record->effects, EffectKind::systemctl, fmt::format("{} {}", call.argv[1], host.runtime.unit())});
    }
    return said;
  }

  std::vector<Time> starts_of_runtime() const {
    const auto unit = host.units.find(host.runtime.unit());
    return unit == host.units.end() ? std::vector<Time>{} : unit->second.recent_starts;
  }

  // What came and went within the run (an editor's temporary file), was only tried, or was there already is no change.
  void note_changes(const FileTree& before) {
    for (EffectNote& note : notes) {
      const bool was = before.find(note.path, Follow::no).has_value();
      const bool is = host.files.find(note.path, Follow::no).has_value();
      const bool made_again = note.kind == EffectKind::make_directory && was;
      if (note.kind == EffectKind::systemctl || ((was || is) && !made_again)) record->changes.add(std::move(note));
    }
    record->changes.close();
  }

  bool may_stop_a_restart(const StoppedEffect& effect) const {
    const EffectKind kind = kind_of(effect);
    if (kind == EffectKind::make_directory || kind == EffectKind::make_symlink)
      return watch.concerns_addition(effect.path);
    const bool contents_only = kind != EffectKind::remove && kind != EffectKind::rename;
    return watch.concerns({effect.path, contents_only}) ||
           (kind == EffectKind::rename && watch.concerns({effect.path2, contents_only}));
  }

  // Once what the effect did is done, which shows when the next thing happens.
  void look_at_restart() {
    if (std::exchange(unlooked, 0) == 0 || !record->unrestartable.empty()) return;
    take_files();
    const auto found = watch.look(host);
    if (!found) return;
    record->unrestartable = found->what;
    record->unrestartable_path = found->path;
    record->unrestartable_effect = record->effects;
  }

  bool struck_by_fault(int number, const Effect& effect, std::string shown) {
    const bool strikes =
        fault != nullptr && (!record->faulted || fault->lasting) && fault->strikes && fault->strikes(number, effect);
    if (!strikes) return false;
    record->faulted = true;
    record->fault = fault->what;
    record->struck = std::move(shown);
    return true;
  }

  // At a request to the API server, which is no effect of the gate and has no number.
  std::optional<ApiInterference> rule(const ApiRequest& request) {
    const auto effect = request.account.administrator() ? std::nullopt : modelled(request);
    if (cut || !effect || !struck_by_fault(0, *effect, describe(*effect))) return std::nullopt;
    if (fault->what == RunFault::What::fail && fault->answer.api_error)
      return ApiInterference{.error = *fault->answer.api_error, .after_done = false};
    if (fault->what == RunFault::What::lose && fault->answer.api_error)
      return ApiInterference{.error = *fault->answer.api_error, .after_done = true};
    cut = fault->what == RunFault::What::cut;
    if (!cut) return std::nullopt;
    return ApiInterference{.error = {503, "ServiceUnavailable", "nobody is there to be answered"}, .after_done = true};
  }

  // At a system call that would change the node.
  Ruling rule(const StoppedEffect& effect) {
    if (effect.number == 0) return {};
    if (cut) return {.kind = Ruling::Kind::kill, .error = 0};
    look_at_restart();
    record->effects = std::max(record->effects, effect.number);
    if (!struck_by_fault(effect.number, modelled(effect), fmt::format("{} {}", effect.call, effect.path))) {
      notes.push_back(note_of(effect, place_in_script(sandbox->trace())));
      if (may_stop_a_restart(effect)) unlooked = effect.number;
      return {};
    }
    if (fault->what == RunFault::What::fail) {
      const int error = fault->answer.error ? errno_of(*fault->answer.error) : EIO;
      record->struck += fmt::format(": {}", fault->answer_text);
      return {.kind = Ruling::Kind::fail, .error = error};
    }
    notes.push_back(note_of(effect, place_in_script(sandbox->trace())));
    if (may_stop_a_restart(effect)) unlooked = effect.number;
    cut = fault->what == RunFault::What::cut || fault->what == RunFault::What::tear;
    return {};
  }
};

ContainerRuns::ContainerRuns(Store& store, const LiveSubject& subject, const LiveOptions& options, ApiServer& api)
    : store_(store), subject_(subject), options_(options), api_(api) {}

HostFolder& ContainerRuns::folder_of(const std::string& node) {
  std::unique_ptr<HostFolder>& folder = folders_[node];
  if (!folder) {
    const fs::path place = options_.work / "nodes" / node;
    fs::create_directories(place);
    folder = std::make_unique<HostFolder>(place, store_);
  }
  return *folder;
}

const LiveImage* ContainerRuns::image_of(const std::string& name) const {
  const auto found = std::ranges::find_if(
      subject_.images, [&](const LiveImage& image) { return ::fnmatch(image.name.c_str(), name.c_str(), 0) == 0; });
  return found == subject_.images.end() ? nullptr : &*found;
}

std::expected<SandboxSpec, std::string> ContainerRuns::spec_for(const ProgramStart& start, const Cluster& cluster,
                                                                const HostFolder& folder) {
  const fs::path volumes = options_.work / "volumes";
  std::error_code ignored;
  fs::remove_all(volumes, ignored);
  fs::create_directories(volumes);
  auto spec = container_spec(*start.pod, cluster, {.node = folder.path(), .volumes = volumes, .api_port = kApiPort});
  if (!spec) return spec;
  const PodSpec* pod_spec = pod_spec_of(*start.pod);
  const LiveImage* image = pod_spec != nullptr ? image_of(pod_spec->image) : nullptr;
  if (image == nullptr) return std::unexpected(std::string("the subject has no such image"));
  spec->image = image->roots;
  for (const std::string& tool : image->tools) {
    if (tool == "kubectl") spec->mounts.push_back({"/usr/local/bin/kubectl", options_.tools.kubectl, true});
    if (tool == "tomlq") {
      spec->mounts.push_back({options_.tools.venv.string(), options_.tools.venv, true});
      for (const char* name : {"tomlq", "yq"})
        spec->mounts.push_back({std::string("/usr/local/bin/") + name, options_.tools.venv / "bin" / name, true});
    }
  }
  if (!image->payload.empty()) spec->mounts.push_back({fmt::format("/{}/opt/kata", kArtefacts), image->payload / "opt/kata", true});
  spec->gate = true;
  spec->trace_bash = true;
  return spec;
}

RunPtr ContainerRuns::run(const ProgramStart& start, HostPtr& host, Cluster& cluster, const RunFault* fault) {
  const Program program = start.request.program;
  HostFolder& folder = folder_of(start.request.node);
  if (const auto done = folder.put(host->host.files); !done) return could_not_start(program, done.error());
  Running running{.folder = folder,
                  .host = host->host,
                  .now = cluster.now,
                  .file_date = start.request.host_now,
                  .fault = fault};
  running.record->program = program;
  auto spec = spec_for(start, cluster, folder);
  if (!spec) return could_not_start(program, spec.error());
  spec->on_effect = [&](const StoppedEffect& effect) { return running.rule(effect); };
  auto sandbox = Sandbox::start(*spec);
  if (!sandbox) return could_not_start(program, "the sandbox does not start: " + sandbox.error());
  running.sandbox = sandbox->get();

  const int listener = (*sandbox)->take_api_listener();
  api_.listen_on(listener);
  api_.hold_administrators(true);
  auto interfere_outside = std::move(api_.interfere);
  const auto asked_before = api_.answered().size();
  const StandIn stand_in = [&](const StandInCall& call) { return running.answer(call); };
  api_.interfere = [&](const ApiRequest& request) {
    const auto interference = running.rule(request);
    // Its programs end before the answer would reach them.
    if (running.cut && interference) {
      (*sandbox)->terminate(milliseconds(0));
      while ((*sandbox)->pump(milliseconds(kTurnMs), stand_in)) continue;
    }
    return interference;
  };
  bool alive = true;
  while (alive && !(*sandbox)->settled() && running.trouble.empty()) {
    std::vector<pollfd> wait_for{{.fd = api_.ready_fd(), .events = POLLIN, .revents = 0}};
    for (const int descriptor : (*sandbox)->descriptors())
      wait_for.push_back({.fd = descriptor, .events = POLLIN, .revents = 0});
    (void)::poll(wait_for.data(), wait_for.size(), kTurnMs);
    api_.serve(cluster, milliseconds(0));
    alive = (*sandbox)->pump(milliseconds(0), stand_in);
  }
  RunRecord& record = *running.record;
  for (const std::string& line : split((*sandbox)->output(), '\n')) record.result.log.push_back(line);
  if (record.result.log.size() > kKeptLines)
    record.result.log.erase(record.result.log.begin(), record.result.log.end() - kKeptLines);
  const bool settled = (*sandbox)->settled() && alive;
  const auto exit = (*sandbox)->exit();
  sandbox->reset();
  api_.interfere = std::move(interfere_outside);
  api_.stop_listening(listener);
  api_.hold_administrators(false);
  running.look_at_restart();
  running.take_files();

  record.result.ending = settled ? RunResult::Ending::settled : RunResult::Ending::exited;
  record.result.exit_code = settled ? 0 : running.cut ? fault->exit_code : exit ? exit->status : kKilled;
  if (!running.trouble.empty()) record.result.log.push_back(running.trouble);
  for (std::size_t i = asked_before; i < api_.answered().size(); ++i)
    record.api.push_back({.effect = {}, .view = {}, .leaves_trace = api_.answered()[i].method != "GET"});
  running.note_changes(host->host.files);
  host = freeze(std::move(running.host));
  return running.record;
}

}  // namespace barnacle
