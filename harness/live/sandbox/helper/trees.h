// The folders of this machine that a sandbox is put together from, as detached mounts.
#pragma once

#include <string>
#include <vector>

#include "harness/live/sandbox/helper/identity.h"
#include "harness/live/sandbox/sandbox.h"

namespace barnacle::helper {

// A folder of the machine's tools: usr, and bin, lib … where these are no links into usr.
struct ToolFolder {
  std::string name;
  int tree = -1;
};

struct Trees {
  int node = -1;
  std::vector<int> image;   // as in the spec
  std::vector<int> mounts;  // as in the spec
  std::vector<bool> mount_is_folder;
  std::vector<ToolFolder> tools;
  int alternatives = -1;  // /etc/alternatives; -1 where the machine has none
};

// Opens them in the mount namespace of the caller. With a user namespace, the owners of files are mapped to its ids;
// false where a file system does not allow that. Fails where something does not exist.
bool open_trees(const SandboxSpec& spec, int user_namespace, Trees& trees);

}  // namespace barnacle::helper
