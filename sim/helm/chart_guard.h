// What the reference chart refuses.
#pragma once

#include <optional>

#include "sim/helm/chart.h"

namespace barnacle {

// The suffix and prefix of a release are also written on its objects, so that a DaemonSet deleted by hand does not take
// the memory of them along.
inline constexpr std::string_view kSuffixAnnotation = "katacontainers.io/multi-install-suffix";
inline constexpr std::string_view kPrefixAnnotation = "katacontainers.io/installation-prefix";

// Values that the deploy logic would refuse on every node.
std::optional<RenderError> refuse_values(const ChartFacts& facts, const Values& values);

// A suffix or prefix other than the one that the live objects of this release have: what stands under the old one would
// be left on the nodes.
std::optional<RenderError> refuse_moving(const RenderRequest& request);

}  // namespace barnacle
