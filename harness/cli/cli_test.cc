// The program as its users meet it: started as a process, judged by its streams and its exit status.
#include "harness/cli/program_run.h"
#include "sim/base/sanitized.h"

#include <nlohmann/json.hpp>
#include <sstream>

namespace barnacle {
namespace {

struct CliTest : ProgramTest {
  std::string scenario(const std::string& subject) {
    return folder.write("scenario.toml", "title = \"install and restart\"\nsubject = \"" + subject +
                                             "\"\n"
                                             "[[node]]\nname = \"node-a\"\nhost = \"ubuntu-24.04-containerd-2.0\"\n"
                                             "[[step]]\ndo = \"install\"\nrelease = \"kata-deploy-cicd\"\n"
                                             "values = { env = { multiInstallSuffix = \"cicd\", shims = \"qemu\" } }\n"
                                             "[[step]]\ndo = \"restart-pod\"\nrelease = \"kata-deploy-cicd\"\n"
                                             "[[step]]\ndo = \"reboot-node\"\nnode = \"node-a\"\n");
  }
};

// --- usage ---

TEST_F(CliTest, TellsItsVersion) {
  const Ended ended = run({"--version"});
  EXPECT_EQ(ended.status, kNothingFound);
  EXPECT_EQ(ended.out.rfind("barnacle ", 0), 0U) << ended.out;
}

TEST_F(CliTest, EveryVerbHasHelp) {
  for (const char* verb : {"replay", "run", "gate", "merge", "shrink", "conform", "bench", "list"}) {
    const Ended ended = run({verb, "--help"});
    EXPECT_EQ(ended.status, kNothingFound) << verb;
    EXPECT_NE(ended.out.find(verb), std::string::npos) << ended.out;
    EXPECT_EQ(ended.error, "");
  }
}

TEST_F(CliTest, WrongUsageIsOneLine) {
  expect_refusal({}, "name a verb");
  expect_refusal({"sail"}, "sail");
  expect_refusal({"replay"}, "SCENARIO");
  expect_refusal({"run", "--sequences", "many"}, "many");
  expect_refusal({"run", "--sequences", "0"}, "--sequences");
  expect_refusal({"run", "--seed", "-1"}, "--seed: '-1'");
  expect_refusal({"run", "--seed", "18446744073709551616"}, "--seed");
  expect_refusal({"run", "--seed", ""}, "--seed");
  expect_refusal({"run", "--sequences", "1", "--time", "1s"}, "--time");
  expect_refusal({"run", "--time", "soon"}, "soon");
  expect_refusal({"run", "--jobs", "-1"}, "--jobs");
  expect_refusal({"list", "wishes"}, "wishes");
  expect_refusal({"replay", "x.toml", "--format", "xml"}, "xml");
  expect_refusal({"bench", "--no-such-option"}, "--no-such-option");
}

TEST_F(CliTest, ListsWhatThereIs) {
  const std::pair<const char*, const char*> lists[] = {{"subjects", "model:kata-3.16.0"},
                                                       {"invariants", "path.suffix-once"},
                                                       {"steps", "restart-pod"},
                                                       {"faults", "cut"},
                                                       {"hosts", "ubuntu-24.04-containerd-2.0"},
                                                       {"defects", "Z01"}};
  for (const auto& [what, entry] : lists) {
    const Ended ended = run({"list", what});
    EXPECT_EQ(ended.status, kNothingFound) << ended.error;
    EXPECT_NE(ended.out.find(entry), std::string::npos) << ended.out;
  }
}

TEST_F(CliTest, ListsTheKeysOfEveryStep) {
  const std::string steps = run({"list", "steps"}).out;
  EXPECT_NE(steps.find("release* namespace values version"), std::string::npos) << steps;
  EXPECT_NE(steps.find("keep-history"), std::string::npos) << "helm's options too";
}

// What is listed can be played: the engine knows every error.
TEST_F(CliTest, EveryListedErrorCanBeAFault) {
  const std::string faults = run({"list", "faults"}).out;
  const std::size_t begin = faults.find("Errors: ") + 8;
  std::istringstream errors(faults.substr(begin, faults.find('.', begin) - begin));
  int count = 0;
  for (std::string error; errors >> error; ++count) {
    const std::string file = folder.write("fault.toml",
                                          "[[node]]\nname = \"a\"\nhost = \"ubuntu-24.04-containerd-2.0\"\n"
                                          "[[step]]\ndo = \"install\"\nrelease = \"kata\"\n"
                                          "[[step.fault]]\ndo = \"fail\"\neffect = 1\nerror = \"" +
                                              error + "\"\n");
    const Ended ended = run({"replay", file});
    EXPECT_NE(ended.status, kBadInput) << error << ended.error;
  }
  EXPECT_GT(count, 5);
}

// --- bad input ---

TEST_F(CliTest, AMissingOrStrangeScenarioIsOneLine) {
  expect_refusal({"replay", folder.path("missing.toml")}, "missing.toml");
  expect_refusal({"replay", "/"}, "directory");
  expect_refusal({"replay", "/dev/zero"}, "/dev/zero");
  expect_refusal({"replay", folder.write("binary.toml", std::string("\x7f"
                                                                    "ELF\0\1\2",
                                                                    7))},
                 "binary.toml");
  expect_refusal({"replay", folder.write("deep.toml", "x = " + std::string(16'000, '['))}, "deep.toml:1");
  expect_refusal({"replay", folder.write("open.toml", std::string(16'000, '['))}, "open.toml:1");
  expect_refusal({"replay", folder.write("large.toml", std::string(100'000'000, 'a'))}, "larger than 1 MiB");
  std::string keys;
  for (int i = 0; i < 75'000; ++i) keys += "k" + std::to_string(i) + " = 1\n";
  expect_refusal({"replay", folder.write("keys.toml", keys)}, "more than 4096 keys in one table");
  ASSERT_EQ(::mkfifo(folder.path("fifo").c_str(), 0600), 0);
  expect_refusal({"replay", folder.path("fifo")}, "is not a regular file");
  expect_refusal({"replay", folder.write("key.toml", "[[node]]\n\n[[step]]\ndo = \"install\"\nrelase = \"x\"\n")},
                 "key.toml:5");
}

TEST_F(CliTest, UnknownNamesAreOneLineWithWhatMayHaveBeenMeant) {
  expect_refusal({"run", "--subject", "model:kata-3.61.0"}, "model:kata-3.16.0");
  expect_refusal({"replay", scenario("model:kata"), "--subject", "nobody"}, "nobody");
  expect_refusal({"shrink", scenario("model:kata"), "--invariant", "path.suffix-onc"}, "path.suffix-once");
  expect_refusal({"--fixtures", folder.path("nowhere"), "list", "hosts"}, "nowhere");
}

TEST_F(CliTest, AnOutputThatCannotBeWrittenIsOneLine) {
  const std::string file = folder.write("file", "mine");
  expect_refusal({"run", "--sequences", "1", "--out", file}, file);
  EXPECT_EQ(contents(file), "mine");
  const Ended full = wait_for(start({"list", "steps"}, "/dev/full"), "/dev/null");
  EXPECT_EQ(full.status, kBadInput);
  EXPECT_NE(full.error.find("standard output"), std::string::npos) << full.error;
}

// --- replay ---

TEST_F(CliTest, TheReferenceLogicIsCleanAndTheOldVersionIsNot) {
  const Ended reference =
      run({"replay", scenario("model:kata-3.16.0"), "--subject", "model:kata", "--check-determinism"});
  EXPECT_EQ(reference.status, kNothingFound) << reference.out << reference.error;
  const Ended old = run({"replay", scenario("model:kata-3.16.0"), "--check-determinism"});
  EXPECT_EQ(old.status, kFinding) << old.out << old.error;
  EXPECT_NE(old.out.find("✗ path.suffix-once"), std::string::npos) << old.out;
  EXPECT_NE(old.out.find("/opt/kata-cicd-cicd"), std::string::npos) << old.out;
}

TEST_F(CliTest, JsonIsOneDocumentWithTheSameDigestEachTime) {
  const std::string file = scenario("model:kata-3.16.0");
  const auto first = nlohmann::json::parse(run({"replay", file, "--format", "json"}).out, nullptr, false);
  const auto second = nlohmann::json::parse(run({"replay", file, "--format", "json"}).out, nullptr, false);
  ASSERT_FALSE(first.is_discarded());
  EXPECT_EQ(first["verdict"], "findings");
  EXPECT_EQ(first["digest"], second["digest"]);
  EXPECT_EQ(first["digest"].get<std::string>().size(), 32U);
  EXPECT_EQ(first["steps"].size(), 3U);
  EXPECT_EQ(first["findings"][0]["by"]["release"], "kata-deploy-cicd");
}

TEST_F(CliTest, DumpsTheFinalHostOnce) {
  const std::string file = scenario("model:kata");
  const std::string dump = folder.path("dump");
  EXPECT_EQ(run({"replay", file, "--dump-host", dump}).status, kNothingFound);
  EXPECT_TRUE(fs::exists(dump + "/node-a/etc/os-release"));
  EXPECT_TRUE(fs::exists(dump + "/node-a/opt/kata-cicd"));
  expect_refusal({"replay", file, "--dump-host", dump}, "node-a: is there already and is not empty");
}

// --- shrink and run ---

TEST_F(CliTest, ShrinksToWhatIsNeeded) {
  const std::string small = folder.path("small.toml");
  const Ended ended = run({"shrink", scenario("model:kata-3.16.0"), "--invariant", "path.suffix-once", "--out", small});
  EXPECT_EQ(ended.status, kFinding) << ended.error;
  EXPECT_EQ(contents(small).find("reboot-node"), std::string::npos) << contents(small);
  EXPECT_EQ(run({"replay", small}).status, kFinding);
  EXPECT_EQ(run({"shrink", scenario("model:kata")}).status, kNothingFound) << "nothing to shrink";
}

TEST_F(CliTest, ACampaignIsTheSameForAnyNumberOfJobs) {
  const auto digest = [&](const char* jobs) {
    const Ended ended = run({"run", "--seed", "5", "--sequences", "40", "--jobs", jobs, "--format", "json"});
    EXPECT_EQ(ended.error, "");
    const auto json = nlohmann::json::parse(ended.out, nullptr, false);
    EXPECT_FALSE(json.is_discarded()) << ended.out;
    EXPECT_EQ(json.value("sequences", 0), 40);
    EXPECT_TRUE(json.contains("steps_by_kind"));
    return json.value("digest", "");
  };
  const std::string one = digest("1");
  EXPECT_EQ(one.size(), 32U);
  EXPECT_EQ(one, digest("3"));
}

TEST_F(CliTest, ACampaignWritesWhatItFoundAndItCanBePlayedAgain) {
  const std::string out = folder.path("out");
  const Ended ended =
      run({"run", "--subject", "model:kata-3.16.0", "--sequences", kSanitized ? "3" : "60", "--out", out});
  ASSERT_EQ(ended.status, kFinding) << ended.out << ended.error;
  EXPECT_EQ(contents(out + "/report.txt"), ended.out);
  const auto report = nlohmann::json::parse(contents(out + "/report.json"), nullptr, false);
  ASSERT_FALSE(report.is_discarded());
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(out + "/findings")) {
    ++files;
    const Ended again = run({"replay", entry.path().string()});
    EXPECT_EQ(again.status, kFinding) << entry.path() << again.error;
    EXPECT_NE(again.out.find("expected: matched"), std::string::npos) << again.out;
  }
  EXPECT_EQ(files, report["findings"].size()) << "nothing else is left there";
}

TEST_F(CliTest, CtrlCEndsACampaignWithItsReport) {
  const std::string out = folder.path("stdout");
  const pid_t process = start({"run", "--time", "1h"}, out);
  while (::kill(process, 0) == 0 && !catches(process, SIGINT)) ::usleep(10'000);
  ASSERT_EQ(::kill(process, SIGINT), 0);
  const Ended ended = wait_for(process, out);
  EXPECT_TRUE(ended.status == kNothingFound || ended.status == kFinding) << ended.status << ended.error;
  EXPECT_NE(ended.out.find("(interrupted)"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("digest"), std::string::npos) << ended.out;
}

// --- bench ---

TEST_F(CliTest, BenchReportsRates) {
  const Ended ended = run({"bench", "--benchmark_filter=snapshot|tree_diff", "--benchmark_min_time=0.01"});
  EXPECT_EQ(ended.status, kNothingFound) << ended.error;
  EXPECT_NE(ended.out.find("a second"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("tree_diff"), std::string::npos) << ended.out;
  expect_refusal({"bench", "--benchmark_filter=nothing-of-that-name"}, "no benchmark");
}

}  // namespace
}  // namespace barnacle
