#include "harness/live/tier/container_run.h"

#include <fmt/format.h>
#include <fnmatch.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <utility>

#include "harness/live/tier/container.h"
#include "harness/live/tier/kubectl.h"
#include "harness/live/tier/live_effect.h"
#include "harness/live/tier/live_tier.h"
#include "harness/live/tier/stand_ins.h"
#include "harness/live/tier/watched_run.h"
#include "harness/scenario/file.h"
#include "sim/base/text.h"
#include "sim/cluster/kinds.h"

namespace barnacle {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr std::uint16_t kApiPort = 6443;
constexpr int kCannotStart = 128;
// For programs that hang. Far more than any run takes on a busy machine, or a result would depend on what else runs
// there.
constexpr std::chrono::minutes kLongestRun{15};
constexpr std::array kToolsOfTomlq = {"usr/bin/jq", "usr/local/bin/jq", "bin/jq", "usr/bin/python3",
                                      "usr/local/bin/python3"};
constexpr std::array kTellsTomlq = {"LC_", "LANG", "PYTHON", "JQ_"};
constexpr std::array<std::string_view, 13> kCommands = {"chmod", "chown", "cp",  "install", "ln",    "mkdir",   "mv",
                                                        "rm",    "rmdir", "sed", "tee",     "touch", "truncate"};
constexpr std::size_t kKeptLines = 200;
constexpr std::size_t kLargestVolume = std::size_t{16} << 20;

bool is_noted(EffectKind kind) { return changes_host(kind) || writes_api(kind); }

// Which limit of the sandbox ended the program; empty when none did.
std::string limit_reached(const Exit& exit) {
  if (exit.timed_out) return fmt::format("barnacle: ended after {} minutes", kLongestRun.count());
  if (exit.out_of_memory) return "barnacle: ended, it had used up its memory";
  if (exit.disk_full) return "barnacle: ended, it had filled its disk";
  if (exit.too_many_processes) return "barnacle: ended, it had too many processes";
  return "";
}

RunPtr could_not_start(Program program, const std::string& why) {
  auto record = std::make_shared<RunRecord>();
  record->program = program;
  record->result.ending = RunResult::Ending::exited;
  record->result.exit_code = kCannotStart;
  record->result.log = {why};
  return record;
}

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
  spec->limits.time = kLongestRun;
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
  WatchedRun running{.folder = folder,
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
  if (const std::string limit = exit ? limit_reached(*exit) : ""; !limit.empty()) record.result.log.push_back(limit);
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
