// What an uninstall leaves: on nodes, and of its own Job.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "harness/invariants/checks.h"
#include "harness/invariants/named_path.h"

namespace barnacle {
namespace {

bool is_uninstall(const CheckContext& context) {
  return context.step.kind == StepKind::uninstall && !context.record.refused;
}

std::vector<const RunEvent*> cleanup_runs(const StepRecord& record) {
  std::vector<const RunEvent*> runs;
  for (const RunEvent& event : record.runs) {
    if (event.run->program == Program::cleanup) runs.push_back(&event);
  }
  return runs;
}

// A file of the runtime's configuration that still names the release's tree.
std::string names_root(const FrozenHost& host, const std::string& root, Store& store) {
  for (const char* folder : {"/etc/containerd", "/etc/crio/crio.conf.d"}) {
    const auto names = host.host.files.list(folder);
    if (!names) continue;
    for (const std::string& name : *names) {
      const auto text = host.host.files.read(join(folder, name));
      if (!text || name.ends_with(".bak")) continue;
      const auto& paths = named_paths(store, *text);
      if (std::ranges::any_of(paths, [&](const NamedPath& named) { return is_below(named.path, root); }))
        return join(folder, name);
    }
  }
  return "";
}

}  // namespace

// One Job, one pod on a node, one success: kata-containers#11187 left seven pods behind.
void cleanup_single_job(const CheckContext& context, Verdict& verdict) {
  if (!is_uninstall(context)) return;
  const auto runs = cleanup_runs(context.record);
  if (runs.empty()) return;
  verdict.spoke = true;
  std::set<std::string> jobs;
  std::map<std::string, std::set<std::string>> pods;
  std::map<std::string, int> successes;
  for (const RunEvent* event : runs) {
    jobs.insert(event->namespace_ + "/" + event->owner);
    pods[event->node].insert(event->pod);
    if (event->run->result.exit_code == 0 && event->run->result.ending == RunResult::Ending::exited)
      ++successes[event->node];
  }
  if (jobs.size() > 1) {
    verdict.violations.push_back({"", "Job " + *jobs.begin(),
                                  fmt::format("is one of {} cleanup Jobs of one uninstall", jobs.size()),
                                  context.step.release});
  }
  for (const auto& [node, names] : pods) {
    if (names.size() == 1) continue;
    verdict.violations.push_back(
        {node, "Job " + runs.front()->owner,
         fmt::format("made {} cleanup pods; the last one says: {}", names.size(), last_line(*runs.back())),
         context.step.release});
  }
  for (const auto& [node, count] : successes) {
    if (count > 1)
      verdict.violations.push_back(
          {node, "Job " + runs.front()->owner, fmt::format("succeeded {} times", count), context.step.release});
  }
}

void cleanup_every_node(const CheckContext& context, Verdict& verdict) {
  if (!is_uninstall(context) || context.record.exit_status != 0 || context.step.options.no_hooks) return;
  for (const NodeHost& node : context.after.nodes) {
    for (const Served* served : served_on(context.before, node.name)) {
      if (served->release != context.step.release || served->namespace_ != context.step.namespace_) continue;
      verdict.spoke = true;
      if (node.host->host.files.exists(served->destination())) {
        verdict.violations.push_back({node.name, served->destination(),
                                      "is still there after an uninstall that reported success", served->release});
        continue;
      }
      const std::string file = names_root(*node.host, served->destination(), context.lab.store);
      if (!file.empty())
        verdict.violations.push_back(
            {node.name, file, fmt::format("still names {}", served->destination()), served->release});
    }
  }
}

}  // namespace barnacle
