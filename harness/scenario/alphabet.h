// What the generator may draw: the words of its scenarios. The engine makes one from the subject and the host kinds.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/scenario/scenario.h"
#include "sim/host/runtime.h"

namespace barnacle {

// Two texts of a host's configuration of which one can stand in place of the other, both valid to the runtime and
// neither looked at by the deploy logic.
struct Toggle {
  std::string from;  // as on a fresh host
  std::string to;
};

struct HostChoice {
  std::string name;
  RuntimeVersion runtime;
  std::string configuration;      // the runtime's own file; empty where a fresh host has none
  int configuration_version = 3;  // containerd's `version`; 0 where there is no file
  std::string drop_in_folder;     // "/etc/containerd/conf.d", where the runtime reads it; may be empty
  std::vector<Toggle> toggles;
  bool takes_suffix = true;           // the logic installs with a suffix here (drop-ins, or CRI-O)
  std::vector<std::string> runtimes;  // what change-runtime may bring here: "containerd://1.7.27"; may be empty
  std::uint32_t weight = 1;
};

// What the texts of a fresh host say about a kind of node. `configuration` is the path of the runtime's file, `text`
// its contents, absent where the fresh host has no such file.
HostChoice describe_host(std::string name, const RuntimeVersion& runtime, std::string configuration,
                         std::optional<std::string_view> text);

// One release's values but for its suffix and prefix. Empty texts are not set.
struct DrawnSettings {
  std::vector<std::string> shims;  // in the order of the alphabet
  bool debug = false;
  std::string proxy;
  std::string annotations;
  std::string mapped_shim;  // one of the shims, or empty
  std::string snapshotter;
  bool create_runtime_classes = false;
  bool operator==(const DrawnSettings&) const = default;
};

inline constexpr std::size_t kStepKinds = 14;

struct Alphabet {
  std::vector<HostChoice> hosts;      // never empty when a scenario is drawn
  std::vector<std::string> versions;  // what upgrades may go to beside the subject's own; may be empty
  std::vector<Time> dates;            // when a scenario may take place; empty: the default date
  int most_nodes = 3;                 // at the start; add-node may bring one more
  int most_releases = 3;
  int least_steps = 4;
  int max_steps = 24;

  std::vector<std::string> suffixes{"", "cicd", "cicd-cicd", "qemu", "kata", "system", "b"};
  std::vector<std::string> prefixes{"", "/foo", "/opt"};
  std::vector<std::string> namespaces{"kube-system", "kata"};
  std::vector<std::string> shims{"qemu",
                                 "clh",
                                 "qemu-coco-dev",
                                 "qemu-snp",
                                 "fc",
                                 "qemu-tdx",
                                 "cloud-hypervisor",
                                 "dragonball",
                                 "qemu-nvidia-gpu",
                                 "qemu-runtime-rs"};
  std::vector<std::string> proxies{"http://proxy.example:3128", "http://proxy.example:8080"};
  std::vector<std::string> annotations{"default_vcpus", "default_vcpus machine_type", "kernel_params"};
  std::vector<std::string> snapshotters{"overlayfs", "nydus"};

  // Whole settings to draw from, instead of their parts; empty: put together from the parts above.
  std::vector<DrawnSettings> settings;
  // Texts that an operator's edits differ in; 0: each edit is a new one.
  int edits = 0;

  // How often each kind of step is drawn where it makes sense, in the order of StepKind; 0 switches it off.
  std::array<std::uint32_t, kStepKinds> weights{14, 12, 12, 5, 11, 5, 5, 5, 5, 4, 5, 7, 6, 26};

  bool faults = false;                  // draw cut and fail faults, and Helm clients that die
  bool helm_flags = true;               // draw --wait, --atomic, --keep-history …
  bool create_runtime_classes = false;  // set env.createRuntimeClasses, for charts whose default leaves it off
  bool colliding_releases = true;       // rarely two live releases with one suffix, which Helm refuses
  bool moving_releases = true;          // rarely an upgrade to another suffix, which a guard refuses
  bool refusing_nodes = true;           // rarely a suffix on a node whose runtime knows no drop-ins
};

}  // namespace barnacle
