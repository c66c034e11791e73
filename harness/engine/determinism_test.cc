// One seed, one result: whatever was played before in the same memory, with or without memory, and by how many workers.
#include "harness/engine/campaign.h"
#include "harness/engine/lifecycle.h"
#include "harness/scenario/scenario_toml.h"

namespace barnacle {
namespace {

const std::atomic<bool> kNeverStop{false};

#ifdef __SANITIZE_ADDRESS__
constexpr std::uint64_t kScenarios = 20;
#else
constexpr std::uint64_t kScenarios = 100;
#endif

std::string findings_text(const Timeline& timeline) {
  std::string text;
  for (const Finding& finding : timeline.findings) {
    const Violation& violation = finding.violation;
    text += finding.invariant + " " + std::to_string(finding.step) + " " + violation.node + " " + violation.path + " " + violation.detail + " " +
            finding.by.release + " " + finding.by.pod + " " + std::to_string(finding.by.effect) + "\n";
  }
  return text;
}

// Plays scenario `index` of seed 5 in this memory.
Timeline played(Lab& lab, const std::string& subject, std::uint64_t index) {
  const VersionPtr version = find_subject(lab.catalogue.versions, subject);
  const Alphabet alphabet = alphabet_for(lab.catalogue, version, CampaignOptions{}.max_steps);
  auto timeline = replay(lab, version, scenario_of(alphabet, version, 5, index));
  if (!timeline) throw std::runtime_error(timeline.error());
  return std::move(*timeline);
}

void expect_same(const Timeline& one, const Timeline& other, std::uint64_t index) {
  EXPECT_EQ(one.digest, other.digest) << "sequence " << index;
  EXPECT_EQ(findings_text(one), findings_text(other)) << "sequence " << index;
}

TEST(Determinism, AMemoryOfOtherScenariosChangesNothing) {
  for (const char* subject : {"model:kata", "model:kata-3.16.0"}) {
    SCOPED_TRACE(subject);
    Lab used(fixtures_catalogue());
    for (std::uint64_t index = 0; index < kScenarios; ++index) {
      const Timeline with_history = played(used, subject, index);
      if (index % 10 != 9) continue;
      Lab fresh(fixtures_catalogue());
      expect_same(with_history, played(fresh, subject, index), index);
    }
  }
}

TEST(Determinism, RunsThatAreRememberedAreTheRunsThatWouldBePerformed) {
  for (const char* subject : {"model:kata", "model:kata-3.16.0"}) {
    SCOPED_TRACE(subject);
    Lab remembering(fixtures_catalogue());
    Lab forgetful(fixtures_catalogue());
    forgetful.runner.remember = false;
    for (std::uint64_t index = 0; index < kScenarios; ++index) {
      expect_same(played(remembering, subject, index), played(forgetful, subject, index), index);
    }
    EXPECT_GT(remembering.runner.hits, 0U);
    EXPECT_EQ(forgetful.runner.hits, 0U);
  }
}

TEST(Determinism, HowManyWorkersPlayIsNoMatter) {
  for (const char* subject : {"model:kata", "model:kata-3.16.0"}) {
    SCOPED_TRACE(subject);
    std::optional<CampaignResult> first;
    for (const int jobs : {1, 2, 3}) {
      CampaignOptions options;
      options.sequences = kScenarios;
      options.seed = 9;
      options.jobs = jobs;
      CampaignResult result = run_campaign(fixtures_catalogue(), find_subject(fixtures_catalogue().versions, subject), options, [](const CampaignProgress&) {}, kNeverStop);
      if (!first) {
        first = std::move(result);
        continue;
      }
      EXPECT_EQ(result.digest, first->digest) << jobs;
      EXPECT_EQ(result.steps_by_kind, first->steps_by_kind) << jobs;
      EXPECT_EQ(result.counted.spoke, first->counted.spoke) << jobs;
      ASSERT_EQ(result.findings.size(), first->findings.size()) << jobs;
      for (std::size_t i = 0; i < result.findings.size(); ++i) {
        EXPECT_EQ(result.findings[i].finding.invariant, first->findings[i].finding.invariant);
        EXPECT_EQ(result.findings[i].sequence, first->findings[i].sequence);
        EXPECT_EQ(result.findings[i].times, first->findings[i].times);
        EXPECT_EQ(write_scenario(result.findings[i].scenario), write_scenario(first->findings[i].scenario));
      }
    }
  }
}

bool violates(const Scenario& scenario, const VersionPtr& subject, const std::string& invariant) {
  ReplayOptions options;
  options.only_invariant = invariant;
  const auto timeline = replay(lifecycle_lab(), subject, scenario, options);
  return timeline && !timeline->findings.empty();
}

TEST(Shrinking, KeepsTheFindingAndLeavesNoStepThatIsNotNeeded) {
  const VersionPtr subject = find_subject(fixtures_catalogue().versions, "model:kata-3.16.0");
  CampaignOptions options;
  options.sequences = kScenarios;
  const CampaignResult result = run_campaign(fixtures_catalogue(), subject, options, [](const CampaignProgress&) {}, kNeverStop);
  ASSERT_GT(result.findings.size(), 10U);
  for (const CampaignFinding& found : result.findings) {
    const std::string& invariant = found.finding.invariant;
    SCOPED_TRACE(invariant);
    EXPECT_TRUE(violates(found.scenario, subject, invariant));
    for (std::size_t i = 0; i < found.scenario.steps.size(); ++i) {
      Scenario without = found.scenario;
      without.steps.erase(without.steps.begin() + static_cast<std::ptrdiff_t>(i));
      EXPECT_FALSE(violates(without, subject, invariant)) << "step " << i + 1 << " can go";
    }
  }
}

TEST(Shrinking, TheSuffixBugIsAnInstallAndOneRestart) {
  const VersionPtr subject = find_subject(fixtures_catalogue().versions, "model:kata-3.16.0");
  CampaignOptions options;
  options.sequences = kScenarios;
  const CampaignResult result = run_campaign(fixtures_catalogue(), subject, options, [](const CampaignProgress&) {}, kNeverStop);
  const auto found = std::ranges::find(result.findings, "path.suffix-once", [](const CampaignFinding& one) { return one.finding.invariant; });
  ASSERT_NE(found, result.findings.end());
  ASSERT_EQ(found->scenario.steps.size(), 2U);
  EXPECT_EQ(found->scenario.steps[0].kind, StepKind::install);
  EXPECT_EQ(found->scenario.nodes.size(), 1U);
}

}  // namespace
}  // namespace barnacle
