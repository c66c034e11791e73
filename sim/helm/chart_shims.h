// What the charts know about each shim.
#pragma once

#include <array>
#include <span>
#include <string_view>

namespace barnacle {

struct Arch {
  std::string_view kubernetes;   // "amd64", as in shims.<name>.supportedArches
  std::string_view legacy;       // "x86_64", as in env.shims_x86_64
  std::string_view environment;  // "X86_64", as in SHIMS_X86_64
};
inline constexpr std::array<Arch, 4> kArches{{{"amd64", "x86_64", "X86_64"},
                                              {"arm64", "aarch64", "AARCH64"},
                                              {"s390x", "s390x", "S390X"},
                                              {"ppc64le", "ppc64le", "PPC64LE"}}};

struct ShimFacts {
  std::string_view name;
  std::string_view arches;        // of kArches, blank separated; empty: not among the structured values
  std::string_view snapshotter;   // default of containerd.snapshotter
  bool confidential = false;      // has crio.guestPull (true) and agent.*
  bool force_guest_pull = false;  // default of containerd.forceGuestPull
  std::string_view memory;        // overhead of its RuntimeClass; empty: it has none in the chart
  std::string_view cpu;
};
// By name.
std::span<const ShimFacts> all_shims();
const ShimFacts* find_shim(std::string_view name);

}  // namespace barnacle
