#include "harness/engine/simulation.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/engine/machines.h"
#include "harness/engine/operations.h"
#include "harness/engine/played_steps.h"
#include "harness/scenario/steps.h"
#include "sim/helm/manifest.h"

namespace barnacle {
namespace {

constexpr Time kFirstDay = 86400;
constexpr const char* kSomeNode = "node";  // no run of the model depends on the name

HostPtr make_fresh_host(Lab& lab, const std::string& kind) {
  auto host = make_host(lab.store, lab.catalogue.hosts_folder, kind);
  if (!host) return nullptr;
  return freeze(std::move(*host));
}

void create_namespace(Cluster& cluster, const std::string& name) {
  Object object;
  object.kind = Kind::namespace_;
  object.name = name;
  object.body = make_body(nlohmann::json::object());
  (void)cluster.create({}, std::move(object));
}

// What a release had on a node goes with the node, or with the release.
void forget_gone_releases(World& world) {
  std::erase_if(world.served, [&](const auto& entry) { return world.find_node(entry.first) == nullptr; });
  const auto is_gone = [&](const auto& entry) {
    return world.cluster.find(Kind::daemon_set, entry.second.namespace_, entry.second.daemon_set) == nullptr;
  };
  for (auto& [node, releases] : world.served) {
    if (std::ranges::any_of(releases, is_gone)) std::erase_if(releases.edit(), is_gone);
  }
}

constexpr int kKilled = 137;

// A client that died leaves its release where it was; one that ended, and left it in a final state, mends that.
void note_dead_client(World& world, const Step& step, const StepRecord& record) {
  if (helm_command(step.kind) == 0) return;
  const std::string release = step.namespace_ + "/" + step.release;
  if (record.exit_status == kKilled) {
    world.abandoned.insert(release);
    return;
  }
  const RevisionPtr newest = newest_revision(world.cluster, step.namespace_, step.release);
  const bool pending =
      newest && (status_name(newest->status).starts_with("pending") || newest->status == ReleaseStatus::uninstalling);
  if (!pending) world.abandoned.erase(release);
}

// A workload whose files are gone, or whose runtime was replaced under it, is as good as killed.
void watch_workloads(World& world, StepRecord& record) {
  for (Workload& workload : world.workloads) {
    const NodeHost* node = world.find_node(workload.node);
    if (!workload.alive || node == nullptr) continue;
    for (const std::string& path : workload.needs) {
      if (node->host->host.files.exists(path)) continue;
      workload.alive = false;
      record.killed_workloads.push_back(fmt::format("{} on {} lost {}", workload.pod, workload.node, path));
      break;
    }
  }
  std::erase_if(world.workloads, [&](const Workload& workload) {
    return !workload.alive || world.find_node(workload.node) == nullptr ||
           world.cluster.find(Kind::pod, "default", workload.pod) == nullptr;
  });
}

// The cluster in which the last of the releases is installed anew: an empty one for the model, whose runs depend on
// nothing in it, but with the label that the others have put on the node, so that a run in a world with the same
// releases is remembered here; for the real logic the one that it was started in, with its roles and ConfigMaps.
Cluster surroundings_of(std::span<const Served* const> releases) {
  const Served& served = *releases.back();
  if (served.surroundings) return *served.surroundings;
  Cluster cluster;
  cluster.now = kFirstDay;
  const bool labelled = releases.size() > 1;
  cluster.add_node(kSomeNode, served.runtime.text(), labelled ? Strings{{std::string(kKataLabel), "true"}} : Strings{});
  return cluster;
}

// The host of all releases but the last, with that one. Null where it does not settle within three starts.
HostPtr with_last_installed(Lab& lab, HostPtr host, std::span<const Served* const> releases) {
  const Served& served = *releases.back();
  if (!(host->host.runtime == served.runtime)) host = with_runtime(host, served.runtime);
  Cluster cluster = surroundings_of(releases);
  const ProgramStart start{{.program = Program::install,
                            .settings = served.settings,
                            .node = served.pod ? std::get<PodStatus>(served.pod->status).node : kSomeNode,
                            .account = {},
                            .host_now = lab.catalogue.versions.payload_dates.back()},
                           served.pod};
  for (int attempt = 0; attempt < 3; ++attempt) {
    if (run_program(lab, start, host, cluster)->result.ending == RunResult::Ending::settled) return host;
  }
  return nullptr;
}

}  // namespace

Lab::Lab(const Catalogue& all) : catalogue(all), runner(store) {
  if (!all.make_tier) return;
  tier = all.make_tier(*this);
  played = std::make_unique<PlayedSteps>();
}

Lab::~Lab() = default;

bool Catalogue::knows_host(const std::string& kind) const {
  return std::ranges::find(host_kinds, kind, &HostKind::name) != host_kinds.end();
}

HostPtr host_of_kind(Lab& lab, const std::string& kind) {
  HostPtr& host = lab.fresh_hosts[kind];
  if (!host) host = make_fresh_host(lab, kind);
  return host;
}

std::expected<World, std::string> start_world(Lab& lab, const Scenario& scenario) {
  World world;
  world.helm = scenario.helm;
  // The server of the live tier is asked by clients that nobody here knows.
  world.cluster.notes_managers = scenario.helm == kHelm4 || lab.tier != nullptr;
  const std::vector<Time>& dates = lab.catalogue.versions.payload_dates;
  world.cluster.now = scenario.at ? *scenario.at : (dates.empty() ? Time{0} : dates.back() + kFirstDay);
  for (const char* name : {"default", "kata", "kube-system"}) create_namespace(world.cluster, name);
  for (const NodeSpec& spec : scenario.nodes) {
    const HostPtr host = host_of_kind(lab, spec.host);
    if (!host) return std::unexpected(fmt::format("node '{}': host '{}' cannot be made", spec.name, spec.host));
    world.cluster.add_node(spec.name, host->host.runtime.text(), spec.labels);
    world.nodes.push_back({spec.name, spec.host, host, host});
  }
  std::ranges::sort(world.nodes, {}, &NodeHost::name);
  if (lab.tier) world.history = history_of_start(scenario);
  return world;
}

namespace {

StepRecord play_anew(Lab& lab, World& world, const VersionPtr& subject, const Step& step) {
  StepRecord record;
  record.step = &step;
  if (step.at && *step.at > world.cluster.now) world.cluster.now = *step.at;
  record.started = world.cluster.now;
  const std::uint64_t denied_before = world.cluster.denial_count();
  world.cluster.begin_step();
  WorldMachines machines(lab, world, step, record);
  operate(lab, world, machines, subject, step, record);
  record.at_rest = world.cluster.run(machines, Rest{}) && record.at_rest;
  const auto& denied = world.cluster.denied();
  const std::size_t fresh = std::min<std::size_t>(world.cluster.denial_count() - denied_before, denied.size());
  record.denied.assign(denied.end() - static_cast<std::ptrdiff_t>(fresh), denied.end());
  note_dead_client(world, step, record);
  forget_gone_releases(world);
  watch_workloads(world, record);
  return record;
}

}  // namespace

StepRecord play_step(Lab& lab, World& world, const VersionPtr& subject, const Step& step) {
  if (!lab.tier) return play_anew(lab, world, subject, step);
  const Hash128 history = history_after(world, subject, step);
  if (const PlayedSteps::Left* left = lab.played->find(history)) {
    world = left->after;
    StepRecord record = left->record;
    record.step = &step;
    return record;
  }
  StepRecord record = play_anew(lab, world, subject, step);
  world.history = history;
  lab.played->keep(history, world, record);
  return record;
}

std::vector<std::string> log_of(const RunEvent& event) {
  std::vector<std::string> log;
  for (const std::string& line : event.run->result.log) log.push_back(with_node_name(line, event.node));
  return log;
}

std::string last_line(const RunEvent& event) {
  const auto& log = event.run->result.log;
  return log.empty() ? "" : with_node_name(log.back(), event.node);
}

RunPtr run_program(Lab& lab, const ProgramStart& start, HostPtr& host, Cluster& cluster, const RunFault* fault) {
  return lab.tier ? lab.tier->run(start, host, cluster, fault) : lab.runner.run(start.request, host, cluster, fault);
}

HostPtr fresh_install(Lab& lab, const HostPtr& baseline, std::span<const Served* const> releases) {
  if (releases.empty()) return baseline;
  Hasher hasher;
  hasher.add(baseline->state);
  for (const Served* served : releases) {
    hasher.add(served->hash);
  }
  const Hash128 key = hasher.finish();
  if (const auto known = lab.fresh_installs.find(key); known != lab.fresh_installs.end()) return known->second;
  const HostPtr before = fresh_install(lab, baseline, releases.first(releases.size() - 1));
  return lab.fresh_installs[key] = before ? with_last_installed(lab, before, releases) : nullptr;
}

const std::string& release_of(const Object& object) {
  static const std::string kNone;
  const auto name = object.annotations.find(kReleaseName);
  return name == object.annotations.end() ? kNone : name->second;
}

}  // namespace barnacle
