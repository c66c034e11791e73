#include "sim/cluster/hash_when_asked.h"

#include <gtest/gtest.h>

namespace barnacle {
namespace {

struct Counted {
  int times = 0;
  Hash128 hash{1, 2};
};

Hash128 ask(const HashWhenAsked& hash, Counted& counted) {
  return hash.ask([&] {
    ++counted.times;
    return counted.hash;
  });
}

TEST(HashWhenAsked, IsWorkedOutOnceAndKnownToCopies) {
  Counted counted;
  const HashWhenAsked hash;
  EXPECT_EQ(ask(hash, counted), counted.hash);
  EXPECT_EQ(ask(hash, counted), counted.hash);
  const HashWhenAsked copy = hash;
  EXPECT_EQ(ask(copy, counted), counted.hash);
  EXPECT_EQ(counted.times, 1);
}

TEST(HashWhenAsked, ACopyThatForgetsLeavesTheOtherItsHash) {
  Counted counted;
  const HashWhenAsked hash;
  ask(hash, counted);
  HashWhenAsked copy = hash;
  copy.forget();
  Counted changed{.times = 0, .hash = {3, 4}};
  EXPECT_EQ(ask(copy, changed), changed.hash);
  EXPECT_EQ(ask(hash, counted), counted.hash);
  EXPECT_EQ(counted.times, 1);
}

}  // namespace
}  // namespace barnacle
