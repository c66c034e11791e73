// What the container's view and the node's view have in common.
#pragma once

#include <string>
#include <vector>

#include "harness/live/sandbox/helper/stage.h"

namespace barnacle::helper {

// Merges folders, highest first; upper: a folder on the stage for what is written, empty for a read-only union.
void mount_union(const std::vector<std::string>& layers, const std::string& upper, const std::string& target);
void add_layer(std::vector<std::string>& layers, const std::string& folder);  // where it exists

// Links of this machine's root into its /usr: bin, sbin, lib …
void copy_tool_links(const std::string& view);

// A fresh /proc of the PID namespace, without what acts on the machine or tells its secrets.
void mount_proc(const std::string& view);
void mount_devices(const std::string& view, const Stage& stage);

}  // namespace barnacle::helper
