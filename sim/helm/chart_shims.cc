#include "sim/helm/chart_shims.h"

#include <algorithm>

namespace barnacle {
namespace {

constexpr std::array<ShimFacts, 19> kShims{{
    {"clh", "amd64 arm64", "", false, false, "130Mi", "250m"},
    {"cloud-hypervisor", "amd64 arm64", "", false, false, "130Mi", "250m"},
    {"dragonball", "amd64 arm64", "", false, false, "130Mi", "250m"},
    {"fc", "amd64 arm64", "devmapper", false, false, "130Mi", "250m"},
    {"qemu", "amd64 arm64 s390x ppc64le", "", false, false, "160Mi", "250m"},
    {"qemu-cca", "arm64", "nydus", true, false, "2048Mi", "1.0"},
    {"qemu-coco-dev", "amd64 s390x", "nydus", true, false, "160Mi", "250m"},
    {"qemu-coco-dev-runtime-rs", "amd64 s390x", "nydus", true, false, "160Mi", "250m"},
    {"qemu-nvidia-gpu", "amd64 arm64", "", false, false, "4096Mi", "1.0"},
    {"qemu-nvidia-gpu-snp", "amd64", "", true, true, "20480Mi", "1.0"},
    {"qemu-nvidia-gpu-tdx", "amd64", "", true, true, "20480Mi", "1.0"},
    {"qemu-runtime-rs", "amd64 s390x", "", false, false, "160Mi", "250m"},
    {"qemu-se", "s390x", "nydus", true, false, "1024Mi", "1.0"},
    {"qemu-se-runtime-rs", "s390x", "nydus", true, false, "1024Mi", "1.0"},
    {"qemu-sev", "", "", false, false, "", ""},
    {"qemu-snp", "amd64", "nydus", true, false, "2048Mi", "1.0"},
    {"qemu-tdx", "amd64", "nydus", true, false, "2048Mi", "1.0"},
    {"remote", "", "", false, false, "120Mi", "250m"},
    {"stratovirt", "", "", false, false, "130Mi", "250m"},
}};

}  // namespace

std::span<const ShimFacts> all_shims() { return kShims; }

const ShimFacts* find_shim(std::string_view name) {
  const auto found = std::ranges::find(kShims, name, &ShimFacts::name);
  return found == kShims.end() ? nullptr : &*found;
}

}  // namespace barnacle
