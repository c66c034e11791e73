// Campaigns in parts: shards add up to the whole, and whoever is killed loses nothing that was finished.
#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <random>

#include "harness/cli/program_run.h"
#include "harness/report/results.h"
#include "sim/base/sanitized.h"

namespace barnacle {
namespace {

struct ResultsTest : ProgramTest {
  std::vector<std::string> campaign(std::vector<std::string> more, const std::string& sequences = "200") {
    std::vector<std::string> words{
        "run", "--subject",   "model:kata+Z91",       "--seed", "3", "--sequences", sequences, "--jobs",
        "1",   "--max-steps", kSanitized ? "4" : "12"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  // All that a report says, but for the time it took.
  static nlohmann::json outcome(const std::string& text) {
    nlohmann::json report = nlohmann::json::parse(text, nullptr, false);
    EXPECT_FALSE(report.is_discarded()) << text;
    if (report.is_object()) report.erase("seconds");
    return report;
  }

  std::string shard(int index) {
    const std::string file = folder.path("shard-" + std::to_string(index));
    EXPECT_EQ(run(campaign({"--shard", std::to_string(index) + "/3", "--results", file})).status, kFinding);
    return file;
  }

  nlohmann::json merged(std::vector<std::string> files) {
    files.insert(files.begin(), {"merge", "--format", "json"});
    const Ended ended = run(files);
    EXPECT_EQ(ended.status, kFinding) << ended.error;
    return outcome(ended.out);
  }
};

std::vector<std::string> whole_lines(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
    lines.push_back(text.substr(at, end - at));
  return lines;
}

TEST_F(ResultsTest, ShardsInAnyOrderAndTwiceAreTheWhole) {
  const nlohmann::json whole = outcome(run(campaign({"--format", "json"})).out);
  const std::string first = shard(1), second = shard(2), third = shard(3);
  EXPECT_EQ(merged({first, second, third}), whole);
  EXPECT_EQ(merged({third, first, second, first}), whole);
  EXPECT_EQ(whole["sequences"], 200);
}

TEST_F(ResultsTest, APartIsNotTakenForTheWhole) {
  std::vector<std::string> words = campaign({"--shard", "1/3", "--results", folder.path("part")});
  words[2] = "model:kata";
  ASSERT_EQ(run(words).status, kNothingFound);
  const Ended ended = run({"merge", folder.path("part")});
  EXPECT_EQ(ended.status, kBadInput);
  EXPECT_NE(ended.error.find("incomplete: 2 of 4 blocks missing"), std::string::npos) << ended.error;
}

TEST_F(ResultsTest, WhatDoesNotBelongTogetherIsNotMerged) {
  const std::string file = shard(1);
  std::string line = whole_lines(contents(file)).at(0) + "\n";
  const auto replaced = [&](const std::string& what, const std::string& by) {
    std::string other = line;
    other.replace(other.find(what), what.size(), by);
    return folder.write("other", other);
  };
  const std::string digest = line.substr(line.find("\"digest\""), 12);
  const Ended contradiction =
      run({"merge", file, replaced(digest, digest.substr(0, 11) + (digest[11] == '0' ? '1' : '0'))});
  EXPECT_EQ(contradiction.status, kInternalFault) << contradiction.error;
  EXPECT_NE(contradiction.error.find("another result for sequences 0 to 63"), std::string::npos) << contradiction.error;
  expect_refusal({"merge", file, replaced("\"seed\":3", "\"seed\":4")},
                 "other:1: is of another campaign: --subject model:kata+Z91 --seed 4");
  expect_refusal({"merge", file, replaced("model:kata+Z91", "model:kata+Z01")}, "is of another campaign");
  expect_refusal({"merge", file, replaced("\"length\":64", "\"length\":63")}, "other:1: length");
  expect_refusal({"merge", folder.write("text", "no results\n")}, "text:1: is no line of results");
  expect_refusal({"merge", folder.write("empty", "")}, "no finished block");
  expect_refusal({"merge", folder.path("missing")}, "missing: cannot be opened");
}

TEST_F(ResultsTest, WrongUsageIsOneLine) {
  expect_refusal({"run", "--shard", "1/3"}, "--shard needs --sequences");
  expect_refusal({"run", "--results", folder.path("x"), "--time", "1s"}, "--results needs --sequences");
  for (const char* shard : {"0/3", "4/3", "1", "1/", "/3", "1/3x", "-1/3", "a/b", "1/0"}) {
    expect_refusal({"run", "--sequences", "10", "--shard", shard}, "--shard");
  }
  expect_refusal({"run", "--sequences", "10", "--results", "/"}, "cannot be opened");
  expect_refusal(campaign({"--results", folder.write("foreign", "mine\n")}), "foreign:1: is no line of results");
  EXPECT_EQ(contents(folder.path("foreign")), "mine\n");
}

TEST_F(ResultsTest, AFileOfAnotherCampaignIsNotGoneOnWith) {
  const std::string file = shard(1);
  const std::string before = contents(file);
  expect_refusal({"run", "--sequences", "200", "--seed", "4", "--results", file},
                 "is of another campaign: --subject model:kata+Z91 --seed 3");
  EXPECT_EQ(contents(file), before);
}

TEST_F(ResultsTest, AnUnfinishedLineCountsForNothing) {
  const std::string file = folder.path("results");
  const nlohmann::json whole = outcome(run(campaign({"--format", "json", "--results", file})).out);
  const std::string text = contents(file);
  folder.write("results", text.substr(0, text.size() - 20));
  const Ended read = run({"merge", file, "--format", "json"});
  EXPECT_NE(read.error.find("results:4: an unfinished last line"), std::string::npos) << read.error;
  const Ended resumed = run(campaign({"--format", "json", "--results", file}));
  EXPECT_NE(resumed.error.find("results:4: an unfinished last line"), std::string::npos) << resumed.error;
  EXPECT_EQ(outcome(resumed.out), whole);
  EXPECT_EQ(contents(file), text) << "the same line again";
  EXPECT_EQ(run(campaign({"--format", "json", "--results", file})).error, "");
  EXPECT_EQ(contents(file), text) << "nothing is played twice";
}

// Killed at random moments, again and again: what was finished stays, and in the end the result is that of one run.
struct KilledRunTest : ResultsTest {
  const std::string file = folder.path("results");
  static constexpr unsigned kSequences = kSanitized ? 256 : 1920;
  const std::vector<std::string> campaign_words = {
      "run",      "--seed", "5", "--sequences", std::to_string(kSequences), "--max-steps", kSanitized ? "4" : "12",
      "--format", "json"};

  pid_t start_run(const std::string& results) {
    std::vector<std::string> words = campaign_words;
    words.insert(words.end(), {"--results", results});
    return start(words, folder.path("stdout"));
  }

  std::vector<std::string> finished() { return whole_lines(contents(file)); }

  // How long a run takes to finish its first block, on this machine in this build. It writes to a file of its own: what
  // it finishes would be missing from the runs that are to be killed.
  std::chrono::microseconds time_to_first_block() {
    const std::string trial = folder.path("trial");
    const auto start_time = std::chrono::steady_clock::now();
    const pid_t process = start_run(trial);
    while (whole_lines(contents(trial)).empty() && ::kill(process, 0) == 0) ::usleep(1000);
    const auto time = std::chrono::steady_clock::now() - start_time;
    ::kill(process, SIGKILL);
    (void)wait_for(process, folder.path("stdout"));
    return std::chrono::duration_cast<std::chrono::microseconds>(time);
  }

  void expect_to_begin_with(const std::vector<std::string>& lines, const std::vector<std::string>& earlier) {
    ASSERT_GE(lines.size(), earlier.size());
    EXPECT_TRUE(std::equal(earlier.begin(), earlier.end(), lines.begin())) << "a finished line was lost or changed";
  }
};

TEST_F(KilledRunTest, NothingThatWasFinishedIsLost) {
  std::mt19937 random(20);
  auto longest = static_cast<std::uint32_t>(time_to_first_block().count()) * 3 / 2;
  std::vector<std::string> before;
  int killed = 0;
  for (int round = 0; round < (kSanitized ? 5 : 50); ++round) {
    const pid_t process = start_run(file);
    ::usleep(random() % longest);
    const std::vector<std::string> seen = finished();
    ::kill(process, SIGKILL);
    const bool over = wait_for(process, folder.path("stdout")).status != 128 + SIGKILL;
    const std::vector<std::string> lines = finished();
    for (const std::string& line : lines) EXPECT_TRUE(parse_block_line(line)) << line;
    expect_to_begin_with(lines, before);
    expect_to_begin_with(lines, seen);
    before = lines;
    if (!over) ++killed;
    if (!over) continue;
    // The moment came too late, as it may where the first run was slow: again from the start, and sooner.
    longest = std::max(longest / 2, 1000U);
    std::filesystem::remove(file);
    before.clear();
  }
  EXPECT_GT(killed, 0);
  RecordProperty("killed", killed);
  RecordProperty("blocks_by_then", static_cast<int>(before.size()));
  const pid_t process = start_run(file);
  const Ended resumed = wait_for(process, folder.path("stdout"));
  EXPECT_EQ(resumed.status, kNothingFound) << resumed.error;
  EXPECT_EQ(finished().size(), kSequences / 64);
  EXPECT_EQ(outcome(resumed.out), outcome(run(campaign_words).out));
}

TEST_F(ResultsTest, OneFileHasOneWriter) {
  const std::vector<std::string> words = {
      "run", "--seed", "5", "--sequences", "100000", "--results", folder.path("results")};
  const pid_t process = start(words, folder.path("stdout"));
  while (whole_lines(contents(folder.path("results"))).empty() && ::kill(process, 0) == 0) ::usleep(10'000);
  const Ended second = wait_for(start(words, folder.path("second")), folder.path("second"));
  ::kill(process, SIGKILL);
  (void)wait_for(process, folder.path("stdout"));
  EXPECT_EQ(second.status, kBadInput);
  EXPECT_NE(second.error.find("another run is writing to it"), std::string::npos) << second.error;
}

}  // namespace
}  // namespace barnacle
