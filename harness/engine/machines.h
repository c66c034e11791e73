// The machines of a World: what the cluster's kubelets start runs here, on the nodes' simulated hosts.
#pragma once

#include <map>

#include "harness/engine/simulation.h"

namespace barnacle {

class WorldMachines : public Machines {
 public:
  WorldMachines(Lab& lab, World& world, const Step& step, StepRecord& record)
      : lab_(lab), world_(world), step_(step), record_(record) {}

  RunResult start_container(Cluster& cluster, const ContainerStart& start) override;
  int stop_container(Cluster& cluster, const ContainerStart& running) override;
  bool runtime_running(std::string_view node) const override;
  void ensure_host_path(std::string_view node, std::string_view path) override;

 private:
  RunResult start_deployment(Cluster& cluster, const ContainerStart& start, NodeHost& node, const VersionPtr& version);
  void note_served(const RunEvent& event, const NodeHost& node);
  RunResult start_workload(const ContainerStart& start, NodeHost& node);
  std::optional<RunFault> fault_for(Program program, const std::string& node, const VersionPtr& version);

  Lab& lab_;
  World& world_;
  const Step& step_;
  StepRecord& record_;
  std::map<std::string, Turns*> turns_;  // of a node on which a run is preempted
  std::map<Program, int> runs_;          // so far in this step
};

}  // namespace barnacle
