// The files of a release that name paths: configurations of its shims, its runtime configuration, its wrappers.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/invariants/invariant.h"
#include "harness/invariants/named_path.h"
#include "sim/base/hash_map.h"

namespace barnacle {

// A path that must be there for the file that names it to work.
struct NeededPath {
  const NamedPath* named = nullptr;
  bool in_vain = false;  // no payload has it
};

// What is to be said of a text at one place of a release. That depends on nothing else, so each check asks it once.
struct Reading {
  std::optional<std::vector<const NamedPath*>> misplaced;  // no payload path relocated once
  std::optional<std::vector<NeededPath>> needed;
  std::optional<std::vector<Violation>> repeated;  // in lists; of no release yet
};

// Where a release has such a file.
struct PlaceOfRelease {
  std::string path;
  std::string shim = {};                                     // whose configuration it is; empty: nobody's
  const Blob* pristine = nullptr;                            // what the payload has there; null: nothing
  AddressMap<Blob, std::unique_ptr<Reading>> readings = {};  // by text
};

struct FileOfRelease {
  const PlaceOfRelease& place;
  const Blob* text;
  Reading& reading;
};

// Those that are on a node, of each release in `served`: those of its shims in their order first. Remembered.
using FilesOfReleases = std::vector<std::vector<FileOfRelease>>;
const FilesOfReleases& files_on(const NodeView& node);

}  // namespace barnacle
