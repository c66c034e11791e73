#include "harness/engine/shard.h"

#include <gtest/gtest.h>

#include <map>

#include "harness/engine/path_class.h"

namespace barnacle {
namespace {

// Every sequence is in one block of one shard, and no block reaches over the end of a theme.
void expect_partition(std::uint64_t sequences, std::uint64_t count) {
  std::map<std::uint64_t, std::uint64_t> length_by_first;
  for (std::uint64_t index = 1; index <= count; ++index) {
    for (const Block& block : blocks_of({index, count}, sequences)) {
      EXPECT_TRUE(length_by_first.emplace(block.first, block.length).second) << "in two shards";
      EXPECT_EQ(block.first / kThemeLength, (block.first + block.length - 1) / kThemeLength);
    }
  }
  std::uint64_t next = 0;
  for (const auto& [first, length] : length_by_first) {
    EXPECT_EQ(first, next);
    next = first + length;
  }
  EXPECT_EQ(next, sequences) << sequences << " in " << count;
}

TEST(Shard, ShardsArePartsOfTheWhole) {
  for (const std::uint64_t sequences : {1, 63, 64, 65, 1000, 4096, 4097, 50'000}) {
    for (const std::uint64_t count : {1, 2, 3, 7, 100}) expect_partition(sequences, count);
  }
}

TEST(Shard, BlocksDoNotDependOnTheNumberOfShards) {
  const std::vector<Block> all = blocks_of({1, 1}, 10'000);
  for (const Block& block : blocks_of({2, 5}, 10'000)) EXPECT_NE(std::ranges::find(all, block), all.end());
}

TEST(Shard, AShardGetsWholeThemesWhereThereIsOneForEach) {
  const std::vector<Block> blocks = blocks_of({2, 3}, 3 * kThemeLength);
  EXPECT_EQ(blocks.front().first, kThemeLength);
  EXPECT_EQ(blocks.back().first + blocks.back().length, 2 * kThemeLength);
}

TEST(PathClass, LeavesOutWhatIsByChance) {
  Scenario scenario;
  scenario.nodes.resize(2);
  scenario.nodes[0].name = "node-a";
  scenario.nodes[1].name = "node-a-2";
  const auto path = [&](const char* text) { return path_class(text, scenario); };
  EXPECT_EQ(path("/opt/kata-cicd-cicd-cicd-cicd/bin/x"), "/opt/kata-cicd-cicd/bin/x");
  EXPECT_EQ(path("/opt/kata-cicd-cicd/bin/x"), "/opt/kata-cicd-cicd/bin/x");
  EXPECT_EQ(path("/opt/kata-cicd/bin/x"), "/opt/kata-cicd/bin/x");
  EXPECT_EQ(path("/x-installation-prefix-installation-prefix-installation-prefix"),
            "/x-installation-prefix-installation-prefix");
  EXPECT_EQ(path("Node node-a"), "Node NODE");
  EXPECT_EQ(path("Node node-a-2"), "Node NODE");
  EXPECT_EQ(path("Node node-ab"), "Node node-ab");
  EXPECT_EQ(path("kata-deploy-cleanup-x7k2p"), "kata-deploy-cleanup-POD");
  EXPECT_EQ(path("Job kata-deploy-clean"), "Job kata-deploy-clean");
  EXPECT_EQ(path(""), "");
}

}  // namespace
}  // namespace barnacle
