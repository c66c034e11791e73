// What a campaign promises: enough of everything is played, and the reference logic comes out clean.
#include "harness/engine/campaign.h"

#include "harness/engine/lifecycle.h"
#include "harness/invariants/invariant.h"
#include "harness/scenario/steps.h"

namespace barnacle {
namespace {

const std::atomic<bool> kNeverStop{false};

CampaignResult campaign(const std::string& subject, const CampaignOptions& options) {
  return run_campaign(fixtures_catalogue(), find_subject(fixtures_catalogue().versions, subject), options, [](const CampaignProgress&) {}, kNeverStop);
}

// A clean campaign says little where the generator avoids what is difficult. These are the figures that make it count.
class GeneratedCampaign : public testing::Test {
 protected:
#ifdef __SANITIZE_ADDRESS__
  static constexpr std::uint64_t kSequences = 300;  // a hundredth, at a tenth of the speed
#else
  static constexpr std::uint64_t kSequences = 30'000;
#endif
  static void SetUpTestSuite() {
    CampaignOptions options;
    options.sequences = kSequences;
    options.jobs = 2;
    result = campaign("model:kata", options);
  }

  static inline CampaignResult result;
};

TEST_F(GeneratedCampaign, FindsNothingOnTheReferenceLogic) {
  EXPECT_EQ(result.sequences, kSequences);
  for (const CampaignFinding& found : result.findings) ADD_FAILURE() << found.finding.invariant << " in sequence " << found.sequence;
}

TEST_F(GeneratedCampaign, AppliesEightStepsOnAverage) {
  EXPECT_GE(static_cast<double>(result.applied) / static_cast<double>(result.sequences), 8.0);
}

#ifndef __SANITIZE_ADDRESS__  // shares and counts take more sequences than a sanitizer has time for
TEST_F(GeneratedCampaign, PlaysEveryKindOfStepInTwoPercentOfSteps) {
  for (const StepRow& row : step_rows()) {
    EXPECT_GE(result.steps_by_kind[std::string(row.name)] * 50, result.steps) << row.name;
  }
}

TEST_F(GeneratedCampaign, IsRarelyRefusedAnInstall) {
  EXPECT_GT(result.installs, result.sequences);
  EXPECT_LE(result.refused_installs * 5, result.installs);
  EXPECT_GT(result.refused_installs, 0U) << "what Helm refuses has to be seen too";
}

TEST_F(GeneratedCampaign, GivesEveryInvariantSomethingToSpeakOf) {
  const auto invariants = all_invariants();
  for (std::size_t i = 0; i < invariants.size(); ++i) {
    if (invariants[i].needs_fault) continue;
    EXPECT_GE(result.counted.spoke.at(i) * 3, kSequences) << invariants[i].id;
  }
}
#endif

}  // namespace
}  // namespace barnacle
