#include "harness/engine/shard.h"

#include <algorithm>

#include "sim/base/check.h"

namespace barnacle {

Block shard_block(std::uint64_t first, std::uint64_t sequences) {
  return {first, std::min(kShardBlock, sequences - first)};
}

std::vector<Block> blocks_of(const Shard& shard, std::uint64_t sequences) {
  check(shard.index >= 1 && shard.index <= shard.count, "a shard is one of its campaign's");
  const bool by_theme = sequences / kThemeLength >= shard.count;
  const std::uint64_t unit = by_theme ? kThemeLength : kShardBlock;
  std::vector<Block> blocks;
  for (std::uint64_t first = 0; first < sequences; first += kShardBlock) {
    if (first / unit % shard.count == shard.index - 1) blocks.push_back(shard_block(first, sequences));
  }
  return blocks;
}

}  // namespace barnacle
