#include "harness/invariants/contract.h"

#include <gtest/gtest.h>

#include <set>

#include "harness/engine/lifecycle.h"
#include "harness/scenario/steps.h"

namespace barnacle {
namespace {

TEST(Contract, EveryRowSaysSomethingOfAnInvariantAndWhy) {
  std::set<std::pair<Disturbance, std::string_view>> seen;
  for (const ContractRow& row : contract()) {
    EXPECT_NE(find_invariant(row.invariant), nullptr) << row.invariant;
    EXPECT_TRUE(seen.emplace(row.disturbance, row.invariant).second) << row.invariant << " twice";
    EXPECT_NE(row.owed, Owed::recovered) << row.invariant << ": that goes without saying";
    EXPECT_FALSE(row.reason.empty());
  }
}

TEST(Contract, AtMostFifteenPercentAreSuspended) {
  std::size_t suspended = 0;
  for (const ContractRow& row : contract()) suspended += row.owed == Owed::suspended ? 1 : 0;
  EXPECT_LE(suspended * 100, 15 * kDisturbances * all_invariants().size());
}

TEST(Contract, NamesTheFaultsAsScenariosDo) {
  for (const FaultRow& row : fault_rows()) EXPECT_EQ(disturbance_name(static_cast<Disturbance>(row.kind)), row.name);
}

Fault cut_at(int run, int effect) {
  Fault fault;
  fault.run = run;
  fault.effect = effect;
  return fault;
}

TEST(Contract, ACutIsForgivenOnlyUntilTheLogicWasStartedAgain) {
  const Timeline timeline = Lifecycle("model:kata").install("kata").with_fault(cut_at(1, 30)).play();
  const StepOutcome& step = timeline.steps.back();
  EXPECT_EQ(step.disturbances, std::vector{Disturbance::cut});
  EXPECT_TRUE(is_owed("host.converged", step.record, timeline.end));
  EXPECT_FALSE(is_owed("disruption.bounded", step.record, timeline.end));
  EXPECT_TRUE(is_owed("runtime.restartable", step.record, timeline.end));
}

// Its release is nobody's until somebody finishes what it began; then everything is owed again.
TEST(Contract, ADeadClientIsForgivenUntilItsReleaseIsInAFinalState) {
  Lifecycle life("model:kata");
  life.install("kata", {.shims = "qemu"}).upgrade("kata", {.shims = "qemu clh"});
  life.last().options.kill_after_requests = 2;
  const Timeline died = life.play();
  EXPECT_EQ(died.end.abandoned.size(), 1U);
  EXPECT_FALSE(is_owed("release.settles", died.steps.back().record, died.end));
  const Timeline mended = life.uninstall("kata").play();
  EXPECT_TRUE(mended.end.abandoned.empty());
  EXPECT_TRUE(is_owed("release.settles", mended.steps.back().record, mended.end));
  EXPECT_TRUE(mended.findings.empty());
}

}  // namespace
}  // namespace barnacle
