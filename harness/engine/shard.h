// A campaign in parts, for several machines or for a run that may be killed: which sequences each part plays.
#pragma once

#include <cstdint>
#include <vector>

#include "harness/engine/campaign.h"

namespace barnacle {

// One of `count` equal parts, from 1.
struct Shard {
  std::uint64_t index = 1;
  std::uint64_t count = 1;
};

// What is finished, and kept, at once. Divides a theme.
inline constexpr std::uint64_t kShardBlock = 64;
static_assert(kThemeLength % kShardBlock == 0);

// The block that begins at `first`, in a campaign of so many sequences.
Block shard_block(std::uint64_t first, std::uint64_t sequences);

// The shard's blocks in their order. Every block of the campaign is in exactly one shard; the blocks themselves do not
// depend on the number of shards. A shard gets whole themes, whose sequences share a memory, where there is one for
// each.
std::vector<Block> blocks_of(const Shard& shard, std::uint64_t sequences);

}  // namespace barnacle
