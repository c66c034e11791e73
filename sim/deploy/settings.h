// What a run of the deploy logic is told: the pod's environment, read with the facts of the version that runs.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/hash.h"
#include "sim/base/text.h"
#include "sim/deploy/defects.h"
#include "sim/deploy/payload.h"

namespace barnacle {

// "true" on the nodes that serve Kata.
inline constexpr std::string_view kKataLabel = "katacontainers.io/kata-runtime";

// What differs between versions of the deploy logic without being a bug. fixtures/versions/*.toml fills it.
struct DeployFacts {
  bool edits_toml_by_value = false;          // from 3.24.0 configurations are edited by tomlq, before by sed
  bool double_slash_in_config_path = false;  // up to 3.15.0 ConfigPath has "//" behind kata-containers
  bool prefix_must_be_absolute = true;       // from 3.16.0
  bool detects_microk8s = true;              // from 3.15.0
  bool per_shim_values = true;               // from 3.23.0: proxies and annotations may name their shim
  bool guest_pull = true;                    // from 3.22.0
  bool nydus_takes_suffix = true;            // from 3.22.0 a mapping to nydus gets the suffix
  bool cdi_annotations = true;               // from 3.23.0 nvidia-gpu-* shims allow cdi.k8s.io/*
  bool debug_by_section = true;              // 3.23.0: debug keys are found commented or not; 3.24.0 by section
  bool wrapper_substituted_once = true;      // from 3.23.0 the wrapper's name is substituted only if it is not there
  std::vector<std::string> rust_shims;       // those configured below runtime-rs/
  std::vector<std::string> wrapped_shims;    // whose QEMU gets a wrapper where it is relocated
  std::map<std::string, std::string> qemu_share;  // shim → share name in the wrapper; others: the shim itself
  std::vector<std::string> tdx_ubuntu;            // Ubuntu versions with TDX
};

// Everything about one version: facts, defects, payload.
struct DeployVersion {
  std::string name;     // of the preset: "3.16.0", "kata"
  std::string version;  // upstream's: "3.16.0"
  DeployFacts facts;
  Defects defects;
  PayloadPtr payload;
  Hash128 hash;  // of name; two versions never share one
};

struct Settings {
  const DeployVersion* version = nullptr;
  std::vector<std::string> shims;
  bool debug = false;
  bool create_runtime_classes = false;
  bool create_default_runtime_class = false;
  std::string default_shim;
  std::string https_proxy;
  std::string no_proxy;
  std::string annotations;
  std::vector<std::string> snapshotter_mapping;  // "qemu:nydus"
  std::vector<std::string> pull_types;           // "qemu-coco-dev:guest-pull"
  std::vector<std::string> force_guest_pull;
  std::string prefix;
  std::string suffix;
  std::string host_os;
  bool post_delete_hook = false;
  std::string root;                // see destination()
  std::vector<std::string> roots;  // folders that it may write below, itself included (path.inside-roots)
  Hash128 hash;                    // of the version and of the whole environment, but for the node's name

  bool has(Defect defect) const { return version->defects.has(defect); }
  const DeployFacts& facts() const { return version->facts; }
  bool is_rust(const std::string& shim) const;
  bool relocated() const { return destination() != "/opt/kata"; }
  const std::string& destination() const { return root; }  // "/opt/kata-cicd"
  std::string with_suffix(std::string name) const;         // "kata-qemu" → "kata-qemu-cicd"
  std::string handler(const std::string& shim) const { return with_suffix("kata-" + shim); }
  std::string drop_in() const { return destination() + "/containerd/config.d/kata-deploy.toml"; }
  std::string configuration_folder(const std::string& shim) const;  // below the destination
  std::string configuration(const std::string& shim) const;         // absolute, on the host
  std::string config_path(const std::string& shim) const;           // the same, as the runtime's configuration has it
  std::string shim_binary(const std::string& shim) const;
  // Of the reference logic: there from the first change of the runtime's files to the restart that loads them.
  std::string restart_marker() const { return "/run/" + with_suffix("kata-deploy") + ".restart"; }
};

using SettingsPtr = std::shared_ptr<const Settings>;

// `environment_hash`: of the environment but for the node's name, for Settings::hash.
Settings read_settings(const DeployVersion& version, const Strings& environment, Hash128 environment_hash);

// "kata" with "/opt/kata-cicd": where a release with that prefix and suffix puts its tree.
std::string destination_of(std::string_view prefix, std::string_view suffix);

}  // namespace barnacle
