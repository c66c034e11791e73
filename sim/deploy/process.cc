#include "sim/deploy/process.h"

#include "sim/deploy/deployment.h"

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

bool mutates(const Effect& effect) {
  if (changes_host(effect.kind)) return true;
  if (effect.kind == EffectKind::systemctl) return effect.path != "is-active";
  return effect.kind == EffectKind::api_create || effect.kind == EffectKind::api_label || effect.kind == EffectKind::api_delete;
}

// Would the runtime come up, and could every handler it offers start a container, were it restarted now?
void note_restartable(RunRecord& record, const Host& host, int number) {
  if (!record.unrestartable.empty()) return;
  const auto loaded = load_runtime_configuration(host.files, host.runtime);
  if (!loaded) {
    record.unrestartable = "the runtime would not start: " + loaded.error().what;
    record.unrestartable_path = loaded.error().file;
    record.unrestartable_effect = number;
    return;
  }
  const auto broken = broken_handlers(host.files, **loaded);
  if (broken.empty()) return;
  record.unrestartable = "handler " + broken.front().handler + " would have no " + broken.front().path;
  record.unrestartable_path = broken.front().path;
  record.unrestartable_effect = number;
}

bool restartable(const Host& host) {
  const auto loaded = load_runtime_configuration(host.files, host.runtime);
  return loaded && broken_handlers(host.files, **loaded).empty();
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

// The program ends as its script would: the exit status, or sleeping for ever.
void note_ending(RunRecord& record, Work& work, Program program) {
  RunResult& result = record.result;
  try {
    work.result();
    result.ending = program == Program::cleanup ? RunResult::Ending::exited : RunResult::Ending::settled;
    result.exit_code = 0;
  } catch (const ScriptExit& exit) {
    result.ending = RunResult::Ending::exited;
    result.exit_code = exit.status;
    result.refused = exit.refused;
  } catch (const ScriptStuck&) {
    result.ending = RunResult::Ending::stuck;
  }
}

}  // namespace

std::string_view program_name(Program program) {
  switch (program) {
    case Program::install: return "install";
    case Program::cleanup: return "cleanup";
    case Program::reset: return "reset";
  }
  return "?";
}

HostPtr freeze(Host host) {
  // A run outlasts systemd's ten seconds: it waits for the kubelet's next report.
  for (auto& [name, unit] : host.units) unit.recent_starts.clear();
  auto frozen = std::make_shared<FrozenHost>(FrozenHost{std::move(host), {}, {}});
  frozen->state = frozen->host.state_hash();
  frozen->seen = frozen->host.seen_hash();
  return frozen;
}

RunPtr Runner::execute(const RunRequest& request, const HostPtr& host, Cluster& cluster, const RunFault* fault) {
  auto record = std::make_shared<RunRecord>();
  record->program = request.program;
  Host working = host->host;
  Place place{working, cluster, request.account, request.node, request.host_now};
  const bool was_restartable = restartable(working);
  const Settings settings = read_settings(*request.version, request.node, *request.environment);
  Shell shell(store_);
  Deployment deployment{.settings = settings, .shell = shell};
  Work work = program_of(request.program, deployment);
  work.start();
  while (!work.done()) {
    const Effect effect = shell.pending();
    const int number = ++record->effects;
    const bool strikes = fault != nullptr && !record->faulted && fault->strikes(number, effect);
    if (is_api(effect.kind) || effect.kind == EffectKind::wait_ready) {
      Effect seen = effect;
      if (effect.kind == EffectKind::wait_ready) seen.path = request.node;
      record->api.push_back({seen, api_view(seen, cluster, request.account)});
    }
    if (strikes && fault->what == RunFault::What::fail) {
      record->faulted = true;
      record->struck = describe(effect) + ": " + fault->answer_text;
      shell.answer(fault->answer);
      continue;
    }
    const bool restarts = starts_runtime(effect, working);
    const LoadedConfigPtr loaded_before = working.loaded;
    const Node* files_before = working.files.root();
    EffectResult answer = perform(effect, place);
    if (mutates(effect) && answer.ok()) record->changes.push_back({number, effect.kind, changed_thing(effect)});
    if (restarts) {
      ++record->restarts;
      record->loaded_differently = record->loaded_differently || loads_differently(loaded_before, working.loaded);
    }
    // What was broken before this run began is not this run's doing.
    if (was_restartable && working.files.root() != files_before) note_restartable(*record, working, number);
    if (strikes) {
      record->faulted = true;
      record->struck = describe(effect);
      record->result.ending = RunResult::Ending::exited;
      record->result.exit_code = fault->exit_code;
      break;
    }
    shell.answer(std::move(answer));
  }
  if (!record->faulted || work.done()) note_ending(*record, work, request.program);
  record->result.log = std::move(shell.log());
  record->after = freeze(std::move(working));
  return record;
}

RunPtr Runner::recall(const std::vector<RunPtr>& candidates, const RunRequest& request, Cluster& cluster) {
  for (const RunPtr& candidate : candidates) {
    std::optional<Cluster> changed;  // a copy, from the first write on
    bool fits = true;
    for (const RunRecord::Seen& seen : candidate->api) {
      Cluster& present = changed ? *changed : cluster;
      if (api_view(seen.effect, present, request.account) != seen.view) {
        fits = false;
        break;
      }
      if (!writes_api(seen.effect.kind)) continue;
      if (!changed) changed = cluster;
      perform_api(seen.effect, *changed, request.account);
    }
    if (!fits) continue;
    if (changed) cluster = std::move(*changed);
    return candidate;
  }
  return nullptr;
}

RunPtr Runner::run(const RunRequest& request, HostPtr& host, Cluster& cluster, const RunFault* fault) {
  RunPtr record;
  if (fault != nullptr) {
    record = execute(request, host, cluster, fault);
    host = record->after;
    return record;
  }
  const Hash128 key = Hasher()
                          .add(static_cast<std::uint64_t>(request.program))
                          .add(request.version->hash)
                          .add(request.environment_hash)
                          .add(request.node)
                          .add(static_cast<std::uint64_t>(request.host_now))
                          .add(host->state)
                          .finish();
  record = recall(memory_[key], request, cluster);
  if (record) {
    ++hits;
  } else {
    ++misses;
    record = execute(request, host, cluster, nullptr);
    memory_[key].push_back(record);
  }
  host = record->after;
  return record;
}

}  // namespace barnacle
