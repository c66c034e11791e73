#include "harness/report/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace barnacle {
namespace {

using nlohmann::json;

json counted_json(const Counted& counted) {
  json counts = json::object();
  const auto invariants = all_invariants();
  for (std::size_t i = 0; i < invariants.size(); ++i) {
    const auto of = [&](const std::vector<std::uint64_t>& values) { return i < values.size() ? values[i] : 0; };
    counts[std::string(invariants[i].id)] = {of(counted.asked), of(counted.spoke)};
  }
  return counts;
}

Counted read_counted(const json& counts) {
  Counted counted;
  const auto invariants = all_invariants();
  if (counts.size() != invariants.size())
    throw std::invalid_argument("is of another version of Barnacle: it has other invariants");
  for (const Invariant& invariant : invariants) {
    const json& pair = counts.at(std::string(invariant.id));
    counted.asked.push_back(pair.at(0).get<std::uint64_t>());
    counted.spoke.push_back(pair.at(1).get<std::uint64_t>());
  }
  return counted;
}

json hits_json(const std::map<std::string, Hit>& hits) {
  json violated = json::object();
  for (const auto& [invariant, hit] : hits) violated[invariant] = {hit.sequence, hit.times};
  return violated;
}

std::map<std::string, Hit> read_hits(const json& violated, const Block& block) {
  std::map<std::string, Hit> hits;
  for (const auto& [invariant, pair] : violated.items()) {
    const Hit hit{pair.at(0).get<std::uint64_t>(), pair.at(1).get<std::uint64_t>()};
    const bool inside = hit.sequence >= block.first && hit.sequence < block.first + block.length && hit.times >= 1 &&
                        hit.times <= block.length;
    if (find_invariant(invariant) == nullptr || !inside)
      throw std::invalid_argument(fmt::format("violated: '{}' is not as it can be", invariant));
    hits[invariant] = hit;
  }
  return hits;
}

std::uint64_t read_hex(std::string_view digits) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  if (error != std::errc() || end != digits.data() + digits.size())
    throw std::invalid_argument("digest: is no hexadecimal number");
  return number;
}

Hash128 read_digest(const std::string& text) {
  if (text.size() != 32) throw std::invalid_argument("digest: has not 32 digits");
  return {.low = read_hex(std::string_view(text).substr(16)), .high = read_hex(std::string_view(text).substr(0, 16))};
}

BlockResult read_block(const json& line) {
  BlockResult result;
  result.campaign = {line.at("subject").get<std::string>(), line.at("seed").get<std::uint64_t>(),
                     line.at("sequences").get<std::uint64_t>(), line.at("max_steps").get<int>(),
                     line.at("faults").get<bool>()};
  const auto first = line.at("first").get<std::uint64_t>();
  if (first % kShardBlock != 0 || first >= result.campaign.sequences)
    throw std::invalid_argument("first: no block of this campaign begins there");
  result.block = shard_block(first, result.campaign.sequences);
  if (line.at("length").get<std::uint64_t>() != result.block.length)
    throw std::invalid_argument("length: is not that of the block");
  Tally& tally = result.tally;
  tally.sequences = result.block.length;
  tally.steps = line.at("steps").get<std::uint64_t>();
  tally.applied = line.at("applied").get<std::uint64_t>();
  tally.installs = line.at("installs").get<std::uint64_t>();
  tally.refused_installs = line.at("refused_installs").get<std::uint64_t>();
  tally.steps_by_kind = line.at("steps_by_kind").get<std::map<std::string, std::uint64_t>>();
  tally.disturbed = line.at("disturbed").get<std::uint64_t>();
  tally.faults = line.at("struck").get<std::map<std::string, std::uint64_t>>();
  tally.counted = read_counted(line.at("counted"));
  tally.digest = read_digest(line.at("digest").get<std::string>());
  tally.hits = read_hits(line.at("violated"), result.block);
  return result;
}

}  // namespace

std::string describe(const CampaignIdentity& campaign) {
  return fmt::format("--subject {} --seed {} --sequences {} --max-steps {}{}", campaign.subject, campaign.seed,
                     campaign.sequences, campaign.max_steps, campaign.faults ? " --faults" : "");
}

CampaignOptions options_of(const CampaignIdentity& campaign) {
  CampaignOptions options;
  options.seed = campaign.seed;
  options.sequences = campaign.sequences;
  options.max_steps = campaign.max_steps;
  options.faults = campaign.faults;
  return options;
}

std::string block_line(const BlockResult& result) {
  const CampaignIdentity& campaign = result.campaign;
  const Tally& tally = result.tally;
  const json line = {{"subject", campaign.subject},
                     {"seed", campaign.seed},
                     {"sequences", campaign.sequences},
                     {"max_steps", campaign.max_steps},
                     {"faults", campaign.faults},
                     {"first", result.block.first},
                     {"length", result.block.length},
                     {"steps", tally.steps},
                     {"applied", tally.applied},
                     {"installs", tally.installs},
                     {"refused_installs", tally.refused_installs},
                     {"steps_by_kind", tally.steps_by_kind},
                     {"disturbed", tally.disturbed},
                     {"struck", tally.faults},
                     {"counted", counted_json(tally.counted)},
                     {"digest", to_hex(tally.digest)},
                     {"violated", hits_json(tally.hits)}};
  return line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

std::expected<BlockResult, std::string> parse_block_line(std::string_view line) {
  const json parsed = json::parse(line, nullptr, false);
  if (!parsed.is_object()) return std::unexpected("is no line of results");
  try {
    return read_block(parsed);
  } catch (const json::exception& error) {
    return std::unexpected(fmt::format("is no line of results: {}", error.what()));
  } catch (const std::invalid_argument& error) {
    return std::unexpected(error.what());
  }
}

Added Results::add(const BlockResult& result) {
  if (result.campaign != campaign_) return Added::other_campaign;
  const auto [known, added] = blocks_.try_emplace(result.block, result.tally);
  if (added) return Added::yes;
  return known->second == result.tally ? Added::known : Added::contradiction;
}

std::size_t Results::blocks_of_campaign() const {
  return static_cast<std::size_t>((campaign_.sequences + kShardBlock - 1) / kShardBlock);
}

Tally Results::total() const {
  Tally total;
  for (const auto& [block, tally] : blocks_) barnacle::add(total, tally);
  return total;
}

}  // namespace barnacle
