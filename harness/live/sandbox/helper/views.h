// What the processes of a sandbox see as their root: the container's view, and the node's view, which PID 1 has.
#pragma once

#include <string>

#include "harness/live/sandbox/helper/stage.h"

namespace barnacle::helper {

// Both put a tree of mounts together on the stage, and return its folder.
//
// The node's view: a read-only root with the node's own top-level folders, the tools and the stand-ins in it. A new
// folder beside them cannot be made through it (it would not land in the node's folder), which the one who tries is
// told.
std::string make_node_view(const SandboxSpec& spec, const Stage& stage);

// The container's view: a fresh layer over the image over the tools, with its mounts.
std::string make_container_view(const SandboxSpec& spec, const Stage& stage);

// Makes a view the root of the mount namespace; the machine and the stage are out of reach from then on.
void enter_view(const std::string& view);

}  // namespace barnacle::helper
