#include "harness/engine/machines.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/engine/fault.h"
#include "sim/base/check.h"

namespace barnacle {
namespace {

// The preset that made an image: its tag is the preset's name.
VersionPtr version_of_image(const Lab& lab, const std::string& image) {
  if (lab.tier) return lab.tier->version_of_image(image);
  const std::size_t colon = image.rfind(':');
  if (!image.contains("kata-deploy") || colon == std::string::npos) return nullptr;
  return lab.catalogue.versions.find(image.substr(colon + 1));
}

Program program_of(const PodSpec& spec) {
  const std::string& last = spec.command.back();
  if (last.ends_with("cleanup")) return Program::cleanup;
  if (last.ends_with("reset")) return Program::reset;
  return Program::install;
}

// The release behind a pod: by its owner's annotations, or for a hook (which has none) that of the step.
void attribute(RunEvent& event, const Cluster& cluster, const Object& pod, const Step& step) {
  event.pod = pod.name;
  event.namespace_ = pod.namespace_;
  event.release = step.release;
  std::string release_namespace = step.namespace_;
  if (!pod.owners.empty()) event.owner = pod.owners.front().name;
  const ObjectPtr owner =
      pod.owners.empty() ? nullptr : cluster.find(pod.owners.front().kind, pod.namespace_, event.owner);
  if (owner && !release_of(*owner).empty()) {
    event.release = release_of(*owner);
    const auto ns = owner->annotations.find("meta.helm.sh/release-namespace");
    release_namespace = ns == owner->annotations.end() ? pod.namespace_ : ns->second;
  }
  // Helm has stored what it is about to do before it does it.
  const RevisionPtr revision = newest_revision(cluster, release_namespace, event.release);
  event.revision = revision ? revision->number : 0;
}

bool serves_as_before(const Served& known, const RunEvent& event, const RuntimeVersion& runtime) {
  return known.settings == event.settings && known.version == event.version && known.runtime == runtime &&
         known.release == event.release && !known.refused && event.pod_object == nullptr;
}

const Handler* find_handler(const Host& host, const std::string& name) {
  if (!host.loaded) return nullptr;
  const auto handler = std::ranges::find(host.loaded->handlers, name, &Handler::name);
  return handler == host.loaded->handlers.end() ? nullptr : &*handler;
}

}  // namespace

std::optional<RunFault> WorldMachines::fault_for(Program program, const std::string& node, const VersionPtr& version) {
  const int run = ++runs_[program];
  for (const Fault& fault : step_.faults) {
    if (fault.program != program_name(program) || fault.run != run) continue;
    if (!fault.node.empty() && fault.node != node) continue;
    if (!fault_applies_to(fault, version->deploy.version)) continue;
    return make_run_fault(fault);
  }
  return std::nullopt;
}

RunResult WorldMachines::start_container(Cluster& cluster, const ContainerStart& start) {
  NodeHost* node = world_.find_node(start.node);
  check(node != nullptr, "a container is started on a node that exists");
  const VersionPtr version = version_of_image(lab_, start.spec->image);
  return version ? start_deployment(cluster, start, *node, version) : start_workload(start, *node);
}

RunResult WorldMachines::start_deployment(Cluster& cluster, const ContainerStart& start, NodeHost& node,
                                          const VersionPtr& version) {
  RunEvent event;
  event.node = start.node;
  event.version = version;
  event.settings = lab_.tier ? lab_.tier->settings(*version, *start.spec)
                             : lab_.runner.settings(version->deploy, start.spec->env, start.spec->env_hash);
  if (lab_.tier) {
    event.pod_object = std::make_shared<const Object>(*start.pod);
    event.surroundings = std::make_shared<const Cluster>(cluster);
  }
  attribute(event, cluster, *start.pod, step_);
  event.before = node.host;
  RunRequest request{.program = program_of(*start.spec),
                     .settings = event.settings,
                     .node = start.node,
                     .account = start.account,
                     .host_now = lab_.catalogue.versions.file_date(cluster.now)};
  const std::optional<RunFault> fault = fault_for(request.program, start.node, version);
  Turns turns;
  const auto running = turns_.find(start.node);
  if (running != turns_.end()) {
    request.turns = running->second;
  } else if (fault && fault->what == RunFault::What::preempt) {
    turns.until = fault->until;
    turns.others = [&](HostPtr& host) {
      node.host = host;
      const bool ran = cluster.start_due_containers(*this, node.name) > 0;
      host = node.host;
      return ran;
    };
    request.turns = turns_[start.node] = &turns;
  }
  event.run = run_program(lab_, {request, event.pod_object}, node.host, cluster, fault ? &*fault : nullptr);
  if (request.turns == &turns) turns_.erase(start.node);
  event.after = node.host;
  if (request.program == Program::install && !start.pod->owners.empty()) note_served(event, node);
  const RunResult& ended = event.run->result;
  RunResult result{ended.ending, ended.exit_code, ended.refused, {}};
  if (ended.ending == RunResult::Ending::exited) result.log = {last_line(event)};  // no more of it is asked for
  record_.runs.push_back(std::move(event));
  return result;
}

// What the release has come to on the node by this run.
void WorldMachines::note_served(const RunEvent& event, const NodeHost& node) {
  ServedOnNode& releases = world_.served[event.node];
  const std::string name = event.namespace_ + "/" + event.owner;
  const auto known = releases.find(name);
  const RuntimeVersion& runtime = node.host->host.runtime;
  if (event.run->result.ending == RunResult::Ending::settled) {
    if (known != releases.end() && serves_as_before(known->second, event, runtime)) return;
    const Hash128 hash = Hasher().add(event.settings->hash).add(runtime.text()).finish();
    releases.edit()[name] = Served{.namespace_ = event.namespace_,
                                   .daemon_set = event.owner,
                                   .release = event.release,
                                   .version = event.version,
                                   .settings = event.settings,
                                   .runtime = runtime,
                                   .pod = event.pod_object,
                                   .surroundings = event.surroundings,
                                   .refused = false,
                                   .hash = hash};
    return;
  }
  if (known == releases.end()) return;
  const bool refused = event.run->result.refused;
  // It withdrew: nothing of it is left to be compared with.
  if (refused && !node.host->host.files.exists(known->second.destination())) releases.edit().erase(name);
  else if (refused != known->second.refused) releases.edit().at(name).refused = refused;
}

RunResult WorldMachines::start_workload(const ContainerStart& start, NodeHost& node) {
  RunResult result;
  result.ending = RunResult::Ending::sleeping;
  if (start.spec->runtime_class.empty()) return result;
  const ObjectPtr runtime_class = world_.cluster.find(Kind::runtime_class, "", start.spec->runtime_class);
  const std::string handler_name = runtime_class ? runtime_class->json().value("handler", "") : "";
  const Handler* handler = find_handler(node.host->host, handler_name);
  if (handler == nullptr || !broken_handlers(node.host->host.files, *node.host->host.loaded).empty()) {
    result.ending = RunResult::Ending::exited;
    result.exit_code = 128;
    result.log = {fmt::format("failed to create pod sandbox: no runtime for \"{}\" is configured", handler_name)};
    return result;
  }
  Workload workload{.pod = start.pod->name, .node = node.name, .handler = handler_name, .release = {}, .needs = {}};
  for (const std::string& path : {handler->runtime_path, handler->config_path}) {
    if (!path.empty()) workload.needs.push_back(path);
  }
  for (const auto& [name, served] : world_.served[node.name]) {
    if (handler->runtime_path.starts_with(served.destination() + "/")) workload.release = served.release;
  }
  std::erase_if(world_.workloads, [&](const Workload& other) { return other.pod == workload.pod; });
  world_.workloads.push_back(std::move(workload));
  return result;
}

int WorldMachines::stop_container(Cluster&, const ContainerStart&) {
  // bash is not PID 1 under hostPID and has no trap: SIGTERM ends it at once.
  return 143;
}

bool WorldMachines::runtime_running(std::string_view node) const {
  const NodeHost* found = world_.find_node(node);
  return found != nullptr && found->host->host.runtime_running();
}

void WorldMachines::ensure_host_path(std::string_view node, std::string_view path) {
  NodeHost* found = world_.find_node(node);
  if (found == nullptr) return;
  // The directory is Kubernetes' doing and stays by design: the baseline gets it too.
  for (HostPtr* host : {&found->host, &found->baseline}) {
    if ((*host)->host.files.exists(path)) continue;
    Host changed = (*host)->host;
    if (changed.files.make_directories(path, lab_.catalogue.versions.file_date(world_.cluster.now)))
      *host = freeze(std::move(changed));
  }
}

}  // namespace barnacle
