// Whether a restart of the container runtime at this very moment would work out, watched over the effects of a run.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/deploy/part.h"
#include "sim/host/host.h"

namespace barnacle {

class RestartWatch {
 public:
  explicit RestartWatch(const Host& host);

  struct Trouble {
    std::string what;  // "the runtime would not start: …", "handler kata-qemu would have no …"
    std::string path;
  };

  // Could this change stop a runtime that would start, or break a handler that works? Additions can do so below /etc
  // alone; elsewhere only what replaces or removes one of the paths that the runtime needs. False for ever where a
  // restart would have failed before the run began: that is not the run's doing.
  bool concerns(const PartRecord::Disturbance& change) const;
  bool concerns_addition(const std::string& path) const;

  // What a restart would come to now, and what matters from now on.
  std::optional<Trouble> look(const Host& host);
  // What would have been loaded when it was last looked; null where nothing would.
  const LoadedConfigPtr& seen() const { return seen_; }

 private:
  bool watching_ = false;
  LoadedConfigPtr seen_;
  LoadedConfigPtr working_;  // what would have been loaded when that last worked out
  bool by_links_ = false;    // some path of it leads through a link: everything concerns it
};

}  // namespace barnacle
