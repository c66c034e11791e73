#include "sim/host/host.h"

#include "sim/host/observe.h"

namespace barnacle {
namespace {

void add_units(Hasher& hasher, const std::map<std::string, Unit>& units) {
  for (const auto& [name, unit] : units) {
    hasher.add(name).add((static_cast<std::uint64_t>(unit.state) << 1U) | static_cast<std::uint64_t>(unit.enabled));
  }
}

// What the start limit remembers, as ages before the newest start.
void add_recent_starts(Hasher& hasher, const std::map<std::string, Unit>& units) {
  for (const auto& [name, unit] : units) {
    hasher.add(static_cast<std::uint64_t>(unit.recent_starts.size())).add(static_cast<std::uint64_t>(unit.from_file));
    for (const Time start : unit.recent_starts)
      hasher.add(static_cast<std::uint64_t>(unit.recent_starts.back() - start));
  }
}

}  // namespace

Hash128 Host::state_hash() const {
  Hasher hasher;
  hasher.add(files.root()->state);
  hasher.add(static_cast<std::uint64_t>(runtime.family)).add(static_cast<std::uint64_t>(runtime.major_version));
  hasher.add(static_cast<std::uint64_t>(runtime.minor_version)).add(static_cast<std::uint64_t>(runtime.patch_version));
  hasher.add(load_error);
  add_units(hasher, units);
  add_recent_starts(hasher, units);
  hasher.add(loaded ? loaded->hash : Hash128{});
  // A restart is judged by what the files say, not by what comes of them.
  hasher.add(loaded ? loaded->contents : Hash128{});
  return hasher.finish();
}

Hash128 Host::seen_hash() const {
  Hasher hasher;
  hasher.add(barnacle::seen_hash(files.store(), files.root()));
  add_units(hasher, units);
  hasher.add(loaded ? loaded->hash : Hash128{});
  return hasher.finish();
}

}  // namespace barnacle
