// The objects of the kata-deploy chart.
#pragma once

#include <string>

#include "sim/helm/chart.h"
#include "sim/helm/chart_values.h"

namespace barnacle {

// What pods may do, whatever the values say: made once for a chart.
struct RoleBodies {
  explicit RoleBodies(const ChartFacts& facts);
  BodyPtr install;
  BodyPtr cleanup;
};

// What every object of one rendering needs to know.
struct ChartContext {
  const ChartFacts& facts;
  const RoleBodies& roles;
  const Values& values;
  std::string namespace_;
  std::string suffix;
  Strings environment;  // what the containers have in common

  // "kata-deploy-sa" with the suffix behind it.
  std::string named(std::string_view name) const {
    return suffix.empty() ? std::string(name) : std::string(name) + "-" + suffix;
  }
};

Object service_account(const ChartContext& context, std::string name);
// The role of the DaemonSet's pods, or of the cleanup Job's.
Object cluster_role(const ChartContext& context, std::string name, PodRole role);
Object cluster_role_binding(const ChartContext& context, std::string name, const std::string& role,
                            const std::string& account);
Object daemon_set(const ChartContext& context);
Object cleanup_job(const ChartContext& context);
void add_runtime_classes(const ChartContext& context, std::vector<Object>& objects);

}  // namespace barnacle
