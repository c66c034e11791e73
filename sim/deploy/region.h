// What of a host a run looks at and changes: its destination, /etc and /run, beside the units and the runtime with what it
// has loaded. A run that stays within these is the same on all hosts that are equal in these, whatever else is on them.
#pragma once

#include <array>
#include <optional>

#include "sim/deploy/settings.h"
#include "sim/host/host.h"

namespace barnacle {

class Region {
 public:
  // None where the release has a prefix (whose folders it makes and removes), or the runtime would not start: what that
  // would read is not known then.
  static std::optional<Region> of(const Host& host, const Settings& settings);

  // Equal keys, equal runs.
  Hash128 key() const { return key_; }

  bool contains(std::string_view path) const;
  // Did the run keep to its region? `host` was the one this region is of, `after` is what the run left.
  bool kept(const Host& host, const Host& after) const;
  // `host` with what a run on an equal region left; none where it does not fit after all.
  std::optional<Host> transplanted(const Host& host, const Host& after) const;

 private:
  bool knows(std::string_view path) const;
  std::optional<FileTree> replanted(const FileTree& files, const FileTree& after) const;

  std::array<std::string, 3> folders_;
  std::vector<std::string> loaded_;  // files and handlers' needs outside of it
  Hash128 key_;
};

}  // namespace barnacle
