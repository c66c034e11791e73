// Charts and a world for the tests of Helm.
#pragma once

#include <string>

#include "sim/helm/chart.h"
#include "sim/helm/helm.h"

namespace barnacle {

inline ChartFacts facts_3_16() {
  ChartFacts facts;
  facts.version = "3.16.0";
  facts.structured_values = facts.chart_runtime_classes = facts.node_selector = facts.node_selector_on_job =
      facts.tolerations = false;
  facts.arch_environment = facts.snapshotter_environment = facts.may_list_daemon_sets = facts.feature_rules = false;
  facts.amd64_guest_pull_everywhere = false;
  facts.shims = upstream_shims("3.16.0");
  return facts;
}

inline ChartFacts reference_facts() {
  ChartFacts facts;
  facts.default_snapshotters = facts.amd64_guest_pull_everywhere = false;
  facts.legacy_lists_reach_the_pod = facts.clean_every_node = facts.guard_values = true;
  facts.shims = {"qemu"};
  return facts;
}

// Containers that install and sleep, or clean up and exit as told; nothing happens to any host.
class TestMachines : public Machines {
 public:
  int cleanup_exit_code = 0;
  bool cleanup_hangs = false;
  int cleanup_starts = 0;

  RunResult start_container(Cluster&, const ContainerStart& start) override {
    RunResult result;
    if (start.spec->command.empty() || !start.spec->command.back().ends_with("cleanup")) return result;
    ++cleanup_starts;
    if (cleanup_hangs) {
      result.ending = RunResult::Ending::stuck;
    } else {
      result.ending = RunResult::Ending::exited;
      result.exit_code = cleanup_exit_code;
    }
    return result;
  }
  int stop_container(Cluster&, const ContainerStart&) override { return 143; }
  bool runtime_running(std::string_view) const override { return true; }
  void ensure_host_path(std::string_view, std::string_view) override {}
};

}  // namespace barnacle
