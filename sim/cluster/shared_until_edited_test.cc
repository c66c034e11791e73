#include "sim/cluster/shared_until_edited.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace barnacle {
namespace {

using Labels = SharedUntilEdited<std::map<std::string, std::string>>;

TEST(SharedUntilEdited, CopiesShareOneContainer) {
  const Labels labels{{"name", "kata"}};
  const Labels copy = labels;
  EXPECT_EQ(&*copy, &*labels);
}

TEST(SharedUntilEdited, AnEditIsSeenByNoOtherCopy) {
  const Labels before{{"name", "kata"}};
  Labels after = before;
  after.edit()["team"] = "blue";
  after.edit().erase("name");
  EXPECT_EQ(before, (Labels{{"name", "kata"}}));
  EXPECT_EQ(after, (Labels{{"team", "blue"}}));
}

TEST(SharedUntilEdited, WhatNobodySharesIsEditedInPlace) {
  Labels labels{{"name", "kata"}};
  const auto* place = &*labels;
  labels.edit()["team"] = "blue";
  EXPECT_EQ(&*labels, place);
}

TEST(SharedUntilEdited, AnEmptiedOneEqualsOneThatNeverHeldAnything) {
  Labels labels{{"name", "kata"}};
  labels.edit().clear();
  EXPECT_TRUE(labels.empty());
  EXPECT_EQ(labels, Labels{});
}

RC_GTEST_PROP(SharedUntilEdited, BehavesLikeACopy, (const std::vector<int>& first, const std::vector<int>& more)) {
  std::vector<int> plain = first;
  SharedUntilEdited<std::vector<int>> shared = first;
  const SharedUntilEdited<std::vector<int>> kept = shared;
  for (const int number : more) {
    plain.push_back(number);
    shared.edit().push_back(number);
  }
  RC_ASSERT(shared == plain);
  RC_ASSERT(kept == first);
}

}  // namespace
}  // namespace barnacle
