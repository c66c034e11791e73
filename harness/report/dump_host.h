// A simulated host's files as plain files of this machine, to look at with its own tools.
//
// Symbolic links are made as they are and never followed. Modes are applied (without set-user-ID and set-group-ID: a
// copy gives nobody any rights); owners and modification times are not.
#pragma once

#include <expected>
#include <string>

#include "harness/engine/world.h"

namespace barnacle {

// Writes every node's host below FOLDER/NODE. All or nothing: each tree is made beside its place and renamed, and a
// FOLDER/NODE that is there already has to be an empty directory. The error is one line that names the path.
std::expected<void, std::string> dump_hosts(const World& world, const std::string& folder);

}  // namespace barnacle
