// The stage: a tmpfs that only the processes making a sandbox see, on which its two views are put together. What the
// container writes to its own root, and the stand-ins, take from its size.
#pragma once

#include <string>
#include <vector>

#include "harness/live/sandbox/helper/trees.h"

namespace barnacle::helper {

inline const std::string kStage = "/tmp";  // any folder that every machine has; covered in our own mount namespace only

// What every bash script of a traced container reads first. Bash takes no PS4 from root's environment.
inline constexpr int kTraceDescriptor = 19;
inline constexpr const char* kTraceProfile = "/dev/barnacle-trace";

// Attached trees, by their folders on the stage.
struct Stage {
  std::string node;
  std::vector<std::string> image;
  std::vector<std::string> mounts;
  std::vector<ToolFolder> tools;                // tree unused from here on; at kStage/tools/NAME
  std::string alternatives;                     // empty: none
  std::string devices;                          // a folder to be mounted as /dev
  std::string image_stand_ins, node_stand_ins;  // layers to be laid over everything
};

// Mounts the stage and attaches the trees; stand_in is a descriptor of the program.
Stage make_stage(const SandboxSpec& spec, const Trees& trees, int stand_in);

}  // namespace barnacle::helper
