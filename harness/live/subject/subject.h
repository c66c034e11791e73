// A live subject: what people really ship, as a folder with subject.toml, a chart and the images of its pods.
//
//   name     = "kata-deploy"
//   version  = "3.16.0"
//   date     = "2025-04-25"          # of every file in the images: what `cp -u` compares with
//   chart    = "chart"               # folders are relative to the subject's
//   settings = "kata"                # optional: the preset whose reading of the pod's environment fits
//   settled  = "sleep infinity"      # how its work ends: this command, or "exit"
//   roots    = ["/opt/kata{suffix}", "/etc/containerd"]   # what it may write; {suffix}: see `suffix`
//   suffix   = "MULTI_INSTALL_SUFFIX"                     # the pod's variable that tells installs apart
//   label    = "katacontainers.io/kata-runtime"           # optional: is "true" on nodes that it serves
//   [[image]]
//   name  = "*/kata-deploy*"         # a glob over the pod's image
//   roots = ["image"]                # lowest first, over this machine's programs
//   tools = ["kubectl", "tomlq"]
#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <vector>

#include "sim/base/clock.h"

namespace barnacle {

struct LiveImage {
  std::string name;
  std::vector<std::filesystem::path> roots;
  std::vector<std::string> tools;
  std::filesystem::path payload;  // a tree like kArtefacts in place of its own; empty: its own
};

// Where an image of kata-deploy has opt/kata, what its logic copies to a node.
inline constexpr const char* kArtefacts = "opt/kata-artifacts";

struct LiveSubject {
  std::filesystem::path folder;
  std::string name;
  std::string version;
  Time date = 0;
  std::filesystem::path chart;
  std::string settings;
  std::string settled = "sleep infinity";
  std::vector<std::string> roots;
  std::string suffix;
  std::string label;
  std::vector<LiveImage> images;
};

inline constexpr const char* kSubjectFile = "subject.toml";

// Errors are one line with file, line and key.
std::expected<LiveSubject, std::string> load_live_subject(const std::filesystem::path& folder);

}  // namespace barnacle
