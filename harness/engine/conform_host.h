// One recorded listing against the model's host.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/engine/listing.h"
#include "sim/host/tree.h"

namespace barnacle {

// The text of the image's file that a path on the host was copied from; none where the image has no such file.
using ImageText = std::function<std::optional<std::string>(const std::string& host_path)>;

// SHA-256 of interned contents, worked out once each.
class Fingerprints {
 public:
  const std::string& of(const Blob* blob);

 private:
  std::map<const Blob*, std::string> known_;  // looked up only: its order is never seen
};

struct HostComparison {
  int entries = 0;
  int files_by_bytes = 0;
  int files_by_value = 0;
  std::vector<std::string> differences;  // "/opt/kata/…: recorded f 0644, model d 0755"
};

// May this file of a recording of `version` be compared by its parsed value? Only what a TOML tool has written anew:
// containerd's config.toml, its templates and the drop-in; from 3.23 also configuration-*.toml, where they are not
// those of the image.
bool compared_by_value(const std::string& path, const std::string& version, bool differs_from_image);

// Kinds, modes, link targets and contents of all entries, but for the top-level directories that a recording's sandbox
// brought with it.
HostComparison compare_host(const FileTree& model, const Listing& recorded, const std::string& version,
                            const ImageText& image, Fingerprints& fingerprints);

}  // namespace barnacle
