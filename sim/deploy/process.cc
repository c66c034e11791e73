#include "sim/deploy/process.h"

#include "sim/deploy/execution.h"

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

// A run fits where every answer that it had from the API server would be given again.
const Runner::Remembered* Runner::recall(Hash128 key, const RunRequest& request, Cluster& cluster) {
  const auto candidates = memory_.find(key);
  if (candidates == memory_.end()) return nullptr;
  const Caller caller{request.account, request.node};
  for (const Remembered& candidate : candidates->second) {
    std::optional<Cluster> changed;  // a copy, from the first trace on
    bool fits = true;
    for (const RunRecord::Seen& seen : candidate.run->api) {
      Cluster& present = changed ? *changed : cluster;
      if (api_view(seen.effect, present, caller) != seen.view) {
        fits = false;
        break;
      }
      if (!seen.leaves_trace) continue;
      if (!changed) changed = cluster;
      perform_api(seen.effect, *changed, caller);
    }
    if (!fits) continue;
    if (changed) cluster = std::move(*changed);
    return &candidate;
  }
  return nullptr;
}

SettingsPtr Runner::settings(const DeployVersion& version, const Strings& environment, Hash128 environment_hash) {
  SettingsPtr& known = settings_[Hasher().add(version.hash).add(environment_hash).finish()];
  if (!known) known = std::make_shared<const Settings>(read_settings(version, environment, environment_hash));
  return known;
}

RunPtr Runner::perform_all(const RunRequest& request, HostPtr& host, Cluster& cluster, const RunFault* fault) {
  Execution execution(store_, nullptr, request, *host, cluster, fault);
  RunPtr run = execution.run();
  host = execution.left();
  return run;
}

RunPtr Runner::run(const RunRequest& request, HostPtr& host, Cluster& cluster, const RunFault* fault) {
  if (fault != nullptr || !remember) return perform_all(request, host, cluster, fault);
  Hasher question;
  question.add(static_cast<std::uint64_t>(request.program)).add(request.settings->hash);
  question.add(static_cast<std::uint64_t>(request.host_now)).add(host->state);
  const Hash128 key = question.finish();
  if (const Remembered* known = recall(key, request, cluster)) {
    ++hits;
    host = known->after;
    return known->run;
  }
  ++misses;
  Execution execution(store_, &parts_, request, *host, cluster, nullptr);
  const Remembered done{execution.run(), execution.left()};
  memory_[key].push_back(done);
  host = done.after;
  return done.run;
}

}  // namespace barnacle
