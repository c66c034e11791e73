// What of a host one run can tell. Beside its own destination other installations have theirs: of these a run sees no
// more than what the runtime's configuration names. Two hosts that differ in nothing else are one to it.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "sim/deploy/frozen_host.h"

namespace barnacle {

struct Surroundings {
  Hash128 hash;                 // of all that the run can tell
  std::set<std::string> named;  // paths below the neighbours that the hash has in it
};

// None where the destination has no neighbours, or where more than names counts: a runtime that would not load, a disk
// with an end.
std::optional<Surroundings> surroundings_of(const Host& host, const std::string& destination);

// The path lies in another installation's folder beside the destination, or is the folder of them all.
bool is_aside(const std::string& path, const std::string& destination);

// What a run left on a host with equal surroundings, with the neighbours of this one.
HostPtr among_neighbours_of(const FrozenHost& present, const FrozenHost& left, const std::string& destination);

}  // namespace barnacle
