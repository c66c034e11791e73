#include "harness/live/tier/container_run.h"

#include <fmt/format.h>
#include <fnmatch.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

#include "harness/live/tier/container.h"
#include "harness/live/tier/kubectl.h"
#include "harness/live/tier/live_effect.h"
#include "harness/live/tier/live_tier.h"
#include "harness/live/tier/stand_ins.h"
#include "harness/live/tier/temporary_names.h"
#include "harness/scenario/file.h"
#include "sim/base/text.h"
#include "sim/cluster/kinds.h"
#include "sim/deploy/restart_watch.h"
#include "sim/deploy/turns.h"

namespace barnacle {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr std::uint16_t kApiPort = 6443;
constexpr int kTurnMs = 50;
constexpr int kKilled = 137;
constexpr int kCannotStart = 128;
constexpr const char* kRealTools = "/usr/local/lib/barnacle";
constexpr std::array kToolsOfTomlq = {"usr/bin/jq", "usr/local/bin/jq", "bin/jq", "usr/bin/python3",
                                      "usr/local/bin/python3"};
constexpr std::array kTellsTomlq = {"LC_", "LANG", "PYTHON", "JQ_"};
constexpr std::array<std::string_view, 13> kCommands = {"chmod", "chown", "cp",  "install", "ln",    "mkdir",   "mv",
                                                        "rm",    "rmdir", "sed", "tee",     "touch", "truncate"};
constexpr std::size_t kKeptLines = 200;
constexpr std::size_t kLargestVolume = std::size_t{16} << 20;

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
EffectNote note_of(int number, const Effect& effect, std::string line) {
  if (is_api(effect.kind))
    return {number, effect.kind, fmt::format("{} {}", kind_name(effect.object_kind), effect.path), std::move(line)};
  if (effect.kind == EffectKind::systemctl)
    return {number, effect.kind, fmt::format("{} {}", effect.path, effect.other), std::move(line)};
  if (effect.kind == EffectKind::rename) return {number, EffectKind::replace, effect.other, std::move(line)};
  return {number, effect.kind, effect.path, std::move(line)};
}

bool is_noted(EffectKind kind) { return changes_host(kind) || writes_api(kind); }

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
//
// System calls that change the node, requests to the API server and calls of the node's own programs are numbered as
// they come: one list of effects, in one order.
struct ContainerRuns::Running {
  HostFolder& folder;
  Host host;
  Time now;        // of the cluster
  Time file_date;  // of what is written to the node
  const RunFault* fault;
  Turns* turns;
  bool keeps_moments;
  Sandbox* sandbox = nullptr;
  std::shared_ptr<RunRecord> record = std::make_shared<RunRecord>();
  EffectNotes notes = {};
  std::vector<RunMemory::Exchange> exchanges = {};
  std::vector<RunMemory::Moment> moments = {};
  TemporaryNames temporary = {};
  std::string torn = {};  // a file of which only half was written
  std::string trouble = {};
  bool cut = false;
  RestartWatch watch = RestartWatch(host);
  bool unlooked = false;  // the last effect may have made the runtime unable to restart

  // What becomes of an effect.
  enum class Turn : std::uint8_t {
    go_on,
    fail,  // it is not done, and answers as the fault says
    lose,  // it is done, and answers as the fault says
    end    // it is not done, and nothing after it
  };

  void take_files() {
    auto files = folder.take(file_date);
    if (files) host.files = *files;
    else trouble = files.error();
  }

  Turn next(const Effect& effect) {
    if (cut) return Turn::end;
    look_at_restart();
    const int number = ++record->effects;
    if (keeps_moments) keep_moment(effect);
    const bool strikes =
        fault != nullptr && (!record->faulted || fault->lasting) && fault->strikes && fault->strikes(number, effect);
    if (!strikes) {
      note(number, effect);
      return Turn::go_on;
    }
    record->faulted = true;
    record->fault = fault->what;
    record->struck = describe(effect);
    if (!fault->answer_text.empty()) record->struck += ": " + fault->answer_text;
    if (fault->what == RunFault::What::fail) return Turn::fail;
    // Of what is renamed into its place nothing is seen.
    cut = fault->what == RunFault::What::cut || fault->what == RunFault::What::tear;
    if (fault->what == RunFault::What::tear && effect.kind == EffectKind::rename) return Turn::end;
    if (fault->what == RunFault::What::tear) torn = effect.path;
    note(number, effect);
    if (fault->what == RunFault::What::preempt) let_others_run();
    return fault->what == RunFault::What::lose ? Turn::lose : Turn::go_on;
  }

  void note(int number, const Effect& effect) {
    sandbox->catch_up();
    notes.push_back(note_of(number, effect, place_in_script(sandbox->trace())));
    unlooked = may_stop_a_restart(effect);
  }

  bool may_stop_a_restart(const Effect& effect) const {
    if (!changes_host(effect.kind)) return false;
    if (effect.kind == EffectKind::make_directory || effect.kind == EffectKind::make_symlink)
      return watch.concerns_addition(effect.path);
    const bool contents_only = effect.kind != EffectKind::remove && effect.kind != EffectKind::rename;
    return watch.concerns({effect.path, contents_only}) ||
           (effect.kind == EffectKind::rename && watch.concerns({effect.other, contents_only}));
  }

  // Once what the last effect did is done, which shows when the next thing happens.
  void look_at_restart() {
    if (!std::exchange(unlooked, false) || !record->unrestartable.empty()) return;
    take_files();
    const auto found = watch.look(host);
    if (!found) return;
    record->unrestartable = found->what;
    record->unrestartable_path = found->path;
    record->unrestartable_effect = record->effects;
  }

  void keep_moment(const Effect& effect) {
    take_files();
    sandbox->catch_up();
    Host now_there = host;
    temporary.number(now_there.files, file_date);
    moments.push_back({.next = effect,
                       .host = std::move(now_there),
                       .exchanges = exchanges.size(),
                       .notes = notes.size(),
                       .output = sandbox->output().size(),
                       .so_far = *record});
  }

  // The others run to their ends while this one is stopped at its effect.
  void let_others_run() {
    if (turns == nullptr) return;
    take_files();
    HostPtr left = freeze(host);
    record->faulted = turns->others(left);
    host = left->host;
    if (const auto put = folder.put(host.files); !put) trouble = put.error();
  }

  Answer answer(const StandInCall& call) {
    const Turn turn = next(effect_of(call));
    if (turn == Turn::end) {
      sandbox->terminate(milliseconds(0));
      return {.exit = kKilled, .out = "", .err = ""};
    }
    take_files();
    const Hash128 before = host.loaded ? host.loaded->hash : Hash128{};
    const std::vector<Time> starts = starts_of_runtime();
    const Answer said = answer_on_node(host, call, now);
    const bool restarted = call.argv.size() > 1 && starts_of_runtime() != starts;
    if (restarted) {
      ++record->restarts;
      const Hash128 after = host.loaded ? host.loaded->hash : Hash128{};
      record->loaded_differently = record->loaded_differently || !(before == after);
    } else {
      std::erase_if(notes, [&](const EffectNote& note) { return note.number == record->effects; });
    }
    return said;
  }

  // A command is one effect; it cannot be failed as a system call can, only kept from starting.
  Answer answer_command(const StandInCall& call) {
    const Turn turn = next(effect_of_command(call));
    if (turn == Turn::end) {
      sandbox->terminate(milliseconds(0));
      return {.exit = kKilled, .out = "", .err = ""};
    }
    if (turn == Turn::fail) {
      const std::string why = std::system_category().message(number_of(fault->answer.error.value_or(Errno::eio)));
      return {.exit = 1, .out = "", .err = fmt::format("{}: {}\n", call.argv.front(), why)};
    }
    return {.run = fmt::format("{}/{}", kRealTools, call.argv.front())};
  }

  std::vector<Time> starts_of_runtime() const {
    const auto unit = host.units.find(host.runtime.unit());
    return unit == host.units.end() ? std::vector<Time>{} : unit->second.recent_starts;
  }

  // At a request of the pod to the API server.
  std::optional<ApiInterference> rule(const ApiRequest& request) {
    const auto effect = effect_of(request);
    if (!effect) return std::nullopt;
    const ApiError gone{503, "ServiceUnavailable", "nobody is there to be answered"};
    switch (next(*effect)) {
      case Turn::go_on:
        if (!cut) return std::nullopt;
        end_now();
        return ApiInterference{gone, true};
      case Turn::fail: return ApiInterference{fault->answer.api_error.value_or(gone)};
      case Turn::lose: return ApiInterference{fault->answer.api_error.value_or(gone), true};
      case Turn::end: end_now(); return ApiInterference{gone};
    }
    return std::nullopt;
  }

  // Its programs end before an answer would reach them.
  void end_now() const {
    sandbox->terminate(milliseconds(0));
    while (sandbox->pump(milliseconds(kTurnMs), {})) continue;
  }

  void heard(const ApiRequest& request, const ApiResponse& response) {
    if (!effect_of(request)) return;
    exchanges.push_back({request, hash_of_answer(response)});
    record->api.push_back({.effect = {}, .view = {}, .leaves_trace = request.method != "GET"});
  }

  // At a system call that would change the node.
  Ruling rule(const StoppedEffect& effect) {
    if (effect.number == 0) return {};
    if (effect.call == "mkdir" || effect.flags.contains("create-new")) temporary.note(effect.path);
    Effect changed = effect_of(effect);
    changed.path = temporary.numbered(changed.path);
    changed.other = temporary.numbered(changed.other);
    switch (next(changed)) {
      case Turn::fail:
        return {.kind = Ruling::Kind::fail, .error = number_of(fault->answer.error.value_or(Errno::eio))};
      case Turn::end: return {.kind = Ruling::Kind::kill, .error = 0};
      default: return {};
    }
  }

  void tear() {
    const auto found = host.files.find(torn, Follow::no);
    if (torn.empty() || !found || (*found)->kind != FileKind::file) return;
    const std::string_view bytes = (*found)->blob->bytes;
    (void)host.files.put(torn, host.files.store().intern(std::string(bytes.substr(0, bytes.size() / 2))),
                         (*found)->attributes);
  }
};

namespace {

// What came and went within the run (an editor's temporary file), was only tried, or was there already is no change.
void note_changes(RunRecord& record, const EffectNotes& notes, const FileTree& before, const FileTree& after) {
  for (const EffectNote& note : notes) {
    if (!is_noted(note.kind) && note.kind != EffectKind::systemctl) continue;
    const bool on_host = changes_host(note.kind);
    const bool was = on_host && before.find(note.path, Follow::no).has_value();
    const bool is = on_host && after.find(note.path, Follow::no).has_value();
    const bool made_again = note.kind == EffectKind::make_directory && was;
    if (!on_host || ((was || is) && !made_again)) record.changes.add(note);
  }
  record.changes.close();
}

void set_log(RunRecord& record, std::string_view output) {
  record.result.log = split(std::string(output), '\n');
  std::vector<std::string>& log = record.result.log;
  if (log.size() > kKeptLines) log.erase(log.begin(), log.end() - kKeptLines);
}

}  // namespace

// A preempted run waits while others run: each has volumes of its own.
class ContainerRuns::Nesting {
 public:
  explicit Nesting(int& depth) : depth_(depth) { ++depth_; }
  Nesting(const Nesting&) = delete;
  Nesting& operator=(const Nesting&) = delete;
  ~Nesting() { --depth_; }

 private:
  int& depth_;
};

fs::path ContainerRuns::volumes_folder() const { return options_.work / fmt::format("volumes-{}", depth_); }

bool ContainerRuns::remembers() const { return options_.fast || keep_moments; }

ContainerRuns::ContainerRuns(Store& store, const LiveSubject& subject, const LiveOptions& options, ApiServer& api)
    : store_(store), subject_(subject), options_(options), api_(api) {
  if (options_.fast)
    tomlq_ = std::make_unique<TomlqCache>(options_.tools.venv, options_.cache, options_.work / "tomlq");
}

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

// Not where the image brings what the tool itself runs, or tells it in the environment how to.
bool ContainerRuns::stands_in_for(const std::string& tool, const LiveImage& image, const SandboxSpec& spec) const {
  if (!options_.fast) return false;
  if (tool == "kubectl") return true;
  const auto brings = [&](const fs::path& root) {
    return std::ranges::any_of(kToolsOfTomlq, [&](const char* path) { return fs::exists(root / path); });
  };
  const auto tells = [](const auto& variable) {
    return std::ranges::any_of(kTellsTomlq, [&](const char* name) { return variable.first.starts_with(name); });
  };
  return tool == "tomlq" && std::ranges::none_of(image.roots, brings) && std::ranges::none_of(spec.env, tells);
}

// Where system calls cannot be stopped: the commands of scripts that change files, but for those that an image brings.
void ContainerRuns::watch_commands(SandboxSpec& spec) {
  for (const std::string_view command : kCommands) {
    const std::string in_usr = fmt::format("usr/bin/{}", command);
    const std::string in_bin = fmt::format("bin/{}", command);
    const bool brought = std::ranges::any_of(
        spec.image, [&](const fs::path& root) { return fs::exists(root / in_usr) || fs::exists(root / in_bin); });
    if (brought || !fs::exists("/" + in_usr)) continue;
    spec.image_stand_ins.emplace_back(command);
    spec.mounts.push_back({fmt::format("{}/{}", kRealTools, command), "/" + in_usr, true});
  }
}

// A call of a tool that we stand in for.
Answer ContainerRuns::answer_as_tool(const StandInCall& call, Cluster& cluster, const ProgramStart& start) {
  const std::string& tool = call.argv.front();
  std::optional<Answer> answer;
  if (tool == "tomlq") answer = tomlq_->answer(call);
  if (tool == "kubectl") {
    answer = answer_as_kubectl(call, cluster, account_of(*start.pod),
                               [&](const ApiRequest& request) { return api_.ask(cluster, request); });
  }
  return answer ? *answer : Answer{.run = fmt::format("{}/{}", kRealTools, tool)};
}

std::expected<SandboxSpec, std::string> ContainerRuns::spec_for(const ProgramStart& start, const Cluster& cluster,
                                                                const HostFolder& folder) {
  const fs::path volumes = volumes_folder();
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
    if (tool == "tomlq") spec->mounts.push_back({options_.tools.venv.string(), options_.tools.venv, true});
    // What is stood in for is not mounted over.
    const std::string at = stands_in_for(tool, *image, *spec) ? kRealTools : "/usr/local/bin";
    if (at == kRealTools) spec->image_stand_ins.push_back(tool);
    if (tool == "kubectl") spec->mounts.push_back({at + "/kubectl", options_.tools.kubectl, true});
    if (tool == "tomlq") {
      spec->mounts.push_back({at + "/tomlq", options_.tools.venv / "bin/tomlq", true});
      spec->mounts.push_back({"/usr/local/bin/yq", options_.tools.venv / "bin/yq", true});
    }
  }
  if (!image->payload.empty())
    spec->mounts.push_back({fmt::format("/{}/opt/kata", kArtefacts), image->payload / "opt/kata", true});
  spec->gate = options_.gate;
  if (!options_.gate) watch_commands(*spec);
  spec->trace_bash = true;
  return spec;
}

// All that decides what the program does, but for what the API server tells it. The pod's name is left out.
Hash128 ContainerRuns::hash_of_start(const ProgramStart& start, const SandboxSpec& spec, const HostPtr& host) const {
  Hasher hasher;
  hasher.add(host->state).add(static_cast<std::uint64_t>(start.request.host_now));
  hasher.add(static_cast<std::uint64_t>(start.request.program)).add(std::string_view(spec.cwd));
  for (const fs::path& root : spec.image) hasher.add(std::string_view(root.native()));
  for (const std::string& word : spec.argv) hasher.add(std::string_view(word));
  for (const auto& [name, value] : spec.env) hasher.add(std::string_view(name)).add(std::string_view(value));
  hasher.add(static_cast<std::uint64_t>(spec.host_pid));
  for (const BindMount& mount : spec.mounts) {
    hasher.add(std::string_view(mount.at)).add(std::string_view(mount.from.native()));
    hasher.add(static_cast<std::uint64_t>(mount.read_only));
  }
  const fs::path volumes = volumes_folder();
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(volumes)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  for (const fs::path& file : files)
    hasher.add(std::string_view(file.native()))
        .add(std::string_view(read_file(file.string(), kLargestVolume).value_or("")));
  return hasher.finish();
}

// The run cut where the fault strikes, from a run that was watched; null where it never does.
RunPtr ContainerRuns::cut_run(const RunMemory::Run& run, const RunFault& fault, HostPtr& host, Cluster& cluster) const {
  for (std::size_t i = 0; i < run.moments.size(); ++i) {
    const int number = static_cast<int>(i) + 1;
    if (!fault.strikes(number, run.moments[i].next)) continue;
    if (i + 1 == run.moments.size()) return nullptr;
    const RunMemory::Moment& end = run.moments[i + 1];
    if (!RunMemory::ask_again(run, end.exchanges, cluster)) return nullptr;
    auto record = std::make_shared<RunRecord>(end.so_far);
    record->effects = number;
    record->faulted = true;
    record->fault = fault.what;
    record->struck = describe(run.moments[i].next);
    record->result.ending = RunResult::Ending::exited;
    record->result.exit_code = fault.exit_code;
    set_log(*record, std::string_view(run.output).substr(0, end.output));
    const EffectNotes notes(run.notes.begin(), run.notes.begin() + static_cast<std::ptrdiff_t>(end.notes));
    note_changes(*record, notes, host->host.files, end.host.files);
    host = freeze(end.host);
    return record;
  }
  return nullptr;
}

RunPtr ContainerRuns::run(const ProgramStart& start, HostPtr& host, Cluster& cluster, const RunFault* fault) {
  const Program program = start.request.program;
  const Nesting nested(depth_);
  HostFolder& folder = folder_of(start.request.node);
  auto spec = spec_for(start, cluster, folder);
  if (!spec) return could_not_start(program, spec.error());
  const bool alone = start.request.turns == nullptr;
  const Hash128 started = alone && remembers() ? hash_of_start(start, *spec, host) : Hash128{};
  if (alone && remembers()) {
    if (fault == nullptr) {
      Cluster asked = cluster;
      const RunMemory::Kept known = memory_.recall(started, asked);
      if (known && (!keep_moments || !known->moments.empty())) {
        cluster = std::move(asked);
        host = known->after;
        return known->record;
      }
    } else if (fault->what == RunFault::What::cut) {
      for (const RunMemory::Kept& known : memory_.of(started)) {
        if (RunPtr cut = cut_run(*known, *fault, host, cluster)) return cut;
      }
    }
  }
  if (const auto done = folder.put(host->host.files); !done) return could_not_start(program, done.error());
  Running running{.folder = folder,
                  .host = host->host,
                  .now = cluster.now,
                  .file_date = start.request.host_now,
                  .fault = fault,
                  .turns = start.request.turns,
                  .keeps_moments = keep_moments && fault == nullptr && alone};
  running.record->program = program;
  spec->on_effect = [&](const StoppedEffect& effect) { return running.rule(effect); };
  auto sandbox = Sandbox::start(*spec);
  if (!sandbox) return could_not_start(program, "the sandbox does not start: " + sandbox.error());
  running.sandbox = sandbox->get();

  const int listener = (*sandbox)->take_api_listener();
  api_.listen_on(listener);
  api_.hold_administrators(true);
  const auto outer_interference =
      std::exchange(api_.interfere, [&](const ApiRequest& request) { return running.rule(request); });
  const auto outer_listener = std::exchange(
      api_.heard, [&](const ApiRequest& request, const ApiResponse& response) { running.heard(request, response); });
  const StandIn stand_in = [&](const StandInCall& call) {
    const bool tool = call.argv.front() == "kubectl" || call.argv.front() == "tomlq";
    const bool command = std::ranges::count(kCommands, call.argv.front()) > 0;
    if (command) return running.answer_command(call);
    if (!tool) return running.answer(call);
    // A tool's own words about a failure are for the tool to say, and kubectl has said some of them when it is cut
    // short.
    const bool real = fault != nullptr && (fault->what != RunFault::What::cut || call.argv.front() == "kubectl");
    return real ? Answer{.run = fmt::format("{}/{}", kRealTools, call.argv.front())}
                : answer_as_tool(call, cluster, start);
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
  std::string output = running.temporary.numbered((*sandbox)->output());
  set_log(record, output);
  const bool settled = (*sandbox)->settled() && alive;
  const auto exit = (*sandbox)->exit();
  sandbox->reset();
  api_.stop_listening(listener);
  api_.interfere = outer_interference;
  api_.heard = outer_listener;
  api_.hold_administrators(depth_ > 1);
  running.look_at_restart();
  running.take_files();
  running.temporary.number(running.host.files, running.file_date);
  running.tear();

  record.result.ending = settled && !running.cut ? RunResult::Ending::settled : RunResult::Ending::exited;
  record.result.exit_code = running.cut ? fault->exit_code : settled ? 0 : exit ? exit->status : kKilled;
  if (!running.trouble.empty()) record.result.log.push_back(running.trouble);
  note_changes(record, running.notes, host->host.files, running.host.files);
  host = freeze(std::move(running.host));
  const bool whole = running.trouble.empty() && (!exit || !exit->timed_out);
  if (alone && fault == nullptr && remembers() && whole) {
    RunMemory::Run kept{.record = running.record, .after = host, .exchanges = std::move(running.exchanges)};
    kept.moments = std::move(running.moments);
    if (!kept.moments.empty()) {
      kept.notes = std::move(running.notes);
      kept.output = std::move(output);
    }
    memory_.keep(started, std::make_shared<const RunMemory::Run>(std::move(kept)));
  }
  return running.record;
}

}  // namespace barnacle
