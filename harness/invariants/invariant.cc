#include "harness/invariants/invariant.h"

#include <algorithm>

#include "sim/host/observe.h"

namespace barnacle {
namespace {

struct NodeCheckMemory {
  std::unordered_map<Hash128, std::vector<Violation>, Hash128Hash> results;
};

NodeCheckMemory& memory_of(Lab& lab) {
  if (!lab.invariant_memory) lab.invariant_memory = std::make_shared<NodeCheckMemory>();
  return *static_cast<NodeCheckMemory*>(lab.invariant_memory.get());
}

Hash128 key_of(const Invariant& invariant, const NodeView& node) {
  Hasher hasher;
  hasher.add(invariant.id).add(node.host.state).add(node.baseline->state).add(node.name);
  for (const Served* served : node.served) {
    hasher.add(served->version->deploy.hash).add(served->environment_hash).add(served->runtime.text());
    hasher.add(static_cast<std::uint64_t>(served->refused)).add(served->release);
  }
  return hasher.finish();
}

void judge_nodes(const Invariant& invariant, const CheckContext& context, Verdict& verdict) {
  for (const NodeHost& node : context.after.nodes) {
    const std::vector<const Served*> served = served_on(context.after, node.name);
    if (served.empty()) continue;
    verdict.spoke = true;
    const NodeView view{context.lab, node.name, *node.host, node.baseline, served};
    const auto [entry, inserted] = memory_of(context.lab).results.try_emplace(key_of(invariant, view));
    if (inserted) {
      std::vector<Violation> found;
      invariant.node_check(view, found);
      for (Violation& violation : found) violation.node = node.name;
      memory_of(context.lab).results[key_of(invariant, view)] = found;
      verdict.violations.insert(verdict.violations.end(), found.begin(), found.end());
      continue;
    }
    verdict.violations.insert(verdict.violations.end(), entry->second.begin(), entry->second.end());
  }
}

}  // namespace

Verdict judge(const Invariant& invariant, const CheckContext& context) {
  Verdict verdict;
  if (invariant.under_faults == UnderFaults::suspended && fault_struck(context.record)) return verdict;
  if (invariant.node_check != nullptr) judge_nodes(invariant, context, verdict);
  else invariant.check(context, verdict);
  return verdict;
}

const Invariant* find_invariant(std::string_view id) {
  const auto found = std::ranges::find(all_invariants(), id, &Invariant::id);
  return found == all_invariants().end() ? nullptr : &*found;
}

std::vector<const Served*> served_on(const World& world, const std::string& node) {
  std::vector<const Served*> served;
  const auto entry = world.served.find(node);
  if (entry == world.served.end()) return served;
  for (const auto& [name, by] : entry->second) served.push_back(&by);
  return served;
}

Settings settings_of(const Served& served, const std::string& node) {
  return read_settings(served.version->deploy, node, served.environment);
}

Standing standing_of(const World& world, const Served& served, const std::string& node) {
  for (const ObjectPtr& pod : world.cluster.all(Kind::pod)) {
    if (pod->namespace_ != served.namespace_ || pod->owners.empty() || pod->owners.front().name != served.daemon_set) continue;
    const auto& status = std::get<PodStatus>(pod->status);
    if (status.node != node) continue;
    if (status.container == ContainerState::running && status.settled) return Standing::settled;
    if (!status.exits.empty() && status.exits.back().refused) return Standing::refuses;
    return Standing::failing;
  }
  return Standing::absent;
}

bool fault_struck(const StepRecord& record) {
  return std::ranges::any_of(record.runs, [](const RunEvent& event) { return event.run->faulted; });
}

}  // namespace barnacle
