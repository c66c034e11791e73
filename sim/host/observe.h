// Obs(host): what invariants compare. Paths, kinds, modes, owners, links and contents; TOML by parsed value, `imports`
// as a set; no modification times, no backups (a name ending in ".bak").
#pragma once

#include <string_view>

#include "sim/base/hash.h"
#include "sim/host/store.h"

namespace barnacle {

// The observable hash of a file's contents. Names ending in ".toml" that parse are hashed by value (tables without
// order, arrays in order, a top-level `imports` array as a set); everything else, and TOML that does not parse, by
// bytes.
Hash128 observed_contents(Store& store, std::string_view name, const Blob* blob);

// Obs of a whole subtree as one hash: without modification times and backups. Remembered by node.
Hash128 seen_hash(Store& store, const Node* node);

// The same of an entry of that name, which decides whether a file's contents are a TOML value.
Hash128 seen_hash(Store& store, std::string_view name, const Node* node);

// True for names that Obs leaves out.
bool is_backup(std::string_view name);

}  // namespace barnacle
