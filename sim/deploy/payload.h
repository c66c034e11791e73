// The image of one version: the tree that is copied to the host, and the RuntimeClass files beside it.
#pragma once

#include <expected>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sim/host/tree.h"

namespace barnacle {

struct PayloadEntry {
  std::string path;  // below the payload's root, "bin/qemu-system-x86_64"
  FileKind kind = FileKind::file;
  std::uint16_t mode = 0644;
  std::string text = {};  // contents, or a link's target
};

struct Payload {
  std::string version;
  Time date = 0;                          // modification time of every file
  std::vector<PayloadEntry> entries;      // directories before what is in them, byte order
  std::set<std::string> runtime_classes;  // file names without ".yaml": "kata-qemu"
};
using PayloadPtr = std::shared_ptr<const Payload>;

struct PayloadError {
  std::string path;
  int line = 0;
  std::string what;
};

// An image tree as it lies in a folder, for whichever version: DIR/opt/kata and DIR/runtimeclasses/*.yaml. With
// DIR/payload.toml, the file says which paths only some versions have, which are executable, and @VERSION@ in files
// becomes the version.
struct ImageTree;
std::expected<std::shared_ptr<const ImageTree>, PayloadError> read_image_tree(const std::string& folder);
PayloadPtr payload_of(const ImageTree& image, const std::string& version, Time date);

// Both at once.
std::expected<PayloadPtr, PayloadError> load_payload(const std::string& folder, const std::string& version, Time date);

// The payload as an interned tree, its root standing for /opt/kata.
struct PayloadTree {
  const Node* root = nullptr;
  // The entry's node, in the order of Payload::entries.
  std::vector<const Node*> nodes = {};
};
const PayloadTree& payload_tree(Store& store, const Payload& payload);

}  // namespace barnacle
