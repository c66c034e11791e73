// Exploring: small alphabets whose worlds can be counted by hand, and what the counting rests on.
#include "harness/engine/explore.h"

#include "harness/engine/lifecycle.h"
#include "harness/scenario/file.h"
#include "harness/scenario/scenario_toml.h"

namespace barnacle {
namespace {

VersionPtr subject(const std::string& name) { return find_subject(fixtures_catalogue().versions, name); }

ExploreReport explored(const Scenario& alphabet, ExploreOptions options, const std::string& name = "model:kata",
                       const ExploreReport& resume = {}) {
  auto report = explore(fixtures_catalogue(), subject(name), alphabet, options, resume, {}, {}, kNeverStop);
  if (!report) throw std::runtime_error(report.error());
  return std::move(*report);
}

ExploreOptions to_depth(int depth) {
  ExploreOptions options;
  options.depth = depth;
  return options;
}

Scenario alphabet_file(const std::string& name) {
  const std::string file = std::string(BARNACLE_SOURCE_DIR) + "/fixtures/alphabets/" + name;
  const auto text = read_file(file);
  if (!text) throw std::runtime_error(file + ": " + text.error().what);
  auto scenario = parse_scenario(*text, file);
  if (!scenario) throw std::runtime_error(scenario.error().text());
  return std::move(*scenario);
}

std::vector<std::uint64_t> worlds_of(const ExploreReport& report) {
  std::vector<std::uint64_t> worlds;
  for (const ExploreLevel& level : report.levels) worlds.push_back(level.worlds);
  return worlds;
}

std::set<std::string> found_by(const ExploreReport& report) {
  std::set<std::string> invariants;
  for (const ExploreFinding& found : report.findings) invariants.insert(found.finding.invariant);
  return invariants;
}

// Nothing, installed, and nothing with a runtime's file of a younger date: from there on it goes round.
TEST(Explore, InstallAndUninstallAreThreeWorlds) {
  const Scenario alphabet = Lifecycle("model:kata").install("kata").uninstall("kata").scenario();
  const ExploreReport report = explored(alphabet, to_depth(4));
  EXPECT_EQ(worlds_of(report), (std::vector<std::uint64_t>{1, 1, 1, 0, 0}));
  // Each of them tries both letters, once.
  EXPECT_EQ(report.transitions(), 6U);
  EXPECT_TRUE(report.findings.empty());
}

TEST(Explore, FindsTheShortestSequenceOfTheSuffixBug) {
  Lifecycle life("model:kata-3.16.0");
  life.uninstall("kata-cicd").restart_pod("kata-cicd").install("kata-cicd", {.suffix = "cicd", .shims = "qemu"});
  const ExploreReport report = explored(life.scenario(), to_depth(3), "model:kata-3.16.0");
  const auto found = std::ranges::find(report.findings, "path.suffix-once",
                                       [](const ExploreFinding& one) { return one.finding.invariant; });
  ASSERT_NE(found, report.findings.end());
  ASSERT_EQ(found->scenario.steps.size(), 2U);
  EXPECT_EQ(found->scenario.steps[0].kind, StepKind::install);
  EXPECT_EQ(found->scenario.steps[1].kind, StepKind::restart_pod);
}

// What is left out for symmetry is nothing but the same with other names.
TEST(Explore, EqualNodesMayChangeTheirNames) {
  const Scenario alphabet = alphabet_file("two-releases.toml");
  ExploreOptions options = to_depth(4);
  for (const std::string name : {"model:kata", "model:kata-3.16.0"}) {
    options.symmetry = true;
    const ExploreReport with = explored(alphabet, options, name);
    options.symmetry = false;
    const ExploreReport without = explored(alphabet, options, name);
    EXPECT_LT(with.worlds(), without.worlds());
    EXPECT_GE(with.worlds() * 2, without.worlds());
    EXPECT_EQ(found_by(with), found_by(without)) << name;
  }
}

// Worlds of one hash have one future. (barnacle explore --check-congruence 100000 asks more of them.)
TEST(Explore, WorldsOfOneHashGoOnAlike) {
  ExploreOptions options = to_depth(6);
  options.symmetry = false;
  options.congruence_pairs = 3000;
  const ExploreReport report = explored(alphabet_file("two-releases.toml"), options);
  EXPECT_GT(report.pairs, 1000U);
  for (const std::string& pair : report.incongruent) ADD_FAILURE() << pair;
}

TEST(Explore, IsGoneOnWithWhereItEnded) {
  const Scenario alphabet = alphabet_file("one-cut.toml");
  const ExploreOptions options = to_depth(4);
  const std::string whole = explore_state_text(subject("model:kata"), alphabet, options, explored(alphabet, options));
  const std::string half =
      explore_state_text(subject("model:kata"), alphabet, options, explored(alphabet, to_depth(2)));
  const auto state = read_explore_state(half, subject("model:kata"), alphabet, options);
  ASSERT_TRUE(state) << state.error();
  EXPECT_EQ(
      explore_state_text(subject("model:kata"), alphabet, options, explored(alphabet, options, "model:kata", *state)),
      whole);
}

TEST(Explore, AStateThatDoesNotFitIsRefused) {
  const Scenario alphabet = alphabet_file("one-cut.toml");
  const ExploreOptions options = to_depth(2);
  const VersionPtr kata = subject("model:kata");
  const std::string text = explore_state_text(kata, alphabet, options, explored(alphabet, options));
  const auto error_of = [&](const std::string& state, const VersionPtr& of) {
    const auto read = read_explore_state(state, of, alphabet, options);
    return read ? std::string() : read.error();
  };
  EXPECT_EQ(error_of(text, kata), "");
  EXPECT_NE(error_of(text, subject("model:kata-3.16.0")).find("another subject"), std::string::npos);
  EXPECT_NE(error_of(text.substr(0, text.size() - 10), kata).find("torn"), std::string::npos);
  EXPECT_NE(error_of("nonsense\n", kata).find("no state"), std::string::npos);
}

// One fault at most, and the one that is drawn counts.
TEST(Explore, BoundsTheFaultsOfASequence) {
  const Scenario alphabet = alphabet_file("one-cut.toml");
  ExploreOptions options = to_depth(3);
  options.faults = 0;
  const ExploreReport none = explored(alphabet, options);
  options.faults = 1;
  const ExploreReport one = explored(alphabet, options);
  EXPECT_LT(none.transitions(), one.transitions());
  EXPECT_TRUE(one.findings.empty());
  for (const Reached& reached : one.reached) EXPECT_LE(reached.faults, 1);
}

}  // namespace
}  // namespace barnacle
