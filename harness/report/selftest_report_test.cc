// The score is held against medians that were recorded, for each engine its own.
#include "harness/report/selftest_report.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace barnacle {
namespace {

DefectScore detected_after(Defect defect, std::uint64_t sequences) {
  DefectScore score;
  score.defect = defect;
  score.reached = score.triggered = score.detected = 2;
  score.sequences = {sequences, sequences};
  score.seconds = {0.5, 0.5};
  score.caught_by = {{"path.suffix-once", 2}};
  return score;
}

SelftestReport report_of(std::string engine, std::vector<DefectScore> scores) {
  return {.engine = std::move(engine), .scores = std::move(scores), .budget = {}, .seeds = 2};
}

// A file of its own, gone afterwards.
class SelftestBudgetTest : public ::testing::Test {
 protected:
  ~SelftestBudgetTest() override { std::filesystem::remove(file_); }

  std::expected<SelftestBudgets, std::string> read(const std::string& text) {
    std::ofstream(file_) << text;
    return read_selftest_budgets(file_);
  }
  std::string refusal(const std::string& text) {
    const auto budgets = read(text);
    return budgets ? "" : budgets.error().substr(file_.size());
  }

  std::string file_ = (std::filesystem::temp_directory_path() / ("selftest-" + std::to_string(::getpid()))).string();
};

TEST_F(SelftestBudgetTest, WhatIsRecordedIsReadAgainForEachEngine) {
  const auto budgets =
      read(selftest_budgets_text({report_of("campaign", {detected_after(Defect::suffix_reapplied, 3)}),
                                  report_of("fuzzer", {detected_after(Defect::suffix_reapplied, 7)})}));
  ASSERT_TRUE(budgets.has_value()) << budgets.error();
  EXPECT_EQ(*budgets, (SelftestBudgets{{"campaign", {{"Z01", 3}}}, {"fuzzer", {{"Z01", 7}}}}));
}

TEST_F(SelftestBudgetTest, WhatIsNoBudgetIsOneLine) {
  EXPECT_EQ(refusal("[campaign]\nZ01 = 0\n"), ":2: 'Z01' is no number from 1");
  EXPECT_EQ(refusal("[fuzzer]\nZ99 = 1\n"), ":2: unknown defect 'Z99'");
  EXPECT_EQ(refusal("fuzzer = 1\n"), ":1: is to be a table");
  EXPECT_EQ(refusal("Z01 = 1\n"), ": has no table [campaign] and none [fuzzer]");
}

TEST(SelftestReport, FailsWhereADefectIsMissedOrTakesThreeTimesItsBudget) {
  SelftestReport report = report_of("fuzzer", {detected_after(Defect::suffix_reapplied, 12)});
  report.budget = {{"Z01", 4}};
  EXPECT_TRUE(report.failures().empty()) << "three times is not more than three times";
  report.budget = {{"Z01", 3}};
  EXPECT_EQ(report.failures(),
            std::vector<std::string>{"fuzzer: Z01: takes 12 sequences (median), more than 3 times its "
                                     "budget of 3"});
  report.budget = {};
  report.scores[0].detected = 1;
  EXPECT_EQ(report.failures(), std::vector<std::string>{"fuzzer: Z01: detected by 1 of 2 seeds"});
}

TEST(SelftestReport, ACanaryThatIsDetectedFails) {
  DefectScore canary;
  canary.defect = Defect::canary;
  canary.reached = 2;
  EXPECT_TRUE(report_of("campaign", {canary}).failures().empty());
  EXPECT_EQ(report_of("campaign", {detected_after(Defect::canary, 1)}).failures().size(), 1U);
}

TEST(SelftestReport, JsonHoldsBothEngines) {
  const auto json = selftest_json({report_of("campaign", {detected_after(Defect::suffix_reapplied, 3)}),
                                   report_of("fuzzer", {detected_after(Defect::suffix_reapplied, 7)})});
  EXPECT_EQ(json["engine"], "campaign");
  EXPECT_EQ(json["defects"][0]["id"], "Z01");
  EXPECT_EQ(json["defects"][0]["median_sequences"], 3);
  EXPECT_EQ(json["fuzzer"]["defects"][0]["median_sequences"], 7);
  EXPECT_EQ(json["fuzzer"]["defects"][0]["caught_by"][0], "path.suffix-once");
}

}  // namespace
}  // namespace barnacle
