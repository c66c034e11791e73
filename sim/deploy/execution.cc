#include "sim/deploy/execution.h"

#include <algorithm>
#include <utility>

#include "sim/base/check.h"
#include "sim/base/hash_map.h"
#include "sim/deploy/deployment.h"
#include "sim/deploy/surroundings.h"

namespace barnacle {
namespace {

Work program_of(Program program, Deployment& deployment) {
  switch (program) {
    case Program::install: return install(deployment);
    case Program::cleanup: return cleanup(deployment);
    case Program::reset: return reset(deployment);
  }
  return install(deployment);
}

std::string changed_thing(const Effect& effect) {
  if (is_api(effect.kind)) return std::string(kind_name(effect.object_kind)) + " " + effect.path;
  if (effect.kind == EffectKind::systemctl) return effect.path + " " + effect.other;
  return effect.path;
}

bool starts_runtime(const Effect& effect, const Host& host) {
  return effect.kind == EffectKind::systemctl && effect.other == host.runtime.unit() &&
         (effect.path == "restart" || effect.path == "start");
}

// What the files say counts, not what comes of them: a program cannot know that another file says the same.
bool loads_differently(const LoadedConfigPtr& before, const LoadedConfigPtr& after) {
  if (!before || !after) return before != after;
  return before->contents != after->contents;
}

// What the effect took or replaced; none when it only added, or changed nothing.
std::optional<PartRecord::Disturbance> disturbance(const Effect& effect, const FileTree& before,
                                                   const FileTree& after) {
  const auto was = before.find(effect.path, Follow::no);
  if (!was) return std::nullopt;
  const auto is = after.find(effect.path, Follow::no);
  if (is && *is == *was && effect.kind != EffectKind::rename) return std::nullopt;
  const auto is_file = [](const Node& node) { return node.kind == FileKind::file; };
  const auto execute = [](const Node& node) { return node.attributes.mode & 0111U; };
  const bool contents_only = is && is_file(**was) && is_file(**is) && (execute(**was) & ~execute(**is)) == 0;
  return PartRecord::Disturbance{effect.path, contents_only};
}

// What runs have asked the API server: they ask the same again and again, and what they asked is compared with the
// present at every repeat, so that one of each is kept.
struct Questions {
  HashMap<std::shared_ptr<const Effect>> of;
};

// Whether what the one left at the API server may show in the answer to the other. Labels are what programs write most.
bool may_show_in(const Effect& trace, const Effect& question) {
  const bool labels = trace.kind == EffectKind::api_label && question.kind == EffectKind::api_label;
  return !labels || trace.other == question.other;
}

// A label that is as it shall be is not written.
bool wrote(const Effect& effect, const EffectResult& answer) {
  return writes_api(effect.kind) && (effect.kind != EffectKind::api_label || answer.changed);
}

std::shared_ptr<const Effect> asked_before(Store& store, const Effect& effect) {
  Hasher hasher;
  hasher.add(static_cast<std::uint64_t>(effect.kind)).add(static_cast<std::uint64_t>(effect.object_kind));
  hasher.add(effect.namespace_).add(effect.path).add(effect.other).add(std::uint64_t{effect.value.has_value()});
  if (effect.value) hasher.add(*effect.value);
  if (effect.body) hasher.add(effect.body->hash);
  const auto [entry, fresh] = store.attachment<Questions>().of.try_emplace(hasher.finish());
  if (fresh) {
    Effect asked = effect;
    if (effect.kind == EffectKind::wait_ready) asked.path = kThisNode;
    entry.value() = std::make_shared<const Effect>(std::move(asked));
  }
  return entry->second;
}

}  // namespace

Execution::Execution(Store& store, PartMemory* parts, const RunRequest& request, const FrozenHost& host,
                     Cluster& cluster, const RunFault* fault, const Probe& probe)
    : parts_(parts),
      request_(request),
      fault_(fault),
      probe_(probe),
      working_(host.host),
      place_{working_, cluster, {request.account, request.node}, request.host_now},
      watch_(working_),
      shell_(store),
      record_(std::make_shared<RunRecord>()),
      deployment_{.settings = *request.settings, .shell = shell_},
      work_(program_of(request.program, deployment_)) {
  record_->program = request.program;
}

RunPtr Execution::run() {
  work_.start();
  go_on();
  left_ = freeze(std::move(working_));
  return record_;
}

void Execution::go_on() {
  while (!over()) {
    if (preempted_) {
      let_others_run();
      continue;
    }
    if (shell_.pending().kind == EffectKind::lock && !take_lock()) return;
    const Effect& effect = shell_.pending();  // until it is answered
    if (effect.kind == EffectKind::part_begin) shell_.answer(begin_part(*effect.part));
    else if (effect.kind == EffectKind::part_end) shell_.answer(end_part(*effect.wanted));
    else cut_ = step(effect);
    const bool in_turn = request_.turns != nullptr && request_.turns->first != nullptr && request_.turns->first != this;
    if (in_turn && record_->effects == request_.turns->until) let_first_go_on();
  }
  finish();
}

void Execution::finish() {
  if (std::exchange(finished_, true)) return;
  if (!cut_) do_deferred();
  if (!cut_ || work_.done()) note_ending(work_);
  record_->changes.close();
  record_->result.log = std::move(shell_.log());
  if (request_.turns != nullptr && request_.turns->holder == this) request_.turns->holder = nullptr;
}

// False when this run is the preempted one, and goes on inside another that holds the lock: that one ends first.
bool Execution::take_lock() {
  Turns* turns = request_.turns;
  if (turns == nullptr) return true;
  if (turns->holder != nullptr && turns->holder != this && turns->holder == turns->first) let_first_go_on();
  if (turns->holder != nullptr && turns->holder != this) return false;
  turns->holder = this;
  return true;
}

void Execution::let_others_run() {
  preempted_ = false;
  Turns& turns = *request_.turns;
  turns.first = this;
  HostPtr host = freeze(working_);
  const bool ran = turns.others(host);
  turns.first = nullptr;
  if (!ran) return;
  record_->faulted = true;
  record_->fault = RunFault::What::preempt;
  working_ = host->host;
  watch_ = RestartWatch(working_);
}

void Execution::let_first_go_on() {
  Execution& first = *std::exchange(request_.turns->first, nullptr);
  first.working_ = working_;
  first.watch_ = RestartWatch(first.working_);
  first.go_on();
  working_ = first.working_;
  watch_ = RestartWatch(working_);
}

EffectResult Execution::do_effect(const Effect& effect) {
  if (!mutates(effect)) return perform(effect, place_);
  if (probe_.survey != nullptr) probe_.survey->insert(place_of(effect, *request_.settings));
  const bool mutated = probe_.mutation && !deferred_ && place_of(effect, *request_.settings) == probe_.mutation->place;
  if (mutated) return mutate(effect);
  EffectResult answer = perform(effect, place_);
  do_deferred();
  return answer;
}

EffectResult Execution::mutate(const Effect& effect) {
  EffectResult answer;
  answer.changed = true;
  switch (probe_.mutation->what) {
    case Mutation::What::drop: break;
    case Mutation::What::swap: deferred_ = effect; break;
    case Mutation::What::repeat:
      answer = perform(effect, place_);
      perform(effect, place_);
      break;
  }
  return answer;
}

void Execution::do_deferred() {
  if (!deferred_) return;
  perform(*deferred_, place_);
  deferred_.reset();
}

EffectResult Execution::begin_part(const PartKey& part) {
  do_deferred();
  open_.reset();
  if (parts_ == nullptr || working_.files.has_capacity()) return {};
  // Where the folder above is missing too, more than the part's own folder would change.
  if (!working_.files.is_directory(parent_path(part.folder))) return {};
  const auto folder = working_.files.find(part.folder, Follow::no);
  if (folder && (*folder)->kind != FileKind::directory) return {};
  Hasher hasher;
  hasher.add(part.folder).add(part.inputs).add(static_cast<std::uint64_t>(request_.host_now));
  hasher.add(folder ? (*folder)->state : Hash128{});
  if (!part.reads.empty()) {
    const auto read = working_.files.read(part.reads);
    hasher.add(read ? (*read)->hash : Hash128{});
  }
  const Hash128 key = hasher.finish();
  const auto known = parts_->find(key);
  if (known != parts_->end()) return take_over(known->second, part.folder);
  open_ = OpenPart{key, part, working_.files, record_->effects, record_->changes.open_count(), shell_.log().size(),
                   {},  false};
  return {};
}

EffectResult Execution::take_over(const PartPtr& known, const std::string& folder) {
  EffectResult answer;
  // What it disturbs on the way has to be looked at, effect by effect.
  for (const PartRecord::Disturbance& disturbed : known->disturbances) {
    if (watch_.concerns(disturbed)) return answer;
  }
  const auto done = working_.files.replant(folder, known->after);
  check(done.has_value(), "a part's folder has a parent");
  record_->changes.add_remembered(record_->effects, known->changes);
  record_->effects += known->effects;
  shell_.log().insert(shell_.log().end(), known->log.begin(), known->log.end());
  answer.part = known;
  return answer;
}

EffectResult Execution::end_part(const std::set<std::string, std::less<>>& wanted) {
  EffectResult answer;
  do_deferred();
  if (!open_ || open_->spoiled) return answer;
  const auto folder = working_.files.find(open_->part.folder, Follow::no);
  const Node* after = folder ? *folder : nullptr;
  // Nothing else may have changed: a link inside may have led out of the folder.
  FileTree expected = open_->before;
  if (!expected.replant(open_->part.folder, after) || !(expected == working_.files)) return answer;
  auto record = std::make_shared<PartRecord>();
  record->after = after;
  record->effects = record_->effects - open_->effects;
  EffectNotes notes = record_->changes.take_from(open_->notes);
  for (EffectNote& note : notes) note.number -= open_->effects;
  record->changes = std::make_shared<EffectNotes>(std::move(notes));
  record_->changes.add_remembered(open_->effects, record->changes);
  record->log.assign(shell_.log().begin() + static_cast<std::ptrdiff_t>(open_->lines), shell_.log().end());
  record->wanted = wanted;
  record->wanted_hash = hash_of_paths(wanted);
  record->disturbances.assign(open_->disturbances.begin(), open_->disturbances.end());
  answer.part = parts_->emplace(open_->key, std::move(record)).first->second;
  open_.reset();
  return answer;
}

void Execution::note_api(const Effect& effect) {
  auto asked = asked_before(shell_.store(), effect);
  const Hash128 view = api_view(*asked, place_.cluster, place_.caller);
  record_->sees_own_traces =
      record_->sees_own_traces || std::ranges::any_of(record_->api, [&](const RunRecord::Seen& seen) {
        return seen.leaves_trace && may_show_in(*seen.effect, effect);
      });
  record_->api.push_back({std::move(asked), view});
}

void Execution::note_for_part(const Effect& effect) {
  const bool on_files = effect.kind <= EffectKind::chmod;
  const bool inside = on_files && is_below(effect.path, open_->part.folder);
  const bool allowed = effect.kind == EffectKind::read && effect.path == open_->part.reads;
  if (!inside && !allowed) open_->spoiled = true;
}

void Execution::note_change(const Effect& effect, const FileTree& before) {
  if (working_.files == before) return;
  const auto disturbed = disturbance(effect, before, working_.files);
  if (open_ && disturbed) open_->disturbances.insert(*disturbed);
  const bool concerned = disturbed ? watch_.concerns(*disturbed) : watch_.concerns_addition(effect.path);
  const bool arrives = effect.kind == EffectKind::rename &&
                       (watch_.concerns({effect.other, false}) || watch_.concerns_addition(effect.other));
  if ((!concerned && !arrives) || !record_->unrestartable.empty()) return;
  const auto trouble = watch_.look(working_);
  note_loaded(watch_.seen());
  if (trouble) {
    record_->unrestartable = trouble->what;
    record_->unrestartable_path = trouble->path;
    record_->unrestartable_effect = record_->effects;
  }
}

bool Execution::step(const Effect& effect) {
  const int number = ++record_->effects;
  const bool strikes = fault_ != nullptr && (!record_->faulted || fault_->lasting) && fault_->strikes(number, effect);
  if (is_api(effect.kind) || effect.kind == EffectKind::wait_ready) note_api(effect);
  if (open_) note_for_part(effect);
  if (effect.kind <= EffectKind::chmod) note_if_aside(effect.path);
  if (effect.kind == EffectKind::rename) note_if_aside(effect.other);
  if (strikes) note_fault(effect);
  if (strikes && fault_->what == RunFault::What::fail) {
    shell_.answer(EffectResult(fault_->answer));
    return false;
  }
  const bool restarts = starts_runtime(effect, working_);
  const LoadedConfigPtr loaded_before = working_.loaded;
  const FileTree files_before = working_.files;
  const std::uint64_t denials = place_.cluster.denial_count();
  EffectResult answer = strikes && fault_->what == RunFault::What::tear ? tear(effect) : do_effect(effect);
  if (strikes && fault_->what == RunFault::What::lose) answer = fault_->answer;
  if (place_.cluster.denial_count() != denials || wrote(effect, answer)) record_->api.back().leaves_trace = true;
  if (mutates(effect) && answer.ok()) record_->changes.add({number, effect.kind, changed_thing(effect)});
  if (restarts) {
    note_loaded(working_.loaded);
    ++record_->restarts;
    record_->loaded_differently = record_->loaded_differently || loads_differently(loaded_before, working_.loaded);
  }
  if (changes_host(effect.kind)) note_change(effect, files_before);
  preempted_ = strikes && fault_->what == RunFault::What::preempt && request_.turns != nullptr;
  if (strikes && !preempted_ && fault_->what != RunFault::What::lose) {
    record_->result.ending = RunResult::Ending::exited;
    record_->result.exit_code = fault_->exit_code;
    return true;
  }
  shell_.answer(std::move(answer));
  return false;
}

void Execution::note_fault(const Effect& effect) {
  if (!record_->faulted)
    record_->struck = describe(effect) + (fault_->answer_text.empty() ? "" : ": " + fault_->answer_text);
  if (fault_->what == RunFault::What::preempt) return;  // only where others do run
  record_->faulted = true;
  record_->fault = fault_->what;
}

// Half of the bytes get there.
EffectResult Execution::tear(const Effect& effect) {
  if (effect.kind != EffectKind::write) return {};
  Effect half = effect;
  half.blob = shell_.store().intern(std::string_view(effect.blob->bytes).substr(0, effect.blob->bytes.size() / 2));
  return perform(half, place_);
}

void Execution::note_if_aside(const std::string& path) {
  if (is_aside(path, request_.settings->destination())) aside_.insert(path);
}

// What a load of the runtime's configuration looks at, and what its handlers need.
void Execution::note_loaded(const LoadedConfigPtr& loaded) {
  failed_to_load_ = failed_to_load_ || !loaded;
  if (!loaded || loaded == noted_) return;
  noted_ = loaded;
  for (const std::string& path : noted_->files) note_if_aside(path);
  for (const std::string& path : noted_->needed) note_if_aside(path);
}

bool Execution::looked_at_no_neighbours_but(const std::set<std::string>& named) const {
  return !failed_to_load_ && std::ranges::includes(named, aside_);
}

// The program ends as its script would: the exit status, or sleeping for ever.
void Execution::note_ending(Work& work) {
  RunResult& result = record_->result;
  try {
    work.result();
    result.ending = request_.program == Program::cleanup ? RunResult::Ending::exited : RunResult::Ending::settled;
    result.exit_code = 0;
  } catch (const ScriptExit& exit) {
    result.ending = RunResult::Ending::exited;
    result.exit_code = exit.status;
    result.refused = exit.refused;
  } catch (const ScriptStuck&) {
    result.ending = RunResult::Ending::stuck;
  }
}

}  // namespace barnacle
