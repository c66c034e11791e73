#include "harness/scenario/tape_steps.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "fuzz/lifecycle_play.h"

namespace barnacle::fuzz {
namespace {

const Alphabet& alphabet() { return lifecycle().alphabet; }

Bytes any_tape() {
  SeededChoices random(*rc::gen::arbitrary<std::uint64_t>());
  Bytes bytes(random.pick(300));
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.draw(256));
  return bytes;
}

Bytes reversed(Bytes part, std::size_t) { return {part.rbegin(), part.rend()}; }

RC_GTEST_PROP(TapeSteps, WhatIsCutAndJoinedIsTheSameScenario, ()) {
  const Bytes bytes = any_tape();
  const Bytes again = joined(cut_into_steps(bytes, alphabet()));
  RC_ASSERT(again.size() <= bytes.size());
  RC_ASSERT(scenario_of(again) == scenario_of(bytes));
}

RC_GTEST_PROP(TapeSteps, NoStepIsEmptyAndNoneIsMissing, ()) {
  const Bytes bytes = any_tape();
  const Tape tape = cut_into_steps(bytes, alphabet());
  for (const Bytes& step : tape.steps) RC_ASSERT(!step.empty());
  RC_ASSERT(tape.steps.size() <= scenario_of(bytes).steps.size() + 1);
}

// Taking the last steps away leaves those before them as they were; what is drawn then is the simplest.
RC_GTEST_PROP(TapeSteps, AStepMeansTheSameWhateverFollows, ()) {
  const Bytes bytes = any_tape();
  Tape tape = cut_into_steps(bytes, alphabet());
  const Scenario whole = scenario_of(bytes);
  RC_PRE(tape.steps.size() > 1);
  const std::size_t kept = *rc::gen::inRange<std::size_t>(0, tape.steps.size() - 1);
  tape.steps.resize(kept);
  const Scenario cut = scenario_of(joined(tape));
  RC_ASSERT(cut.nodes == whole.nodes);
  for (std::size_t i = 0; i < std::min({kept, cut.steps.size(), whole.steps.size()}); ++i)
    RC_ASSERT(cut.steps[i] == whole.steps[i]);
}

RC_GTEST_PROP(TapeSteps, EveryChildIsSomeScenario, ()) {
  const Tape one = cut_into_steps(any_tape(), alphabet());
  const Tape other = cut_into_steps(any_tape(), alphabet());
  SeededChoices random(*rc::gen::arbitrary<std::uint64_t>());
  RC_ASSERT(!scenario_of(joined(crossed(one, other, random))).nodes.empty());
  RC_ASSERT(!scenario_of(joined(mutated(one, random, reversed, 1024))).nodes.empty());
}

TEST(TapeSteps, AnEmptyTapeIsTheSmallestScenario) {
  EXPECT_FALSE(scenario_of({}).steps.empty());
  EXPECT_TRUE(joined(cut_into_steps({}, alphabet())).empty());
}

}  // namespace
}  // namespace barnacle::fuzz
