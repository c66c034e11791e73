// The whole simulated state as a value: the cluster, each node's host, and what serves on it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "harness/scenario/scenario.h"
#include "sim/cluster/cluster.h"
#include "sim/cluster/shared_until_edited.h"
#include "sim/deploy/process.h"
#include "sim/deploy/version.h"

namespace barnacle {

struct NodeHost {
  std::string name;
  std::string kind;  // fixtures/hosts
  HostPtr host;
  HostPtr baseline;  // as it came, with the operator's own edits: what has to be left in the end
};

// What a release's pod last settled with on a node: the input of a fresh install that must come to the same host.
struct Served {
  std::string namespace_;
  std::string daemon_set;
  std::string release;
  VersionPtr version;
  SettingsPtr settings;
  RuntimeVersion runtime;  // of the node at that time
  // Of a live subject: the pod that settled, as it was started, and the cluster that it was started in. Else null.
  ObjectPtr pod = {};
  std::shared_ptr<const Cluster> surroundings = {};
  bool refused = false;  // since then the release has refused this node
  Hash128 hash;          // of settings and runtime: two that are equal come to the same fresh install

  const std::string& destination() const { return settings->destination(); }  // "/opt/kata-cicd"
};

// By namespace/name of the DaemonSet.
using ServedOnNode = SharedUntilEdited<std::map<std::string, Served>>;

// A running workload on a node, and the files that it needs to go on and to be stopped.
struct Workload {
  std::string pod;
  std::string node;
  std::string handler;
  std::string release;  // that serves the handler; empty when none does
  std::vector<std::string> needs;
  bool alive = true;
};

struct World {
  Cluster cluster;
  int helm = kHelm3;            // the client's major version: of the scenario, the same from its start to its end
  std::vector<NodeHost> nodes;  // by name
  std::map<std::string, ServedOnNode> served;  // by node: only releases that have once settled there
  std::vector<Workload> workloads;
  int created_workloads = 0;
  // Releases ("namespace/name") whose Helm client died, and which nobody has taken to a final state since.
  std::set<std::string> abandoned;
  Hash128 history;  // of a live subject: the start and the steps that led here (PlayedSteps); no part of hash()

  NodeHost* find_node(std::string_view name);
  const NodeHost* find_node(std::string_view name) const;
  Hash128 hash() const;
};

}  // namespace barnacle
