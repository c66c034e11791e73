// What was found on a node that looked so: kept as long as the Lab, and found again by all that a NodeView shows.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "harness/invariants/release_files.h"

namespace barnacle {

struct NodeResults {
  // By the check; null: nothing was found. There are a dozen: a walk is faster than a table.
  std::vector<std::pair<NodeCheck, std::unique_ptr<const std::vector<Violation>>>> of;
  std::optional<std::vector<BrokenHandler>> broken;
  std::optional<FilesOfReleases> files;
};

}  // namespace barnacle
