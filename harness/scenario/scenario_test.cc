// Scenario files: what is read, what is refused and with which words, and that writing and reading agree.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <set>

#include "harness/scenario/file.h"
#include "harness/scenario/keys.h"
#include "harness/scenario/scenario_toml.h"
#include "harness/scenario/steps.h"
#include "sim/base/dates.h"

namespace barnacle {
namespace {

constexpr const char* kFieldReport = R"(# kata-containers#11187
title   = "multiInstallSuffix is appended again on every restart"
source  = "kata-containers#11187"
subject = "model:kata-3.16.0"
at      = 2025-05-01
[[node]]
name = "node-a"
host = "ubuntu-24.04-containerd-2.0"
[[step]]
do        = "install"
release   = "kata-deploy-cicd"
namespace = "kube-system"
timeout   = "1h"
values    = { env = { multiInstallSuffix = "cicd", debug = "true", shims = "qemu" }, count = 3, flags = [true, 1.5] }
[[step]]
do      = "upgrade"
release = "kata-deploy-cicd"
take_ownership = true
history-max = 3
version = "3.24.0"
[[step]]
do      = "restart-pod"
release = "kata-deploy-cicd"
times   = 3
[[step]]
do      = "uninstall"
release = "kata-deploy-cicd"
cascade = "foreground"
at      = "2025-06-01T12:00:00+02:00"
[[step.fault]]
do = "cut"
program = "cleanup"
run = 2
effect_is = "delete RuntimeClass"
signal = "SIGTERM"
[[step.fault]]
do = "fail"
effect = 31
error = 409
[expect]
at_least = ["path.suffix-once", "cleanup.single-job"]
)";

Scenario read(const std::string& text, const KnownNames& known = {}) {
  const auto scenario = parse_scenario(text, "s.toml", known);
  EXPECT_TRUE(scenario.has_value()) << scenario.error().text();
  return scenario.value_or(Scenario{});
}

std::string refusal(const std::string& text, const KnownNames& known = {}) {
  const auto scenario = parse_scenario(text, "s.toml", known);
  return scenario ? "accepted" : scenario.error().text();
}

// A scenario around one step.
std::string around(const std::string& step) { return "[[node]]\n[[step]]\n" + step; }

TEST(ScenarioToml, TheReportOf11187IsRead) {
  const Scenario scenario = read(kFieldReport);
  EXPECT_EQ(scenario.subject, "model:kata-3.16.0");
  EXPECT_EQ(scenario.at, 1746057600);
  ASSERT_EQ(scenario.nodes.size(), 1U);
  EXPECT_EQ(scenario.nodes[0].host, "ubuntu-24.04-containerd-2.0");
  ASSERT_EQ(scenario.steps.size(), 4U);

  const Step& install = scenario.steps[0];
  EXPECT_EQ(install.kind, StepKind::install);
  EXPECT_EQ(install.line, 9);
  EXPECT_EQ(install.options.timeout_s, 3600);
  EXPECT_EQ((*install.values)["env"]["shims"], "qemu");
  EXPECT_EQ((*install.values)["count"], 3);
  EXPECT_EQ((*install.values)["flags"], Values({true, 1.5}));

  const Step& upgrade = scenario.steps[1];
  EXPECT_FALSE(upgrade.values) << "none given is not the same as none set";
  EXPECT_TRUE(upgrade.options.take_ownership);
  EXPECT_EQ(upgrade.options.history_max, 3);
  EXPECT_EQ(upgrade.version, "3.24.0");
  EXPECT_EQ(scenario.steps[2].times, 3);

  const Step& uninstall = scenario.steps[3];
  EXPECT_EQ(uninstall.options.cascade, Propagation::foreground);
  EXPECT_EQ(uninstall.at, 1748772000);
  ASSERT_EQ(uninstall.faults.size(), 2U);
  EXPECT_EQ(uninstall.faults[0].effect_is, "delete RuntimeClass");
  EXPECT_EQ(uninstall.faults[0].signal, "SIGTERM");
  EXPECT_EQ(uninstall.faults[1].kind, FaultKind::fail);
  EXPECT_EQ(uninstall.faults[1].error, "409");
  EXPECT_TRUE(scenario.expect.present);
  EXPECT_FALSE(scenario.expect.findings);
  EXPECT_EQ(scenario.expect.at_least.size(), 2U);
}

TEST(ScenarioToml, NodeStepsAndEditsAreRead) {
  const Scenario scenario = read(around(R"(do = "add-node"
node = "node-d"
host = "ubuntu-24.04-crio-1.32"
labels = { "a/b" = "c" }
[[step]]
do = "change-runtime"
node = "node-a"
runtime = "containerd://1.7.27"
[[step]]
do = "edit-host"
node = "node-a"
path = "/etc/containerd/config.toml"
replace = "SystemdCgroup = true"
with = "SystemdCgroup = false"
[[step]]
do = "edit-host"
node = "node-a"
path = "/etc/motd"
remove = true
[[step]]
do = "edit-cluster"
edit = "label"
name = "kata-deploy"
namespace = "kube-system"
key = "operator.example/team"
value = "blue"
)"));
  ASSERT_EQ(scenario.steps.size(), 5U);
  EXPECT_EQ(scenario.steps[0].node_labels.at("a/b"), "c");
  EXPECT_EQ(scenario.steps[1].runtime, "containerd://1.7.27");
  EXPECT_EQ(scenario.steps[2].host_edit.kind, HostEditKind::replace_text);
  EXPECT_EQ(scenario.steps[2].host_edit.replaces, "SystemdCgroup = true");
  EXPECT_EQ(scenario.steps[3].host_edit.kind, HostEditKind::remove_file);
  EXPECT_EQ(scenario.steps[4].cluster_edit.kind, ClusterEditKind::label);
  EXPECT_EQ(scenario.steps[4].cluster_edit.object_kind, "DaemonSet");
}

TEST(ScenarioToml, NamesTheMajorVersionOfHelm) {
  const std::string steps = around("do = \"install\"\nrelease = \"a\"\n");
  EXPECT_EQ(read(steps).helm, kHelm3);
  EXPECT_EQ(read("helm = 4\n" + steps).helm, kHelm4);
  EXPECT_EQ(refusal("helm = 5\n" + steps), "s.toml:1: helm: must be from 3 to 4");
  EXPECT_EQ(refusal("helm = \"4\"\n" + steps), "s.toml:1: helm: must be an integer");
}

TEST(ScenarioToml, AnOperatorSetsAFieldOfAnObject) {
  const std::string edit = "do = \"edit-cluster\"\nname = \"kata-deploy\"\nedit = \"set\"\n";
  const Scenario scenario = read(around(edit + "key = \"spec.updateStrategy.type\"\nvalue = \"OnDelete\"\n"));
  EXPECT_EQ(scenario.steps[0].cluster_edit.kind, ClusterEditKind::set);
  EXPECT_EQ(scenario.steps[0].cluster_edit.key, "spec.updateStrategy.type");
  EXPECT_EQ(refusal(around(edit)), "s.toml:2: key: is missing: the edit 'set' needs it");
}

TEST(ScenarioToml, AMistypedKeyIsNamedWithWhatWasMeant) {
  EXPECT_EQ(refusal(around("do = \"install\"\nrelese = \"a\"\n")),
            "s.toml:4: relese: unknown key of an install step (did you mean 'release'?)");
  EXPECT_EQ(refusal("titel = \"x\"\n"), "s.toml:1: titel: unknown key of a scenario (did you mean 'title'?)");
  EXPECT_EQ(refusal(around("do = \"instal\"\nrelease = \"a\"\n")),
            "s.toml:3: do: unknown step 'instal' (did you mean 'install'?)");
  EXPECT_EQ(refusal(around("do = \"upgrade\"\nrelease = \"a\"\nreuse-value = true\n")),
            "s.toml:5: reuse-value: unknown key of an upgrade step (did you mean 'reuse-values'?)");
  EXPECT_EQ(refusal(around("do = \"install\"\nrelease = \"a\"\n[[step.fault]]\ndo = \"fail\"\nerror = \"ENOSPACE\"\n")),
            "s.toml:7: error: unknown error 'ENOSPACE' (did you mean 'ENOSPC'?)");
  EXPECT_EQ(refusal(around("do = \"install\"\nrelease = \"a\"\nfrobnicate = 1\n")),
            "s.toml:5: frobnicate: unknown key of an install step");
}

TEST(ScenarioToml, AKeyOfAnotherStepIsNotQuietlyIgnored) {
  EXPECT_EQ(refusal(around("do = \"uninstall\"\nrelease = \"a\"\nvalues = {}\n")),
            "s.toml:5: values: unknown key of an uninstall step");
  EXPECT_EQ(refusal(around("do = \"reboot-node\"\nnode = \"node-a\"\nwait = true\n")),
            "s.toml:5: wait: unknown key of a reboot-node step");
}

TEST(ScenarioToml, WhatIsMissingIsNamed) {
  EXPECT_EQ(refusal(around("release = \"a\"\n")), "s.toml:2: do: is missing: every [[step]] needs it");
  EXPECT_EQ(refusal(around("do = \"rollback\"\n")), "s.toml:2: release: is missing: a rollback step needs it");
  EXPECT_EQ(refusal("[[node]]\n"), "s.toml: has no [[step]]");
  EXPECT_EQ(refusal("step = []\n[[node]]\n"), "s.toml: has no [[step]]");
  EXPECT_EQ(refusal("[[step]]\ndo = \"install\"\nrelease = \"a\"\n"), "s.toml: has no [[node]]");
  EXPECT_EQ(refusal(around("do = \"edit-host\"\nnode = \"node-a\"\npath = \"/etc/motd\"\n")),
            "s.toml:2: an edit-host step needs exactly one of append, replace, contents and remove = true");
}

TEST(ScenarioToml, WrongTypesAndRangesAreNamed) {
  EXPECT_EQ(refusal(around("do = \"install\"\nrelease = 3\n")), "s.toml:4: release: must be a string");
  EXPECT_EQ(refusal(around("do = 7\n")), "s.toml:3: do: must be a string");
  EXPECT_EQ(refusal(around("do = \"install\"\nrelease = \"a\"\nvalues = 1\n")), "s.toml:5: values: must be a table");
  EXPECT_EQ(refusal(around("do = \"install\"\nrelease = \"a\"\nvalues = { x = nan }\n")),
            "s.toml:5: values: must not hold an infinite number or NaN");
  EXPECT_EQ(refusal(around("do = \"install\"\nrelease = \"a\"\nwait = \"yes\"\n")),
            "s.toml:5: wait: must be true or false");
  EXPECT_EQ(refusal(around("do = \"rollback\"\nrelease = \"a\"\nrevision = -1\n")),
            "s.toml:5: revision: must be from 0 to 2147483647");
  EXPECT_EQ(refusal(around("do = \"install\"\nrelease = \"a\"\ntimeout = \"5 minutes\"\n")),
            "s.toml:5: timeout: must be a duration such as \"300s\", \"5m\" or \"1h\"");
  EXPECT_EQ(refusal(around("do = \"install\"\nrelease = \"a\"\nat = \"2025-02-30\"\n")),
            "s.toml:5: at: must be a date such as 2025-05-01 or 2025-05-01T10:00:00Z, not before 1970");
  EXPECT_EQ(refusal("node = 3\n"), "s.toml:1: node: must be an array of tables: [[node]]");
  EXPECT_EQ(refusal("[[node]]\n[[node]]\n"), "s.toml:2: name: two nodes are called 'node-a'");
}

// Names end up in file names (`--dump-host DIR/<node>`, a host's TOML file).
TEST(ScenarioToml, NamesCannotLeadOutOfAFolder) {
  const std::string names = ": must be a name of lower-case letters, digits, '-' and '.', at most 63 characters";
  EXPECT_EQ(refusal("[[node]]\nname = \"../../etc/cron.d/x\"\n"), "s.toml:2: name" + names);
  EXPECT_EQ(refusal("[[node]]\nhost = \"..\"\n"), "s.toml:2: host" + names);
  EXPECT_EQ(refusal(around("do = \"edit-host\"\nnode = \"node-a\"\npath = \"/etc/../x\"\nremove = true\n")),
            "s.toml:5: path: must be an absolute path of a file, without '.' and '..'");
}

TEST(ScenarioToml, NamesOutsideTheFileAreCheckedWhereTheyAreKnown) {
  const KnownNames known{.hosts = {"ubuntu-24.04-containerd-2.0"},
                         .versions = {"3.16.0", "3.24.0"},
                         .subjects = {"model:kata"},
                         .invariants = {"path.suffix-once"}};
  const std::string step = "[[step]]\ndo = \"install\"\nrelease = \"a\"\n";
  EXPECT_EQ(refusal("[[node]]\n" + step, known), "accepted");
  EXPECT_EQ(refusal("[[node]]\nhost = \"ubuntu-24.04-containerd-2.1\"\n" + step, known),
            "s.toml:2: host: unknown host 'ubuntu-24.04-containerd-2.1' (did you mean 'ubuntu-24.04-containerd-2.0'?)");
  EXPECT_EQ(refusal("subject = \"model:kat\"\n[[node]]\n" + step, known),
            "s.toml:1: subject: unknown subject 'model:kat' (did you mean 'model:kata'?)");
  EXPECT_EQ(refusal("[[node]]\n" + step + "version = \"3.24.1\"\n", known),
            "s.toml:5: version: unknown version '3.24.1' (did you mean '3.24.0'?)");
  EXPECT_EQ(refusal("[[node]]\n" + step + "[expect]\nat_least = [\"path.sufix-once\"]\n", known),
            "s.toml:6: at_least: unknown invariant 'path.sufix-once' (did you mean 'path.suffix-once'?)");
}

TEST(ScenarioToml, HostileTextStaysOneLine) {
  const std::string long_key(5000, 'k');
  for (const std::string& text :
       {std::string("\"a\\nb\\u001b[31m\" = 1\n"), long_key + " = 1\n", std::string("\0\xff\xfe\x01", 4),
        std::string("title = \"x"), std::string("[[step]]\ndo = \"a\\nb\"\n"), std::string("]")}) {
    const std::string line = refusal(text);
    EXPECT_NE(line, "accepted");
    EXPECT_LT(line.size(), 300U);
    for (const char c : line) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << line;
  }
}

TEST(ScenarioToml, AnErrorOfTheParserHasItsLine) {
  EXPECT_TRUE(refusal("title = \"x\"\nat = = 3\n").starts_with("s.toml:2: "));
}

TEST(ScenarioToml, WrittenScenariosAreMinimal) {
  EXPECT_EQ(
      write_scenario(read(around(
          "do = \"install\"\nrelease = \"kd\"\nnamespace = \"kube-system\"\ntimes = 1\ntimeout = \"5m\"\n"
          "values = { env = { shims = \"qemu\", \"a.b\" = \"\" } }\n[[step.fault]]\ndo = \"cut\"\neffect = 7\n"))),
      "[[node]]\nname = \"node-a\"\nhost = \"ubuntu-24.04-containerd-2.0\"\n\n[[step]]\ndo = \"install\"\nrelease = "
      "\"kd\"\n"
      "values = { env = { \"a.b\" = \"\", shims = \"qemu\" } }\n\n[[step.fault]]\ndo = \"cut\"\neffect = 7\n");
}

TEST(ScenarioToml, WrittenIsReadAgain) {
  const Scenario scenario = read(kFieldReport);
  EXPECT_EQ(read(write_scenario(scenario)), scenario);
}

// --- files ---

class ScenarioFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "barnacle-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string refused(const std::string& file) const {
    const auto scenario = load_scenario(file);
    return scenario ? "accepted" : scenario.error().text();
  }
  std::size_t entries() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(folder_), std::filesystem::directory_iterator()));
  }

  std::filesystem::path folder_;
};

TEST_F(ScenarioFile, WhatIsNoReadableFileIsRefusedAndNeverBlocks) {
  EXPECT_EQ(refused(folder_.string()), folder_.string() + ": is a directory");
  EXPECT_EQ(refused(path("missing.toml")), path("missing.toml") + ": cannot be opened: No such file or directory");
  ASSERT_EQ(mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(refused(path("fifo")), path("fifo") + ": is not a regular file");
  EXPECT_EQ(refused("/dev/zero"), "/dev/zero: is not a regular file");
  std::filesystem::create_symlink("loop", path("loop"));
  EXPECT_TRUE(refused(path("loop")).starts_with(path("loop") + ": cannot be opened: "));
  if (geteuid() != 0) {
    ASSERT_TRUE(write_file(path("secret"), "title = 1"));
    std::filesystem::permissions(path("secret"), std::filesystem::perms::none);
    EXPECT_EQ(refused(path("secret")), path("secret") + ": cannot be opened: Permission denied");
  }
}

TEST_F(ScenarioFile, AHugeFileIsRefusedUnread) {
  std::ofstream(path("huge.toml")).close();
  std::filesystem::resize_file(path("huge.toml"), 100U << 20);
  EXPECT_EQ(refused(path("huge.toml")), path("huge.toml") + ": is larger than 1 MiB");
}

TEST_F(ScenarioFile, WrittenAsAWholeOrNotAtAll) {
  ASSERT_TRUE(write_file(path("a.toml"), kFieldReport));
  EXPECT_EQ(refused(path("a.toml")), "accepted");
  EXPECT_EQ(load_scenario(path("a.toml"))->file, path("a.toml"));
  ASSERT_TRUE(write_file(path("a.toml"), "short"));
  EXPECT_EQ(read_file(path("a.toml")).value_or(""), "short");
  EXPECT_EQ(entries(), 1U) << "nothing temporary is left";
}

TEST_F(ScenarioFile, AFailedWriteLeavesNothingBehind) {
  std::filesystem::create_directory(path("taken"));
  const auto over_a_folder = write_file(path("taken"), "x");
  ASSERT_FALSE(over_a_folder);
  EXPECT_EQ(over_a_folder.error().what, "cannot be written: Is a directory");
  EXPECT_FALSE(write_file(path("no/such/folder.toml"), "x"));
  EXPECT_EQ(entries(), 1U);
}

// --- small words ---

TEST(Keys, TheNearestNameIsOneThatMayHaveBeenMeant) {
  constexpr std::array<std::string_view, 4> kNames{"release", "revision", "at_least", "do"};
  EXPECT_EQ(nearest_name("relaese", kNames), "release");  // neighbours swapped
  EXPECT_EQ(nearest_name("at-lest", kNames), "at_least");
  EXPECT_EQ(nearest_name("doo", kNames), "do");
  EXPECT_EQ(nearest_name("values", kNames), std::nullopt);
  EXPECT_EQ(nearest_name("", kNames), std::nullopt);
  EXPECT_EQ(nearest_name(std::string(1 << 20, 'a'), kNames), std::nullopt);
}

TEST(Dates, AreReadAndWritten) {
  EXPECT_EQ(parse_date("1970-01-01"), 0);
  EXPECT_EQ(parse_date("2024-02-29T23:59:59Z"), 1709251199);
  EXPECT_EQ(parse_date("2025-05-01 10:00"), parse_date("2025-05-01T12:00:00.75+02:00"));
  for (const char* bad : {"", "2025", "2025-5-1", "2025-13-01", "2025-02-29", "2025-05-01T", "2025-05-01T25:00:00",
                          "1969-12-31", "2025-05-01x", "99999-01-01"}) {
    EXPECT_EQ(parse_date(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(parse_duration("1h30m"), 5400);
  for (const char* bad : {"", "5", "h", "1m1h", "1s1s", "-1s", "99999999999999999999s", "1d"})
    EXPECT_EQ(parse_duration(bad), std::nullopt) << bad;
}

RC_GTEST_PROP(DatesLaw, WrittenIsReadAgain, (std::uint32_t number)) {
  RC_ASSERT(parse_date(date_text(number)) == std::optional<Time>(number));
  const Time seconds = number % 300000000U;
  RC_ASSERT(parse_duration(duration_text(seconds)) == std::optional<Time>(seconds));
}

TEST(StepTable, EveryKindHasItsRowAndItsSentence) {
  std::set<std::string_view> names;
  for (std::size_t index = 0; index < step_rows().size(); ++index) {
    const StepRow& row = step_rows()[index];
    EXPECT_EQ(static_cast<std::size_t>(row.kind), index);
    EXPECT_EQ(step_from_name(row.name), row.kind);
    EXPECT_GT(row.sentence.size(), 10U);
    names.insert(row.name);
    for (const std::string_view key : row.required)
      EXPECT_NE(std::ranges::find(row.keys, key), row.keys.end()) << row.name << " " << key;
  }
  EXPECT_EQ(names.size(), 14U);
  EXPECT_EQ(step_name(StepKind::change_runtime), "change-runtime");
  EXPECT_EQ(step_from_name("explode"), std::nullopt);
  EXPECT_EQ(fault_rows().size(), 5U);
}

// --- the law of writing and reading ---

std::string any_text() {
  return *rc::gen::container<std::string>(
      rc::gen::oneOf(rc::gen::inRange<char>(1, 127), rc::gen::elementOf(std::string("\n\t\"\\'\x7f"))));
}
std::string any_name() {
  return "n" + *rc::gen::container<std::string>(4, rc::gen::elementOf(std::string("abc019"))) + "x";
}
bool coin() { return *rc::gen::arbitrary<bool>(); }
int any_number(int least) { return *rc::gen::inRange(least, 500); }

Values any_values(int depth) {
  switch (*rc::gen::inRange(0, depth > 0 ? 6 : 4)) {
    case 0: return any_text();
    case 1: return coin();
    case 2: return *rc::gen::arbitrary<std::int64_t>();
    case 3: return std::string("ü") + any_text();
    case 4: {
      Values array = Values::array();
      for (int count = *rc::gen::inRange(0, 4); count > 0; --count) array.push_back(any_values(depth - 1));
      return array;
    }
    default: {
      Values object = Values::object();
      for (int count = *rc::gen::inRange(0, 4); count > 0; --count) object[any_text()] = any_values(depth - 1);
      return object;
    }
  }
}

Fault any_fault() {
  Fault fault;
  fault.kind = *rc::gen::element(FaultKind::cut, FaultKind::fail, FaultKind::lose, FaultKind::tear, FaultKind::preempt);
  if (fault.kind == FaultKind::preempt && coin()) fault.until = any_number(1);
  fault.program = *rc::gen::elementOf(std::vector<std::string>{"install", "cleanup"});
  if (coin()) fault.node = any_name();
  fault.run = any_number(1);
  fault.effect = any_number(1);
  fault.effect_is = any_text();
  if (fault.kind == FaultKind::cut && coin()) fault.signal = "SIGTERM";
  if (fault.kind == FaultKind::fail)
    fault.error = std::string(fault_errors()[*rc::gen::inRange<std::size_t>(0, fault_errors().size())]);
  if (coin()) fault.since = "3.17.0";
  if (coin()) fault.before = "3.24.0";
  return fault;
}

void add_any_options(HelmOptions& options, std::uint8_t command) {
  for (const HelmFlag& flag : helm_flags()) {
    if ((flag.commands & command) != 0) options.*flag.member = coin();
  }
  if ((kHistoryMaxCommands & command) != 0) options.history_max = any_number(0);
  if ((kCascadeCommands & command) != 0) options.cascade = static_cast<Propagation>(*rc::gen::inRange(0, 3));
  options.timeout_s = any_number(0) * 30;
  if (coin()) options.kill_after_requests = any_number(0);
}

void add_any_host_edit(HostEdit& edit) {
  edit.kind = static_cast<HostEditKind>(*rc::gen::inRange(0, 4));
  edit.path = "/etc/" + any_name();
  if (edit.kind != HostEditKind::remove_file) edit.text = any_text();
  if (edit.kind == HostEditKind::replace_text) edit.replaces = "x" + any_text();
}

void add_any_cluster_edit(ClusterEdit& edit) {
  edit.kind = static_cast<ClusterEditKind>(*rc::gen::inRange(0, 4));
  edit.object_kind = coin() ? "DaemonSet" : "RuntimeClass";
  edit.name = any_text();
  if (coin()) edit.namespace_ = any_name();
  if (!has_value(edit.kind)) return;
  edit.key = "k" + any_text();
  edit.value = any_text();
}

Step any_step() {
  Step step;
  step.kind = static_cast<StepKind>(*rc::gen::inRange(0, 14));
  const auto takes = [&](std::string_view key) {
    return std::ranges::find(row_of(step.kind).keys, key) != row_of(step.kind).keys.end();
  };
  if (takes("release")) step.release = any_name();
  if (takes("release") && coin()) step.namespace_ = any_name();
  if (takes("values") && coin()) step.values = Values({{"env", any_values(0)}, {"more", any_values(3)}});
  if (takes("version") && coin()) step.version = "3.24.0";
  if (takes("revision")) step.revision = any_number(0);
  if (takes("node")) step.node = any_name();
  if (takes("host")) step.host = any_name();
  if (takes("runtime")) step.runtime = "containerd://1.7.27";
  if (takes("uncordon")) step.uncordon = coin();
  if (takes("labels") && coin()) step.node_labels = {{any_text(), any_text()}};
  if (takes("handler")) step.handler = "h" + any_text();
  if (step.kind == StepKind::edit_host) add_any_host_edit(step.host_edit);
  if (step.kind == StepKind::edit_cluster) add_any_cluster_edit(step.cluster_edit);
  if (const std::uint8_t command = helm_command(step.kind); command != 0) add_any_options(step.options, command);
  if (coin()) step.at = *rc::gen::arbitrary<std::uint32_t>();
  step.times = any_number(1);
  for (int count = *rc::gen::inRange(0, 3); count > 0; --count) step.faults.push_back(any_fault());
  return step;
}

Scenario any_scenario() {
  Scenario scenario;
  scenario.title = any_text();
  scenario.source = any_text();
  scenario.subject = any_text();
  if (coin()) scenario.at = *rc::gen::arbitrary<std::uint32_t>();
  scenario.helm = coin() ? kHelm3 : kHelm4;
  for (int count = *rc::gen::inRange(1, 4); count > 0; --count) {
    scenario.nodes.push_back({.name = "node-" + std::to_string(count), .host = any_name(), .labels = {}});
    if (coin()) scenario.nodes.back().labels = {{any_text(), any_text()}};
  }
  for (int count = *rc::gen::inRange(1, 5); count > 0; --count) scenario.steps.push_back(any_step());
  scenario.expect.present = coin();
  if (!scenario.expect.present) return scenario;
  if (coin()) scenario.expect.findings = std::vector<std::string>{any_text()};
  if (coin()) scenario.expect.at_least = {any_text(), any_text()};
  return scenario;
}

RC_GTEST_PROP(ScenarioLaw, WrittenIsReadAgain, ()) {
  const Scenario scenario = any_scenario();
  const std::string text = write_scenario(scenario);
  const auto read_again = parse_scenario(text, "written.toml");
  if (!read_again) RC_FAIL(read_again.error().text() + "\n" + text);
  RC_ASSERT(*read_again == scenario);
  RC_ASSERT(write_scenario(*read_again) == text);
}

// A file with a few bytes changed is read or refused in one line; it never crashes.
RC_GTEST_PROP(ScenarioLaw, DamagedFilesAreRefusedInOneLine,
              (const std::vector<std::pair<std::uint16_t, char>>& damage)) {
  std::string text = kFieldReport;
  for (const auto& [place, byte] : damage) text[place % text.size()] = byte;
  const std::string line = refusal(text);
  RC_ASSERT(line == "accepted" || line.starts_with("s.toml"));
  RC_ASSERT(line.find('\n') == std::string::npos);
}

}  // namespace
}  // namespace barnacle
