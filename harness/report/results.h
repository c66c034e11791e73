// Results of parts of a campaign: one line of JSON for each finished block, which can be added up again.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/engine/shard.h"

namespace barnacle {

// All that the result of a sequence depends on. Results of different campaigns cannot be added.
struct CampaignIdentity {
  std::string subject;
  std::uint64_t seed = 1;
  std::uint64_t sequences = 0;  // of the whole campaign
  int max_steps = 0;
  bool faults = false;
  bool operator==(const CampaignIdentity&) const = default;
};
std::string describe(const CampaignIdentity& campaign);
CampaignOptions options_of(const CampaignIdentity& campaign);

struct BlockResult {
  CampaignIdentity campaign;
  Block block;
  Tally tally;
};

// Ends with a line feed and holds no other.
std::string block_line(const BlockResult& result);
// The error says what is wrong with the line.
std::expected<BlockResult, std::string> parse_block_line(std::string_view line);

enum class Added : std::uint8_t {
  yes,
  known,  // the same block with the same result
  other_campaign,
  contradiction  // the same block with another result: somebody is not deterministic
};

// The blocks of one campaign, each once, in whatever order they came.
class Results {
 public:
  explicit Results(CampaignIdentity campaign) : campaign_(std::move(campaign)) {}

  Added add(const BlockResult& result);
  const CampaignIdentity& campaign() const { return campaign_; }
  bool has(const Block& block) const { return blocks_.contains(block); }
  std::size_t blocks() const { return blocks_.size(); }
  std::size_t blocks_of_campaign() const;
  Tally total() const;

 private:
  CampaignIdentity campaign_;
  std::map<Block, Tally> blocks_;
};

}  // namespace barnacle
