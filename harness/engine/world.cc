#include "harness/engine/world.h"

#include <algorithm>

namespace barnacle {

NodeHost* World::find_node(std::string_view name) {
  const auto node = std::ranges::find(nodes, name, &NodeHost::name);
  return node == nodes.end() ? nullptr : &*node;
}

const NodeHost* World::find_node(std::string_view name) const {
  const auto node = std::ranges::find(nodes, name, &NodeHost::name);
  return node == nodes.end() ? nullptr : &*node;
}

Hash128 World::hash() const {
  Hasher hasher;
  hasher.add(cluster.hash());
  for (const NodeHost& node : nodes) hasher.add(node.name).add(node.host->state).add(node.baseline->state);
  for (const auto& [node, releases] : served) {
    hasher.add(node);
    for (const auto& [name, served_by] : releases) {
      hasher.add(name).add(served_by.hash);
      hasher.add(static_cast<std::uint64_t>(served_by.refused));
    }
  }
  for (const Workload& workload : workloads) {
    hasher.add(workload.pod).add(workload.node).add(workload.handler).add(static_cast<std::uint64_t>(workload.alive));
  }
  for (const std::string& release : abandoned) hasher.add(release);
  if (helm != kHelm3) hasher.add(static_cast<std::uint64_t>(helm));
  return hasher.finish();
}

}  // namespace barnacle
