#include "sim/deploy/part.h"

#include <algorithm>
#include <iterator>

#include "sim/deploy/deployment.h"

namespace barnacle {

bool Wanted::contains(std::string_view path) const {
  if (own.contains(path)) return true;
  for (const PartPtr& part : parts) {
    if (part->wanted.contains(path)) return true;
  }
  return false;
}

Hash128 hash_of_paths(const std::set<std::string, std::less<>>& paths) {
  Hasher hasher;
  for (const std::string& path : paths) hasher.add(path);
  return hasher.finish();
}

Hash128 Wanted::hash() const {
  Hasher hasher;
  hasher.add(hash_of_paths(own));
  for (const PartPtr& part : parts) hasher.add(part->wanted_hash);
  return hasher.finish();
}

Work remembered(Deployment& deployment, PartKey key, Work (*part)(Deployment&)) {
  const EffectResult known = co_await deployment.shell.begin_part(key);
  if (known.part) {
    deployment.wanted.parts.push_back(known.part);
    co_return;
  }
  auto before = deployment.wanted.own;
  co_await part(deployment);
  std::set<std::string, std::less<>> added;
  std::ranges::set_difference(deployment.wanted.own, before, std::inserter(added, added.end()));
  const EffectResult noted = co_await deployment.shell.end_part(&added);
  if (!noted.part) co_return;
  deployment.wanted.parts.push_back(noted.part);
  deployment.wanted.own = std::move(before);
}

}  // namespace barnacle
