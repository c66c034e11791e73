// What the API knows of each kind.
#pragma once

#include <string>
#include <string_view>

#include "sim/cluster/objects.h"

namespace barnacle {

struct KindFacts {
  std::string_view name;        // "DaemonSet"
  std::string_view resource;    // "daemonsets"
  std::string_view short_name;  // "ds"; empty: none
  std::string_view group;       // "apps"; empty: the core group
  bool namespaced;
};
const KindFacts& facts(Kind kind);
std::string api_version(Kind kind);  // "apps/v1"

}  // namespace barnacle
