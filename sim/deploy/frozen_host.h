// A host that no longer changes, with its hash.
#pragma once

#include <memory>

#include "sim/host/host.h"

namespace barnacle {

struct FrozenHost {
  Host host;
  Hash128 state;
};
using HostPtr = std::shared_ptr<const FrozenHost>;
HostPtr freeze(Host host);

}  // namespace barnacle
