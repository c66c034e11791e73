// The kata-deploy chart, version by version: which objects it renders from which values, and what the pods get in their
// environment. Facts of the rendered upstream charts 3.12.0–3.24.0; no template engine.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/helm/helm.h"

namespace barnacle {

// What differs between versions of the chart. The initialisers are those of 3.24.0.
struct ChartFacts {
  // upstream's, also the image tag
  std::string version = "3.24.0";
  // from 3.23.0: shims.<name>.enabled …; before: env.shims …
  bool structured_values = true;
  // default of env.createRuntimeClasses ("true" from 3.16.0); script-made ones, up to 3.22.0
  bool create_runtime_classes = true;
  // from 3.23.0 the chart owns the RuntimeClasses
  bool chart_runtime_classes = true;
  // value nodeSelector on the DaemonSet, from 3.19.0
  bool node_selector = true;
  // … and on the Job, from 3.23.0
  bool node_selector_on_job = true;
  // from 3.24.0, on both
  bool tolerations = true;
  // SHIMS_X86_64 and so on, from 3.22.0
  bool arch_environment = true;
  // EXPERIMENTAL_SETUP_SNAPSHOTTER and EXPERIMENTAL_FORCE_GUEST_PULL, from 3.22.0
  bool snapshotter_environment = true;
  // the DaemonSet's role, from 3.23.0 (Z59)
  bool may_list_daemon_sets = true;
  // both roles: custom resource definitions and NodeFeatureRules, from 3.23.0
  bool feature_rules = true;
  // containerd's, from 3.15.0; before: "/etc/k0s/containerd.d/" (Z63)
  std::string k0s_directory = "/etc/k0s/";
  // containerd's directory under microk8s is known, from 3.15.0
  bool microk8s_directory = true;
  // overhead of the qemu-nvidia-gpu-snp and -tdx classes; 3.23.0: "16384Mi"
  std::string gpu_tee_memory = "20480Mi";
  // The chart's default list, in the chart's order. 3.15.0: + qemu-se-runtime-rs; 3.19.0: - qemu-sev; 3.22.0: +
  // qemu-cca. With structured values: which of the known shims are enabled by default; empty: all (as 3.23.0
  // and 3.24.0).
  std::vector<std::string> shims;
  // structured values map fc to devmapper and confidential shims to nydus, set up or not
  bool default_snapshotters = true;
  // EXPERIMENTAL_FORCE_GUEST_PULL_<ARCH> of the DaemonSet carry amd64's list; 3.23.0, 3.24.0 (Z91)
  bool amd64_guest_pull_everywhere = true;
  // env.shims, env.snapshotterHandlerMapping, env.pullTypeMapping count beside structured values; not in
  // 3.23.0, 3.24.0 (Z91)
  bool legacy_lists_reach_the_pod = false;
  // the cleanup Job gets INSTALLATION_PREFIX, from 3.12.0 (Z52)
  bool cleanup_knows_prefix = true;

  // The reference chart only:
  // the cleanup Job has one pod on each node, whatever its labels and taints (upstream's single pod is Z03)
  bool clean_every_node = false;
  // refuses at rendering what the deploy logic would refuse, and a changed suffix or prefix
  bool guard_values = false;
  // for guard_values; empty: those of all upstream versions
  std::vector<std::string> known_shims;
};

// The default list of `env.shims` of an upstream version up to 3.22.0.
std::vector<std::string> upstream_shims(std::string_view version);

ChartPtr make_kata_chart(const ChartFacts& facts);

}  // namespace barnacle
