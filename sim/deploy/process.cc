#include "sim/deploy/process.h"

#include <algorithm>

#include "sim/deploy/execution.h"
#include "sim/deploy/surroundings.h"

namespace barnacle {

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
  auto frozen = std::make_shared<FrozenHost>(FrozenHost{std::move(host), {}});
  frozen->state = frozen->host.state_hash();
  return frozen;
}

namespace {

Hash128 key_of(const RunRequest& request, Hash128 host) {
  Hasher question;
  question.add(static_cast<std::uint64_t>(request.program)).add(request.settings->hash);
  return question.add(static_cast<std::uint64_t>(request.host_now)).add(host).finish();
}

// A run fits where every answer that it had from the API server would be given again; then the cluster becomes what the
// run leaves.
bool repeat(const RunRecord& run, const Caller& caller, Cluster& cluster) {
  const auto answers_again = [&](const RunRecord::Seen& seen, const Cluster& present) {
    return api_view(*seen.effect, present, caller) == seen.view;
  };
  if (!run.sees_own_traces) {
    // All is asked before anything is changed: nothing has to be taken back.
    if (!std::ranges::all_of(run.api, [&](const RunRecord::Seen& seen) { return answers_again(seen, cluster); }))
      return false;
    for (const RunRecord::Seen& seen : run.api) {
      if (seen.leaves_trace) perform_api(*seen.effect, cluster, caller);
    }
    return true;
  }
  Cluster changed = cluster;
  for (const RunRecord::Seen& seen : run.api) {
    if (!answers_again(seen, changed)) return false;
    if (seen.leaves_trace) perform_api(*seen.effect, changed, caller);
  }
  cluster = std::move(changed);
  return true;
}

}  // namespace

const Runner::Remembered* Runner::recall(Hash128 key, const RunRequest& request, Cluster& cluster) {
  const auto candidates = memory_.find(key);
  if (candidates == memory_.end()) return nullptr;
  const Caller caller{request.account, request.node};
  for (const Remembered& candidate : candidates->second) {
    if (repeat(*candidate.run, caller, cluster)) return &candidate;
  }
  return nullptr;
}

SettingsPtr Runner::settings(const DeployVersion& version, const Strings& environment, Hash128 environment_hash) {
  SettingsPtr& known = settings_[Hasher().add(version.hash).add(environment_hash).finish()];
  if (!known) known = std::make_shared<const Settings>(read_settings(version, environment, environment_hash));
  return known;
}

RunPtr Runner::perform_all(const RunRequest& request, HostPtr& host, Cluster& cluster, const RunFault* fault) {
  Execution execution(store_, nullptr, request, *host, cluster, fault, probe);
  RunPtr run = execution.run();
  host = execution.left();
  return run;
}

// Unknown on this very host; perhaps known on one that the run could not tell from it.
Runner::Remembered Runner::perform(const RunRequest& request, const FrozenHost& host, Cluster& cluster) {
  const std::string& destination = request.settings->destination();
  const auto around = surroundings_of(host.host, destination);
  const Hash128 key = around ? key_of(request, around->hash) : Hash128{};
  if (around) {
    if (const Remembered* known = recall(key, request, cluster)) {
      ++hits;
      return {known->run, among_neighbours_of(host, *known->after, destination)};
    }
  }
  ++misses;
  Execution execution(store_, &parts_, request, host, cluster, nullptr, probe);
  const Remembered done{execution.run(), execution.left()};
  if (around && execution.looked_at_no_neighbours_but(around->named)) memory_[key].push_back(done);
  return done;
}

RunPtr Runner::run(const RunRequest& request, HostPtr& host, Cluster& cluster, const RunFault* fault) {
  if (fault != nullptr || request.turns != nullptr || !remember) return perform_all(request, host, cluster, fault);
  const Hash128 key = key_of(request, host->state);
  if (const Remembered* known = recall(key, request, cluster)) {
    ++hits;
    host = known->after;
    return known->run;
  }
  const Remembered done = perform(request, *host, cluster);
  memory_[key].push_back(done);
  host = done.after;
  return done.run;
}

}  // namespace barnacle
