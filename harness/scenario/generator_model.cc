#include "harness/scenario/generator_model.h"

#include <algorithm>

namespace barnacle {

NodeModel::NodeModel(std::string node_name, const HostChoice& node_kind)
    : name(std::move(node_name)), kind(&node_kind) {
  refresh();
}

void NodeModel::refresh() {
  runtime = kind->runtime;
  toggled.assign(kind->toggles.size(), false);
  operator_files.clear();
}

bool NodeModel::takes_suffix() const {
  return runtime == kind->runtime ? kind->takes_suffix : runtime.major_version >= 2;
}

void ReleaseModel::add_revision(DrawnSettings settings, int most) {
  revisions.push_back({revisions.empty() ? 1 : revisions.back().number + 1, std::move(settings)});
  if (most > 0 && revisions.size() > static_cast<std::size_t>(most)) revisions.erase(revisions.begin());
}

bool WorldModel::any_live() const { return std::ranges::any_of(releases, &ReleaseModel::live); }

bool WorldModel::suffix_live() const {
  return std::ranges::any_of(releases,
                             [](const ReleaseModel& release) { return release.live && !release.suffix.empty(); });
}

bool WorldModel::all_take_suffix() const { return std::ranges::all_of(nodes, &NodeModel::takes_suffix); }

bool WorldModel::collides(const ReleaseModel& release) const {
  return std::ranges::any_of(releases, [&](const ReleaseModel& other) {
    return other.live && &other != &release && other.suffix == release.suffix;
  });
}

}  // namespace barnacle
