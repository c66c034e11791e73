// Paths that files name: found in text, comments aside.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/host/store.h"

namespace barnacle {

struct NamedPath {
  std::string path;  // absolute
  int line = 0;      // from 1
};

// Every absolute path in a text with `containing` in it, outside of comment lines; remembered in the Store by contents.
const std::vector<NamedPath>& named_paths(Store& store, const Blob* text);

}  // namespace barnacle
