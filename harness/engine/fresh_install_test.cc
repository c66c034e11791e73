// Fresh installs, with which a host is compared: each is one more run, unless the world has had it.
#include <gtest/gtest.h>

#include "harness/engine/lifecycle.h"

namespace barnacle {
namespace {

TEST(FreshInstall, OfTwoReleasesIsWhatAWorldWithTheTwoHasRun) {
  Lab lab(fixtures_catalogue());
  Lifecycle life("model:kata");
  life.install("kata-deploy", {.shims = "qemu"}).install("kata-deploy-cicd", {.suffix = "cicd", .shims = "qemu"});
  const auto subject = find_subject(fixtures_catalogue().versions, "model:kata");
  const auto timeline = replay(lab, subject, life.scenario(), {.only_invariant = "host.converged"});
  ASSERT_TRUE(timeline);
  EXPECT_TRUE(timeline->findings.empty());
  EXPECT_EQ(lab.fresh_installs.size(), 2U);
  EXPECT_EQ(lab.runner.misses, 2U) << "a fresh install is no run of its own";
}

}  // namespace
}  // namespace barnacle
