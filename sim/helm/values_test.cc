#include "sim/helm/values.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace barnacle {
namespace {

// Values of a fixed shape (what stands under a key is always of one type), as a chart's values are in practice.
rc::Gen<Values> values_of_one_shape() {
  return rc::gen::map(rc::gen::tuple(rc::gen::inRange(0, 4), rc::gen::inRange(0, 4), rc::gen::inRange(0, 4)),
                      [](const auto& picks) {
                        const auto [debug, shim, proxy] = picks;
                        Values values = Values::object();
                        if (debug > 0) values["debug"] = debug;
                        if (shim > 0) values["env"]["shims"] = shim == 1 ? "qemu" : "clh";
                        if (proxy > 0) values["env"]["proxy"]["url"] = proxy;
                        return values;
                      });
}

TEST(MergeValues, TablesAreMergedAndListsReplaced) {
  const Values base = {{"env", {{"debug", "false"}, {"shims", "qemu clh"}}}, {"setup", {"nydus", "erofs"}}};
  const Values over = {{"env", {{"debug", "true"}}}, {"setup", {"erofs"}}};
  const Values wanted = {{"env", {{"debug", "true"}, {"shims", "qemu clh"}}}, {"setup", {"erofs"}}};
  EXPECT_EQ(merge_values(base, over), wanted);
}

TEST(MergeValues, NullTakesAKeyOfTheChartAway) {
  const Values base = {{"nodeSelector", {{"pool", "kata"}, {"disk", "ssd"}}}};
  const Values over = {{"nodeSelector", {{"pool", nullptr}}}};
  const Values wanted = {{"nodeSelector", {{"disk", "ssd"}}}};
  EXPECT_EQ(merge_values(base, over), wanted);
}

TEST(HashOfValues, TellsAnAbsentKeyFromAnEmptyOneAndTextFromNumber) {
  EXPECT_NE(hash_of_values({{"a", ""}}), hash_of_values(Values::object()));
  EXPECT_NE(hash_of_values({{"a", "1"}}), hash_of_values({{"a", 1}}));
  EXPECT_NE(hash_of_values({{"a", {{"b", 1}}}, {"c", 2}}), hash_of_values({{"a", {{"b", 1}, {"c", 2}}}}));
  EXPECT_EQ(hash_of_values({{"a", 1}, {"b", 2}}), hash_of_values({{"b", 2}, {"a", 1}}));
}

RC_GTEST_PROP(MergeValues, IsAssociative, ()) {
  const Values a = *values_of_one_shape();
  const Values b = *values_of_one_shape();
  const Values c = *values_of_one_shape();
  RC_ASSERT(merge_values(merge_values(a, b), c) == merge_values(a, merge_values(b, c)));
}

RC_GTEST_PROP(MergeValues, NothingGivenChangesNothing, ()) {
  const Values a = *values_of_one_shape();
  RC_ASSERT(merge_values(a, Values::object()) == a);
  RC_ASSERT(merge_values(Values::object(), a) == a);
  RC_ASSERT(merge_values(a, a) == a);
}

}  // namespace
}  // namespace barnacle
