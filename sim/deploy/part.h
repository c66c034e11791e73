// Parts of a run that act on nothing but the files below one folder (and read at most one file elsewhere), such as the
// copy of the artefacts. Whoever drives a program remembers what a part came to, and answers a repeat at once; under a
// fault every effect is asked for, one by one, as ever.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sim/base/hash_map.h"
#include "sim/deploy/changes.h"

namespace barnacle {

// What a part acts on: equal keys on equal trees come to the same.
struct PartKey {
  std::string folder;  // all that it changes is below, or is the folder itself
  std::string reads;   // a file elsewhere that it may read; or empty
  Hash128 inputs;      // its name and all that it is told
};

// What a part came to.
struct PartRecord {
  const Node* after = nullptr;  // the folder; null: it is gone
  int effects = 0;
  std::shared_ptr<const EffectNotes> changes;  // numbers count from the part's first effect
  std::vector<std::string> log;
  std::set<std::string, std::less<>> wanted;  // see Deployment::wanted
  Hash128 wanted_hash;

  // Effects that replaced or took away what was there; all others only added.
  struct Disturbance {
    std::string path;
    bool contents_only = false;  // a file before and after, as executable as before
    bool operator<(const Disturbance& other) const {
      return path != other.path ? path < other.path : contents_only < other.contents_only;
    }
  };
  std::vector<Disturbance> disturbances;  // each once
};
using PartPtr = std::shared_ptr<const PartRecord>;
using PartMemory = HashMap<PartPtr>;

}  // namespace barnacle
