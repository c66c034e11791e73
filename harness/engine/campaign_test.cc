// What a campaign promises: enough of everything is played, and the reference logic comes out clean.
#include "harness/engine/campaign.h"

#include "harness/engine/lifecycle.h"
#include "harness/invariants/invariant.h"
#include "harness/scenario/steps.h"
#include "sim/base/sanitized.h"

namespace barnacle {
namespace {

constexpr std::uint64_t kSequences = kSanitized ? 200 : 24'000;
constexpr bool kManySequences = !kSanitized;  // shares and counts take more of them than a sanitizer has time for

void expect_clean(const CampaignResult& result) {
  EXPECT_EQ(result.sequences, kSequences);
  for (const CampaignFinding& found : result.findings)
    ADD_FAILURE() << found.finding.invariant << " in sequence " << found.sequence;
}

void expect_eight_applied_steps_on_average(const CampaignResult& result) {
  EXPECT_GE(static_cast<double>(result.applied) / static_cast<double>(result.sequences), 8.0);
}

void expect_every_kind_in_two_percent_of_steps(const CampaignResult& result) {
  for (const StepRow& row : step_rows()) {
    const auto played = result.steps_by_kind.find(std::string(row.name));
    ASSERT_NE(played, result.steps_by_kind.end()) << row.name;
    EXPECT_GE(played->second * 50, result.steps) << row.name;
  }
}

// Some, because what Helm refuses has to be seen too.
void expect_few_refused_installs(const CampaignResult& result) {
  EXPECT_GT(result.installs, result.sequences);
  EXPECT_GT(result.refused_installs, 0U);
  EXPECT_LE(result.refused_installs * 5, result.installs);
}

void expect_every_invariant_to_speak(const CampaignResult& result, std::uint64_t times) {
  const auto invariants = all_invariants();
  for (std::size_t i = 0; i < invariants.size(); ++i) {
    if (invariants[i].needs_fault) continue;
    EXPECT_GE(result.counted.spoke.at(i), times) << invariants[i].id;
  }
}

// One test, because each test is a process of its own and the campaign is what takes time. A clean campaign says little
// where the generator avoids what is difficult; these are the figures that make it count.
TEST(Campaign, OnTheReferenceLogicIsLongVariedAndClean) {
  CampaignOptions options;
  options.sequences = kSequences;
  options.jobs = 2;
  const CampaignResult result = run_campaign(
      fixtures_catalogue(), find_subject(fixtures_catalogue().versions, "model:kata"), options,
      [](const CampaignProgress&) {}, kNeverStop);
  expect_clean(result);
  expect_eight_applied_steps_on_average(result);
  if (!kManySequences) return;
  expect_every_kind_in_two_percent_of_steps(result);
  expect_few_refused_installs(result);
  expect_every_invariant_to_speak(result, 10'000);
}

// The same with faults in most sequences: what they leave has to be gone once the logic was started again.
TEST(Campaign, OnTheReferenceLogicIsCleanUnderFaults) {
  CampaignOptions options;
  options.sequences = kSequences * 2 / 5;
  options.jobs = 2;
  options.faults = true;
  options.seed = 7;
  const CampaignResult result = run_campaign(
      fixtures_catalogue(), find_subject(fixtures_catalogue().versions, "model:kata"), options,
      [](const CampaignProgress&) {}, kNeverStop);
  for (const CampaignFinding& found : result.findings)
    ADD_FAILURE() << found.finding.invariant << " in sequence " << found.sequence;
  expect_eight_applied_steps_on_average(result);
  EXPECT_GE(result.disturbed * 2, result.sequences);
  EXPECT_EQ(result.faults.size(), kDisturbances);
  if (!kManySequences) return;
  for (const Invariant& invariant : all_invariants()) {
    if (!invariant.needs_fault) continue;
    EXPECT_GE(result.counted.spoke.at(static_cast<std::size_t>(&invariant - all_invariants().data())), 3'000U)
        << invariant.id;
  }
}

}  // namespace
}  // namespace barnacle
