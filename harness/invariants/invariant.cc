#include "harness/invariants/invariant.h"

#include <algorithm>

#include "harness/invariants/node_results.h"
#include "sim/base/hash_map.h"

namespace barnacle {

namespace {

struct NodeCheckMemory {
  HashMap<std::unique_ptr<NodeResults>> results;
};

NodeResults& results_of(Lab& lab, Hash128 key) {
  if (!lab.invariant_memory) lab.invariant_memory = std::make_shared<NodeCheckMemory>();
  auto& results = static_cast<NodeCheckMemory*>(lab.invariant_memory.get())->results[key];
  if (!results) results = std::make_unique<NodeResults>();
  return *results;
}

Hash128 key_of(const NodeHost& node, const std::vector<const Served*>& all) {
  Hasher hasher;
  hasher.add(node.host->state).add(node.baseline->state);
  for (const Served* served : all) {
    hasher.add(served->hash).add(static_cast<std::uint64_t>(served->refused)).add(served->release);
  }
  return hasher.finish();
}

void judge_nodes(const Invariant& invariant, const CheckContext& context, Verdict& verdict) {
  for (const ClusterNode& node : context.nodes) {
    if (node.served.empty()) continue;
    verdict.spoke = true;
    judge_node(node, invariant.node_check, verdict);
  }
}

Standing standing_of(const World& world, const Served& served, const std::string& node) {
  for (const ObjectPtr& pod : world.cluster.of_kind(Kind::pod)) {
    if (pod->namespace_ != served.namespace_ || pod->owners.empty() || pod->owners.front().name != served.daemon_set)
      continue;
    const auto& status = std::get<PodStatus>(pod->status);
    if (status.node != node) continue;
    if (status.container == ContainerState::running && status.settled) return Standing::settled;
    if (!status.exits.empty() && status.exits.back().refused) return Standing::refuses;
    return Standing::failing;
  }
  return Standing::absent;
}

}  // namespace

CheckContext make_context(Lab& lab, const World& before, const World& after, const Step& step,
                          const StepRecord& record) {
  CheckContext context{lab, before, after, step, record, {}};
  context.nodes.reserve(after.nodes.size());
  for (const NodeHost& node : after.nodes) {
    std::vector<const Served*> served = served_on(after, node.name);
    NodeResults& results = results_of(lab, key_of(node, served));
    ClusterNode& known =
        context.nodes.emplace_back(NodeView{lab, node.name, *node.host, node.baseline, std::move(served), results},
                                   is_labelled(lab, after, node.name));
    known.standing.reserve(known.served.size());
    for (const Served* by : known.served) known.standing.push_back(standing_of(after, *by, node.name));
  }
  return context;
}

Verdict judge(const Invariant& invariant, const CheckContext& context) {
  Verdict verdict;
  if (invariant.node_check != nullptr) judge_nodes(invariant, context, verdict);
  else invariant.check(context, verdict);
  return verdict;
}

const Invariant* find_invariant(std::string_view id) {
  const auto found = std::ranges::find(all_invariants(), id, &Invariant::id);
  return found == all_invariants().end() ? nullptr : &*found;
}

const std::vector<Violation>& look_at(const NodeView& node, NodeCheck check) {
  static const std::vector<Violation> kNone;
  auto& results = node.results.of;
  auto known = std::ranges::find(results, check, [](const auto& result) { return result.first; });
  if (known == results.end()) {
    std::vector<Violation> found;
    check(node, found);
    results.emplace_back(check,
                         found.empty() ? nullptr : std::make_unique<const std::vector<Violation>>(std::move(found)));
    known = std::prev(results.end());
  }
  return known->second ? *known->second : kNone;
}

void judge_node(const NodeView& node, NodeCheck check, Verdict& verdict) {
  for (const Violation& violation : look_at(node, check)) {
    verdict.violations.push_back(violation);
    verdict.violations.back().node = node.name;
  }
}

const std::vector<BrokenHandler>& broken_handlers_on(const NodeView& node) {
  auto& broken = node.results.broken;
  if (!broken) broken = broken_handlers(node.host.host.files, *node.host.host.loaded);
  return *broken;
}

std::vector<const Served*> served_on(const World& world, const std::string& node) {
  std::vector<const Served*> served;
  const auto entry = world.served.find(node);
  if (entry == world.served.end()) return served;
  served.reserve(entry->second.size());
  for (const auto& [name, by] : entry->second) served.push_back(&by);
  return served;
}

std::string_view node_label(const Lab& lab) { return lab.tier ? lab.tier->node_label() : kKataLabel; }

bool is_labelled(const Lab& lab, const World& world, const std::string& node) {
  const ObjectPtr object = world.cluster.find(Kind::node, "", node);
  if (!object) return false;
  const auto label = std::ranges::find(object->labels, node_label(lab), &Strings::value_type::first);
  return label != object->labels.end() && label->second == "true";
}

bool in_manifest(const RevisionPtr& revision, const Object& object) {
  if (!revision || !revision->manifest) return false;
  return std::ranges::any_of(revision->manifest->objects, [&](const Object& known) {
    return known.kind == object.kind && known.name == object.name &&
           (known.namespace_.empty() || known.namespace_ == object.namespace_);
  });
}

}  // namespace barnacle
