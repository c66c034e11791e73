// The score has to be able to fail, and what it says has to be about the defect that was planted.
#include "harness/engine/selftest.h"

#include "harness/engine/lifecycle.h"
#include "harness/engine/mutants.h"
#include "sim/base/sanitized.h"

namespace barnacle {
namespace {

SelftestOptions few(std::vector<Defect> defects) {
  SelftestOptions options;
  options.defects = std::move(defects);
  options.seeds = 2;
  options.sequences = 300;
  options.canary_sequences = kSanitized ? 2 : 20;
  return options;
}

std::vector<DefectScore> score(const SelftestOptions& options) {
  return run_selftest(fixtures_catalogue(), options, {}, kNeverStop);
}

TEST(Selftest, FindsTheSuffixBugAsAnInstallAndARestart) {
  const std::vector<DefectScore> scores = score(few({Defect::suffix_reapplied}));
  ASSERT_EQ(scores.size(), 1U);
  EXPECT_EQ(scores[0].reached, 2);
  EXPECT_EQ(scores[0].triggered, 2);
  EXPECT_EQ(scores[0].detected, 2);
  EXPECT_TRUE(scores[0].caught_by.contains("path.suffix-once"));
  ASSERT_EQ(scores[0].minimal.steps.size(), 2U);
  EXPECT_EQ(scores[0].minimal.steps[0].kind, StepKind::install);
}

// Without it nobody could tell a harness that finds everything from one that says so of everything.
TEST(Selftest, TheCanaryIsReachedAndNotDetected) {
  SelftestOptions options = few({Defect::canary});
  if (kSanitized) options.sequences = 20;
  const std::vector<DefectScore> scores = score(options);
  EXPECT_EQ(scores[0].reached, 2);
  EXPECT_EQ(scores[0].triggered, 0);
  EXPECT_EQ(scores[0].detected, 0);
}

// The other engine: tapes that led to new states are kept and changed. The same seeds, the same search.
TEST(Selftest, TheFuzzerFindsThemToo) {
  SelftestOptions options = few({Defect::suffix_reapplied, Defect::shim_loop_breaks});
  options.engine = SelftestEngine::fuzzer;
  const std::vector<DefectScore> scores = score(options);
  for (const DefectScore& one : scores) EXPECT_EQ(one.detected, 2) << row_of(one.defect).id;
  EXPECT_EQ(score(options)[1].sequences, scores[1].sequences);
}

// Z39 needs files that are kept, which is Z12, and found at once. That finding is none of Z39.
TEST(Selftest, WhatTheCompanionDoesIsNoDetection) {
  ASSERT_EQ(row_of(Defect::annotations_seen_before).beside, Defect::newer_file_kept);
  SelftestOptions options = few({Defect::annotations_seen_before, Defect::newer_file_kept});
  options.seeds = 1;
  options.sequences = 20;
  const std::vector<DefectScore> scores = score(options);
  EXPECT_EQ(scores[0].detected, 0);
  EXPECT_EQ(scores[1].detected, 1);
}

TEST(Selftest, DoesNotDependOnThreads) {
  SelftestOptions options = few({Defect::shim_loop_breaks, Defect::import_appended, Defect::stale_artifacts_stay});
  const std::vector<DefectScore> one = score(options);
  options.jobs = 3;
  const std::vector<DefectScore> three = score(options);
  ASSERT_EQ(one.size(), three.size());
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].sequences, three[i].sequences);
    EXPECT_EQ(one[i].caught_by, three[i].caught_by);
    EXPECT_EQ(one[i].minimal, three[i].minimal);
  }
}

TEST(Mutants, ADroppedWriteOfTheRuntimesFileIsNoticedAndARepeatedOneIsNoDifference) {
  MutantOptions options;
  options.sequences = 6;
  options.only = EffectPlace{EffectKind::replace, "/etc/containerd/config.toml"};
  bool dropped = false, repeated = false;
  for (const MutantScore& mutant : run_mutants(fixtures_catalogue(), options, {}, kNeverStop)) {
    if (mutant.mutation.what == Mutation::What::drop) dropped = mutant.fate == MutantScore::Fate::killed;
    if (mutant.mutation.what == Mutation::What::repeat) repeated = mutant.fate == MutantScore::Fate::equivalent;
  }
  EXPECT_TRUE(dropped);
  EXPECT_TRUE(repeated);
}

}  // namespace
}  // namespace barnacle
