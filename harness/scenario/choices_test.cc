// Choices: one generator, many sources, the same results on every machine.
#include "harness/scenario/choices.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <set>

namespace barnacle {
namespace {

TEST(Random, IsTheSameOnEveryMachine) {
  std::uint64_t state = 1234567;
  // The numbers that the published SplitMix64 gives for this seed.
  EXPECT_EQ(split_mix(state), 6457827717110365317ULL);
  EXPECT_EQ(split_mix(state), 3203168211198807973ULL);
  EXPECT_EQ(split_mix(state), 9817491932198370423ULL);
  Xoshiro256 random(1);
  std::uint64_t folded = 0;
  for (int round = 0; round < 1000; ++round) folded = folded * 31 + random.below(1000003);
  EXPECT_EQ(folded, 17521059683156666449ULL) << "a changed stream changes every seed that was ever reported";
}

TEST(Random, DrawsEveryValueAboutEquallyOften) {
  SeededChoices choices(7);
  std::array<int, 6> seen{};
  for (int round = 0; round < 60000; ++round) ++seen[choices.pick(seen.size())];
  for (const int count : seen) EXPECT_NEAR(count, 10000, 500);
}

TEST(Random, SequencesOfOneCampaignDiffer) {
  std::set<std::uint64_t> seeds;
  for (std::uint64_t campaign = 0; campaign < 10; ++campaign) {
    for (std::uint64_t index = 0; index < 1000; ++index) seeds.insert(seed_of_sequence(campaign, index));
  }
  EXPECT_EQ(seeds.size(), 10000U);
}

TEST(Choices, WeightsDecideHowOften) {
  SeededChoices choices(3);
  const std::array<std::uint32_t, 4> weights{1, 0, 3, 6};
  std::array<int, 4> seen{};
  for (int round = 0; round < 10000; ++round) ++seen[choices.weighted(weights)];
  EXPECT_NEAR(seen[0], 1000, 150);
  EXPECT_EQ(seen[1], 0);
  EXPECT_NEAR(seen[2], 3000, 250);
  EXPECT_NEAR(seen[3], 6000, 250);
}

TEST(Choices, NothingToChooseFromIsAFaultOfTheCaller) {
  SeededChoices choices(1);
  EXPECT_THROW(choices.draw(0), InternalError);
  EXPECT_THROW(choices.pick_from(std::vector<int>{}), InternalError);
}

TEST(BytesChoices, ExhaustedGivesTheSimplestOfEverything) {
  BytesChoices choices({});
  EXPECT_TRUE(choices.exhausted());
  EXPECT_EQ(choices.draw(1U << 20), 0U);
  EXPECT_FALSE(choices.chance(9, 10));
  EXPECT_EQ(choices.between(4, 24), 4);
}

TEST(BytesChoices, TakesAsManyBytesAsTheBoundNeeds) {
  const std::array<std::uint8_t, 4> bytes{5, 1, 2, 9};
  BytesChoices choices(bytes);
  EXPECT_EQ(choices.draw(1), 0U);    // needs none
  EXPECT_EQ(choices.draw(256), 5U);  // needs one
  EXPECT_EQ(choices.draw(257), 0x201U % 257);
  EXPECT_EQ(choices.draw(10), 9U);
  EXPECT_TRUE(choices.exhausted());
}

TEST(RecordedChoices, AChangedTapeNeverFails) {
  RecordedChoices choices({{5, 10}, {2, 3}});
  EXPECT_EQ(choices.draw(3), 2U);  // cut to the bound
  EXPECT_EQ(choices.draw(3), 2U);
  EXPECT_EQ(choices.draw(3), 0U);  // after the end
}

// Three coins and a die where the first coin says so: the die is not thrown otherwise.
std::vector<int> throw_some(Choices& choices) {
  std::vector<int> thrown{choices.between(0, 1)};
  thrown.push_back(thrown[0] == 0 ? choices.between(0, 1) : choices.between(1, 6));
  return thrown;
}

TEST(EnumeratingChoices, SeesEveryCaseExactlyOnceInOrder) {
  EnumeratingChoices choices;
  std::vector<std::vector<int>> all;
  do {
    all.push_back(throw_some(choices));
  } while (choices.next());
  const std::vector<std::vector<int>> expected{{0, 0}, {0, 1}, {1, 1}, {1, 2}, {1, 3}, {1, 4}, {1, 5}, {1, 6}};
  EXPECT_EQ(all, expected);
}

TEST(EnumeratingChoices, WhatDrawsNothingIsOneCase) {
  EnumeratingChoices choices;
  EXPECT_FALSE(choices.next());
}

// Draws of these bounds, one after another.
std::vector<std::uint64_t> draw_all(Choices& choices, const std::vector<std::uint32_t>& bounds) {
  std::vector<std::uint64_t> drawn;
  for (const std::uint32_t bound : bounds) drawn.push_back(choices.draw(std::uint64_t{bound} + 1));
  return drawn;
}

RC_GTEST_PROP(ChoicesLaw, ATapeAndItsBytesDrawTheSameAgain,
              (std::uint64_t seed, const std::vector<std::uint32_t>& bounds)) {
  SeededChoices seeded(seed);
  RecordingChoices recording(seeded);
  const auto drawn = draw_all(recording, bounds);
  RecordedChoices replayed(recording.tape());
  RC_ASSERT(draw_all(replayed, bounds) == drawn);
  const std::vector<std::uint8_t> bytes = bytes_of(recording.tape());
  BytesChoices from_bytes(bytes);
  RC_ASSERT(draw_all(from_bytes, bounds) == drawn);
  RC_ASSERT(from_bytes.exhausted());
}

RC_GTEST_PROP(ChoicesLaw, EveryDrawIsBelowItsBound,
              (const std::vector<std::uint8_t>& bytes, const std::vector<std::uint32_t>& bounds)) {
  BytesChoices choices(bytes);
  const auto drawn = draw_all(choices, bounds);
  for (std::size_t index = 0; index < bounds.size(); ++index) RC_ASSERT(drawn[index] <= bounds[index]);
}

}  // namespace
}  // namespace barnacle
