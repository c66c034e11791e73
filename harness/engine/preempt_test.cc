// Two releases start on a node at the same time: one is preempted after some effect, and the other runs meanwhile.
#include "harness/engine/lifecycle.h"
#include "sim/base/sanitized.h"

namespace barnacle {
namespace {

constexpr const char* kNode = "node-b";

Fault preemption(int effect, int until = 0) {
  Fault fault;
  fault.kind = FaultKind::preempt;
  fault.effect = effect;
  fault.until = until;
  return fault;
}

// A new node, on which both releases are due at once.
Lifecycle both_on_a_new_node(const std::string& subject, const std::string& host) {
  Lifecycle life(subject, host);
  life.install("kata", {.shims = "qemu"})
      .install("kata-cicd", {.suffix = "cicd", .shims = "qemu"})
      .add_node(kNode, host);
  return life;
}

HostPtr left_on_the_node(const Timeline& timeline) { return timeline.end.find_node(kNode)->host; }

bool is_preempted(const Timeline& timeline) {
  return std::ranges::any_of(timeline.steps.back().record.runs,
                             [](const RunEvent& event) { return event.run->faulted; });
}

std::set<std::string> invariants_of(const Timeline& timeline) {
  std::set<std::string> found;
  for (const Finding& finding : timeline.findings) found.insert(finding.invariant);
  return found;
}

TEST(Preemption, WhatIsDueMeanwhileRunsFirst) {
  const Timeline timeline =
      both_on_a_new_node("model:kata", "ubuntu-24.04-containerd-2.0").with_fault(preemption(1)).play();
  ASSERT_EQ(timeline.steps.back().record.runs.size(), 2U);
  EXPECT_FALSE(timeline.steps.back().record.runs.front().run->faulted);
  EXPECT_TRUE(timeline.steps.back().record.runs.back().run->faulted) << "the preempted run ends last";
  EXPECT_TRUE(timeline.steps.back().record.at_rest);
}

TEST(Preemption, StrikesOnlyWhereSomethingElseIsDue) {
  Lifecycle alone("model:kata");
  alone.install("kata", {.shims = "qemu"}).with_fault(preemption(10));
  const Timeline timeline = alone.play();
  EXPECT_FALSE(is_preempted(timeline));
  EXPECT_TRUE(timeline.findings.empty());
}

// The lock lets one run at a time on the node, wherever the first is stopped, and however far the second gets.
TEST(Preemption, IsNoMatterToTheReferenceLogic) {
  for (const char* host : {"ubuntu-24.04-containerd-2.0", "ubuntu-24.04-crio-1.32"}) {
    const Timeline alone = both_on_a_new_node("model:kata", host).play();
    const int effects = alone.steps.back().record.runs.front().run->effects;
    ASSERT_GT(effects, 20);
    for (int effect = 1; effect < effects; effect += kSanitized ? 9 : 1) {
      for (const int until : {0, 1, 15}) {
        const Timeline timeline = both_on_a_new_node("model:kata", host).with_fault(preemption(effect, until)).play();
        SCOPED_TRACE(std::string(host) + " after effect " + std::to_string(effect) + " until " + std::to_string(until));
        ASSERT_TRUE(is_preempted(timeline));
        ASSERT_TRUE(timeline.findings.empty())
            << timeline.findings.front().invariant << " " << timeline.findings.front().violation.detail;
        ASSERT_EQ(left_on_the_node(timeline)->state, left_on_the_node(alone)->state);
      }
    }
  }
}

// Without the lock: what one has read before the other writes, it writes back.
TEST(Preemption, WithoutALockTheImportOfOneIsLost) {
  Fault between = preemption(1);
  between.effect_is = "read /etc/containerd/config.toml";
  std::set<std::string> found;
  for (int read = 1; read <= 6; ++read) {
    between.effect = read;
    found.merge(invariants_of(
        both_on_a_new_node("model:kata-3.22.0", "ubuntu-24.04-containerd-2.0").with_fault(between).play()));
  }
  EXPECT_TRUE(found.contains("runtime.handlers")) << "the runtime's file names one release only";
  EXPECT_TRUE(found.contains("host.converged"));
  const Timeline undisturbed = both_on_a_new_node("model:kata-3.22.0", "ubuntu-24.04-containerd-2.0").play();
  EXPECT_FALSE(invariants_of(undisturbed).contains("runtime.handlers"));
  EXPECT_FALSE(invariants_of(undisturbed).contains("host.converged"));
}

TEST(Preemption, OfTwoComesToTheSameEveryTime) {
  const auto digest = [](const std::string& subject) {
    return both_on_a_new_node(subject, "ubuntu-24.04-containerd-2.0").with_fault(preemption(40, 25)).play().digest;
  };
  for (const char* subject : {"model:kata", "model:kata-3.16.0", "model:kata-3.24.0"})
    EXPECT_EQ(digest(subject), digest(subject)) << subject;
}

}  // namespace
}  // namespace barnacle
