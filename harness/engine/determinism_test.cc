// One seed, one result: whatever was played before in the same memory, with or without memory, and by how many workers.
#include "harness/engine/campaign.h"

#include <map>
#include <optional>
#include <set>

#include "harness/engine/lifecycle.h"
#include "harness/scenario/scenario_toml.h"
#include "sim/base/sanitized.h"

namespace barnacle {
namespace {

constexpr std::uint64_t kScenarios = kSanitized ? 10 : 100;
constexpr std::uint64_t kDrawn = kSanitized ? 10 : 150;
constexpr std::uint64_t kShared = kSanitized ? 70 : kThemeLength + 300;

// Sequences of one theme are much alike: those that are drawn one by one come from ten themes a hundred.
constexpr std::uint64_t kStride = kThemeLength / 10 + 1;

std::string findings_text(const Timeline& timeline) {
  std::string text;
  for (const Finding& finding : timeline.findings) {
    const Violation& violation = finding.violation;
    text += finding.invariant + " " + std::to_string(finding.step) + " " + violation.node + " " + violation.path + " " +
            violation.detail + " " + finding.by.release + " " + finding.by.pod + " " +
            std::to_string(finding.by.effect) + "\n";
  }
  return text;
}

// Scenarios of a seed for a subject, one by one.
class Sequences {
 public:
  explicit Sequences(const std::string& subject)
      : version_(find_subject(fixtures_catalogue().versions, subject)),
        alphabet_(alphabet_for(fixtures_catalogue(), version_, CampaignOptions{}.max_steps)) {}

  const VersionPtr& version() const { return version_; }
  Scenario at(std::uint64_t index) const { return scenario_of(alphabet_, version_, 5, index * kStride); }
  Timeline played(Lab& lab, std::uint64_t index) const {
    auto timeline = replay(lab, version_, at(index));
    if (!timeline) throw std::runtime_error(timeline.error());
    return std::move(*timeline);
  }

 private:
  VersionPtr version_;
  Alphabet alphabet_;
};

void expect_same(const Timeline& one, const Timeline& other, std::uint64_t index) {
  EXPECT_EQ(one.digest, other.digest) << "sequence " << index;
  EXPECT_EQ(findings_text(one), findings_text(other)) << "sequence " << index;
}

// A digest is told apart from its neighbours', or equal ones would prove nothing.
TEST(Determinism, DifferentScenariosHaveDifferentDigests) {
  const Sequences sequences("model:kata");
  std::map<Hash128, std::string> known;
  Lab lab(fixtures_catalogue());
  for (std::uint64_t index = 0; index < kDrawn; ++index) {
    const std::string text = write_scenario(sequences.at(index));
    const auto [first, fresh] = known.try_emplace(sequences.played(lab, index).digest, text);
    EXPECT_TRUE(fresh || first->second == text) << "sequence " << index;
  }
}

// A theme that was kept is the theme of its own scenarios alone.
TEST(Determinism, TheOrderInWhichScenariosAreDrawnIsNoMatter) {
  constexpr std::uint64_t kTheme = 3;
  constexpr std::uint64_t kInFourThemes = 4 * kTheme;
  const VersionPtr subject = find_subject(fixtures_catalogue().versions, "model:kata");
  const Alphabet alphabet = alphabet_for(fixtures_catalogue(), subject, CampaignOptions{}.max_steps);
  Scenarios onwards(alphabet, subject, 5, kTheme);
  Scenarios backwards(alphabet, subject, 5, kTheme);
  std::vector<Scenario> drawn(kInFourThemes);
  for (std::uint64_t index = kInFourThemes; index-- > 0;) drawn[index] = backwards.at(index);
  for (std::uint64_t index = 0; index < kInFourThemes; ++index) {
    EXPECT_EQ(onwards.at(index), drawn[index]) << index;
    EXPECT_EQ(scenario_of(alphabet, subject, 5, index, kTheme), drawn[index]) << index;
  }
}

TEST(Determinism, AMemoryOfOtherScenariosChangesNothing) {
  for (const char* subject : {"model:kata", "model:kata-3.16.0"}) {
    SCOPED_TRACE(subject);
    const Sequences sequences(subject);
    Lab used(fixtures_catalogue());
    for (std::uint64_t index = 0; index < kDrawn; ++index) {
      const Timeline with_history = sequences.played(used, index);
      if (index % 10 != 9) continue;
      Lab fresh(fixtures_catalogue());
      expect_same(with_history, sequences.played(fresh, index), index);
    }
  }
}

// Whatever came before: the same scenarios with all the others behind them, and with all the others still to come.
TEST(Determinism, TheOrderInWhichScenariosArePlayedIsNoMatter) {
  for (const char* subject : {"model:kata", "model:kata-3.16.0"}) {
    SCOPED_TRACE(subject);
    const Sequences sequences(subject);
    Lab upwards(fixtures_catalogue());
    std::map<std::uint64_t, std::pair<Hash128, std::string>> seen;
    for (std::uint64_t index = 0; index < kDrawn; ++index) {
      const Timeline timeline = sequences.played(upwards, index);
      seen[index] = {timeline.digest, findings_text(timeline)};
    }
    Lab downwards(fixtures_catalogue());
    for (std::uint64_t index = kDrawn; index-- > 0;) {
      const Timeline timeline = sequences.played(downwards, index);
      EXPECT_EQ(timeline.digest, seen[index].first) << "sequence " << index;
      EXPECT_EQ(findings_text(timeline), seen[index].second) << "sequence " << index;
    }
  }
}

// One memory that serves two subjects in turn: neither may be told what the other's runs came to.
TEST(Determinism, ASecondSubjectInTheSameMemoryIsNoMatter) {
  const Sequences reference("model:kata");
  const Sequences old("model:kata-3.16.0");
  Lab both(fixtures_catalogue());
  Lab only(fixtures_catalogue());
  for (std::uint64_t index = 0; index < kDrawn; ++index) {
    (void)reference.played(both, index);
    expect_same(old.played(both, index), old.played(only, index), index);
  }
}

TEST(Determinism, RunsThatAreRememberedAreTheRunsThatWouldBePerformed) {
  for (const char* subject : {"model:kata", "model:kata-3.16.0"}) {
    SCOPED_TRACE(subject);
    const Sequences sequences(subject);
    Lab remembering(fixtures_catalogue());
    Lab forgetful(fixtures_catalogue());
    forgetful.runner.remember = false;
    for (std::uint64_t index = 0; index < kDrawn; ++index) {
      expect_same(sequences.played(remembering, index), sequences.played(forgetful, index), index);
    }
    EXPECT_GT(remembering.runner.hits, 0U);
    EXPECT_EQ(forgetful.runner.hits, 0U);
  }
}

// Also runs that change what they ask for again later, as a cleanup does with the labels of its node.
TEST(Determinism, WhatWasPlayedOnceIsRememberedWhole) {
  const Sequences sequences("model:kata");
  Lab lab(fixtures_catalogue());
  const auto play_all = [&] {
    for (std::uint64_t index = 0; index < kDrawn; ++index) (void)sequences.played(lab, index);
    return lab.runner.misses;
  };
  const std::uint64_t performed = play_all();
  EXPECT_GT(performed, 0U);
  EXPECT_EQ(play_all(), performed);
}

CampaignResult run_with(const std::string& subject, const CampaignOptions& options) {
  const VersionPtr version = find_subject(fixtures_catalogue().versions, subject);
  return run_campaign(fixtures_catalogue(), version, options, [](const CampaignProgress&) {}, kNeverStop);
}

void expect_same_counts(const CampaignResult& one, const CampaignResult& other) {
  EXPECT_EQ(one.sequences, other.sequences);
  EXPECT_EQ(one.steps, other.steps);
  EXPECT_EQ(one.applied, other.applied);
  EXPECT_EQ(one.installs, other.installs);
  EXPECT_EQ(one.refused_installs, other.refused_installs);
  EXPECT_EQ(one.steps_by_kind, other.steps_by_kind);
  EXPECT_EQ(one.counted.asked, other.counted.asked);
  EXPECT_EQ(one.counted.spoke, other.counted.spoke);
}

void expect_same_findings(const CampaignResult& one, const CampaignResult& other) {
  ASSERT_EQ(one.findings.size(), other.findings.size());
  for (std::size_t i = 0; i < one.findings.size(); ++i) {
    const CampaignFinding& a = one.findings[i];
    const CampaignFinding& b = other.findings[i];
    EXPECT_EQ(a.finding.invariant, b.finding.invariant);
    EXPECT_EQ(a.finding.step, b.finding.step);
    EXPECT_EQ(a.finding.violation.path, b.finding.violation.path);
    EXPECT_EQ(a.finding.violation.detail, b.finding.violation.detail);
    EXPECT_EQ(a.finding.by.what, b.finding.by.what);
    EXPECT_EQ(a.sequence, b.sequence);
    EXPECT_EQ(a.times, b.times);
    EXPECT_EQ(write_scenario(a.scenario), write_scenario(b.scenario));
  }
}

void expect_same_for_all_jobs(const std::string& subject, CampaignOptions options) {
  std::optional<CampaignResult> first;
  for (const int jobs : {1, 2, 3}) {
    SCOPED_TRACE(subject + " with " + std::to_string(jobs) + " jobs");
    options.jobs = jobs;
    CampaignResult result = run_with(subject, options);
    EXPECT_EQ(result.sequences, *options.sequences);
    if (first) {
      EXPECT_EQ(result.digest, first->digest);
      expect_same_counts(result, *first);
      expect_same_findings(result, *first);
    } else {
      first = std::move(result);
    }
  }
}

TEST(Determinism, HowManyWorkersPlayIsNoMatter) {
  CampaignOptions options;
  options.sequences = kScenarios;
  options.seed = 9;
  if (kSanitized) options.max_steps = 6;
  for (const char* subject : {"model:kata", "model:kata-3.16.0"}) expect_same_for_all_jobs(subject, options);
}

// Workers leave a theme and its memory behind at different times.
TEST(Determinism, NorWhereTheThemesEnd) {
  CampaignOptions options;
  options.sequences = kShared;
  options.seed = 9;
  options.max_steps = 4;
  expect_same_for_all_jobs("model:kata", options);
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
  const CampaignResult result =
      run_campaign(fixtures_catalogue(), subject, options, [](const CampaignProgress&) {}, kNeverStop);
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
  const CampaignResult result =
      run_campaign(fixtures_catalogue(), subject, options, [](const CampaignProgress&) {}, kNeverStop);
  const auto found = std::ranges::find(result.findings, "path.suffix-once",
                                       [](const CampaignFinding& one) { return one.finding.invariant; });
  ASSERT_NE(found, result.findings.end());
  ASSERT_EQ(found->scenario.steps.size(), 2U);
  EXPECT_EQ(found->scenario.steps[0].kind, StepKind::install);
  EXPECT_EQ(found->scenario.nodes.size(), 1U);
}

// A sample from many themes: each kind of finding of a scenario, shrunk by itself.
TEST(Shrinking, OfAScenarioFromAnyThemeEndsWhereNoStepCanGo) {
  const Sequences sequences("model:kata-3.16.0");
  for (std::uint64_t index = 0; index < kDrawn; index += 10) {
    const Scenario scenario = sequences.at(index);
    std::set<std::string> invariants;
    for (const Finding& finding : sequences.played(lifecycle_lab(), index).findings)
      invariants.insert(finding.invariant);
    for (const std::string& invariant : invariants) {
      SCOPED_TRACE("sequence " + std::to_string(index) + " " + invariant);
      const Scenario shrunk = shrink(lifecycle_lab(), sequences.version(), scenario, invariant, kNeverStop);
      EXPECT_TRUE(violates(shrunk, sequences.version(), invariant));
      EXPECT_LE(shrunk.steps.size(), scenario.steps.size());
      for (std::size_t i = 0; i < shrunk.steps.size(); ++i) {
        Scenario without = shrunk;
        without.steps.erase(without.steps.begin() + static_cast<std::ptrdiff_t>(i));
        EXPECT_FALSE(violates(without, sequences.version(), invariant)) << "step " << i + 1 << " can go";
      }
      const Scenario again = shrink(lifecycle_lab(), sequences.version(), shrunk, invariant, kNeverStop);
      EXPECT_EQ(write_scenario(again), write_scenario(shrunk)) << "what is shrunk has nothing left to shrink";
    }
  }
}

}  // namespace
}  // namespace barnacle
