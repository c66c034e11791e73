#include "sim/host/host.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "sim/base/sha256.h"
#include "sim/host/toml.h"

namespace barnacle {
namespace {

const std::string kHosts = std::string(BARNACLE_SOURCE_DIR) + "/fixtures/hosts";
constexpr const char* kContainerdConfig = "/etc/containerd/config.toml";
constexpr Time kNow = 1'750'000'000;

Host host_of(Store& store, std::string_view kind) {
  auto host = make_host(store, kHosts, kind);
  if (!host)
    throw std::runtime_error(host.error().file + ":" + std::to_string(host.error().line) + ": " + host.error().what);
  return std::move(*host);
}

// A folder with one host file, of this process alone (tests run side by side), gone at the end of the test.
struct HostFolder {
  std::filesystem::path path =
      std::filesystem::path(testing::TempDir()) / ("barnacle-host-kinds-" + std::to_string(::getpid()));
  explicit HostFolder(const std::string& text) {
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
    std::FILE* file = std::fopen((path / "node.toml").c_str(), "wb");
    std::fwrite(text.data(), 1, text.size(), file);
    std::fclose(file);
  }
  ~HostFolder() { std::filesystem::remove_all(path); }
  HostFolder(const HostFolder&) = delete;
  HostFolder& operator=(const HostFolder&) = delete;
};

TEST(HostKinds, AllOfThemStartTheirRuntimeAndOfferOnlyWhatWorks) {
  const auto kinds = list_host_kinds(kHosts);
  ASSERT_TRUE(kinds) << kinds.error().file << ": " << kinds.error().what;
  EXPECT_GE(kinds->size(), 8U);
  EXPECT_TRUE(std::ranges::is_sorted(*kinds, {}, &HostKind::name));
  for (const HostKind& kind : *kinds) {
    Store store;
    const Host host = host_of(store, kind.name);
    EXPECT_TRUE(host.runtime_running()) << kind.name;
    EXPECT_EQ(host.runtime, kind.runtime) << kind.name;
    EXPECT_EQ(host.units.at(host.runtime.unit()).state, UnitState::active) << kind.name;
    EXPECT_TRUE(host.units.at("kubelet").enabled) << kind.name;
    EXPECT_TRUE(broken_handlers(host.files, *host.loaded).empty()) << kind.name;
    EXPECT_TRUE(host.files.is_directory("/run") && host.files.is_directory("/tmp")) << kind.name;
    EXPECT_FALSE(kind.title.empty());
  }
}

// The recorded listings give mode, contents and place of everything on the host before an installation.
TEST(HostKinds, ThoseOfTheRecordingsHoldWhatWasRecorded) {
  struct Recorded {
    const char* kind;
    const char* config;  // SHA-256; empty: there is none
  };
  constexpr const char* kOsRelease = "51b53886bb338471fd76cd8f6748b0311b78d3b3b4663a3772c337267cb3fce3";
  constexpr const char* kBridge = "9df547a776cc61e3bed51573d31f5516db5a71d126e72fd9eb77c1a61242c7a9";
  const Recorded all[] = {
      {"ubuntu-24.04-containerd-2.0", "cd47d66fead22008760a3e933106042012c18cd2eb87b3e63ce162343bf0876f"},
      {"ubuntu-24.04-containerd-1.7", "2eebb0ec9a4ae617272c55a589e371fe7a8660003ae6ef7177e5acd66f235366"},
      {"ubuntu-24.04-crio-1.32", ""},
  };
  for (const Recorded& recorded : all) {
    Store store;
    const Host host = host_of(store, recorded.kind);
    std::vector<std::string> paths;
    walk(host.files.root(), [&](const std::string& path, const Node& node) {
      EXPECT_EQ(node.attributes.mtime, 1735689600) << path;
      if (path == "/run" || path == "/tmp") return;
      EXPECT_EQ(node.attributes.mode, node.kind == FileKind::directory ? 0755 : 0644) << path;
      paths.push_back(path);
    });
    std::vector<std::string> expected = {"/etc",
                                         "/etc/containerd",
                                         "/etc/containerd/config.toml",
                                         "/etc/crio",
                                         "/etc/crio/crio.conf.d",
                                         "/etc/os-release",
                                         "/etc/systemd",
                                         "/etc/systemd/system",
                                         "/opt",
                                         "/opt/cni",
                                         "/opt/cni/bin",
                                         "/opt/cni/bin/bridge",
                                         "/var",
                                         "/var/lib"};
    const auto sum = [&](const char* path) { return sha256_hex((*host.files.read(path))->bytes); };
    if (std::string_view(recorded.config).empty()) {
      std::erase(expected, kContainerdConfig);
    } else {
      EXPECT_EQ(sum(kContainerdConfig), recorded.config) << recorded.kind;
    }
    EXPECT_EQ(paths, expected) << recorded.kind;
    EXPECT_EQ(sum("/etc/os-release"), kOsRelease) << recorded.kind;
    EXPECT_EQ(sum("/opt/cni/bin/bridge"), kBridge) << recorded.kind;
  }
}

TEST(HostKinds, ErrorsInAHostFileSayWhereAndWhat) {
  struct Case {
    std::string text;
    int line;
    const char* what;
  };
  const std::string head = "title = \"x\"\nruntime = \"containerd://2.0.4\"\n";
  const Case cases[] = {
      {"runtime = \"containerd://2.0.4\"\n", 1, "misses 'title'"},
      {"title = \"x\"\nruntim = \"containerd://2.0.4\"\n", 2, "unknown key 'runtim', did you mean 'runtime'?"},
      {"title = \"x\"\nruntime = \"docker://1.2.3\"\n", 2, "containerd://2.0.4"},
      {"title = 1\nruntime = \"containerd://2.0.4\"\n", 1, "'title' must be a string"},
      {head + "[[file]]\npath = \"/a\"\ntex = \"x\"\n", 5, "did you mean 'text'?"},
      {head + "[[file]]\npath = \"/a\"\n", 3, "misses 'text'"},
      {head + "[[file]]\npath = \"a\"\ntext = \"\"\n", 4, "must be an absolute path"},
      {head + "[[file]]\npath = \"/a\"\nmode = 0o10000\ntext = \"\"\n", 5, "octal mode"},
      {head + "[[file]]\npath = \"/a\"\ntext = \"\"\n[[file]]\npath = \"/a\"\ntext = \"\"\n", 6, "/a: File exists"},
      {head + "[[file]]\npath = \"/a\"\ntext = \"\"\n[[directory]]\npath = \"/a/b\"\n", 3, "/a: File exists"},
      {head + "[unit]\nname = \"x\"\n", 3, "double brackets"},
      {head + "[[unit]]\nname = \"x\"\nactive = \"yes\"\n", 5, "true or false"},
      {head + "[[file]]\npath = \"/etc/containerd/config.toml\"\ntext = \"versio\"\n", 0, "does not start"},
      {head + "title = \"y\"\n", 3, "already exists"},
  };
  for (const Case& one : cases) {
    const HostFolder folder(one.text);
    Store store;
    const auto host = make_host(store, folder.path.string(), "node");
    ASSERT_FALSE(host) << one.text;
    EXPECT_EQ(host.error().line, one.line) << one.text << host.error().what;
    EXPECT_NE(host.error().what.find(one.what), std::string::npos) << host.error().what;
    EXPECT_NE(host.error().file.find("node.toml"), std::string::npos);
  }
}

TEST(HostKinds, MissingFoldersFilesAndOddFilesAreErrors) {
  Store store;
  EXPECT_EQ(make_host(store, kHosts, "no-such-kind").error().what, "no such file");
  EXPECT_FALSE(list_host_kinds(kHosts + "/no-such-folder"));
  const HostFolder folder(std::string((1U << 20U) + 1, '#'));
  EXPECT_NE(make_host(store, folder.path.string(), "node").error().what.find("larger"), std::string::npos);
  std::filesystem::create_directory(folder.path / "folder.toml");
  EXPECT_EQ(make_host(store, folder.path.string(), "folder").error().what, "is no regular file");
}

struct Systemd : testing::Test {
  Store store;
  Host host = host_of(store, "ubuntu-24.04-containerd-2.0");
  SystemctlResult run(std::string_view verb, std::string_view unit = "containerd", Time now = kNow) {
    return systemctl(host, verb, unit, now);
  }
};

TEST_F(Systemd, RestartLoadsWhatIsOnDisk) {
  const LoadedConfigPtr before = host.loaded;
  ASSERT_TRUE(host.files.write(kContainerdConfig, "version = 3\n[debug]\nlevel = \"debug\"\n", kNow));
  EXPECT_EQ(host.loaded, before) << "a write alone changes nothing that runs";
  EXPECT_EQ(run("restart").exit_status, 0);
  EXPECT_EQ(host.loaded->log_level, "debug");
}

TEST_F(Systemd, AConfigurationThatDoesNotLoadLeavesTheUnitFailedUntilItIsRepaired) {
  const std::string good = (*host.files.read(kContainerdConfig))->bytes;
  ASSERT_TRUE(host.files.write(kContainerdConfig, "version = 3\nimports = [\"/gone.toml\"]\n", kNow));
  const SystemctlResult result = run("restart");
  EXPECT_EQ(result.exit_status, 1);
  EXPECT_EQ(result.message, "Job for containerd.service failed because the control process exited with error code.");
  EXPECT_FALSE(host.runtime_running());
  EXPECT_NE(host.load_error.find("/gone.toml"), std::string::npos);
  EXPECT_EQ(host.units.at("containerd").state, UnitState::failed);
  EXPECT_EQ(run("is-active").exit_status, 3);
  ASSERT_TRUE(host.files.write(kContainerdConfig, good, kNow));
  EXPECT_EQ(run("start").exit_status, 0);
  EXPECT_TRUE(host.load_error.empty());
  EXPECT_EQ(run("is-active").exit_status, 0);
}

// Z95: a crash loop of the deploy logic restarts the runtime until systemd has had enough.
TEST_F(Systemd, TheSixthRestartInTenSecondsIsRefusedAndTheUnitStaysFailed) {
  for (Time second = 0; second < 5; ++second) EXPECT_EQ(run("restart", "containerd", kNow + second).exit_status, 0);
  const SystemctlResult sixth = run("restart", "containerd", kNow + 9);
  EXPECT_EQ(sixth.exit_status, 1);
  EXPECT_NE(sixth.message.find("attempted too often"), std::string::npos);
  EXPECT_EQ(host.units.at("containerd").state, UnitState::failed);
  EXPECT_FALSE(host.runtime_running());
  EXPECT_EQ(run("restart", "containerd", kNow + 10).exit_status, 0) << "the ten seconds are over";
}

TEST_F(Systemd, UnknownUnitsAreNotFound) {
  const SystemctlResult result = run("restart", "nydus-snapshotter.service");
  EXPECT_EQ(result.exit_status, 5);
  EXPECT_NE(result.message.find("Unit nydus-snapshotter.service not found."), std::string::npos);
  EXPECT_EQ(run("is-active", "nydus-snapshotter").exit_status, 3);
  EXPECT_EQ(run("enable", "nydus-snapshotter").exit_status, 1);
}

// Z35: uninstalling left the unit enabled and took its program away.
TEST_F(Systemd, AUnitFileAppearsWithDaemonReloadAndFailsAtBootOnceItsProgramIsGone) {
  ASSERT_TRUE(host.files.make_directories("/opt/kata/nydus", kNow));
  ASSERT_TRUE(host.files.write("/opt/kata/nydus/containerd-nydus-grpc", "#!/bin/sh\n", kNow, 0755));
  ASSERT_TRUE(host.files.write("/etc/systemd/system/nydus-snapshotter.service",
                               "[Service]\nExecStart=/opt/kata/nydus/containerd-nydus-grpc --config x\n", kNow));
  EXPECT_EQ(run("restart", "nydus-snapshotter").exit_status, 5) << "systemd has not read it yet";
  EXPECT_EQ(run("daemon-reload", "").exit_status, 0);
  EXPECT_EQ(run("enable", "nydus-snapshotter").exit_status, 0);
  EXPECT_EQ(run("restart", "nydus-snapshotter").exit_status, 0);
  ASSERT_TRUE(host.files.remove_all("/opt/kata", kNow));
  reboot(host, kNow + 60);
  EXPECT_EQ(host.units.at("nydus-snapshotter").state, UnitState::failed);
  ASSERT_TRUE(host.files.unlink("/etc/systemd/system/nydus-snapshotter.service", kNow + 60));
  run("daemon-reload", "");
  EXPECT_FALSE(host.units.contains("nydus-snapshotter"));
}

TEST_F(Systemd, StopUnloadsAndStartOfARunningUnitDoesNothing) {
  EXPECT_EQ(run("start").exit_status, 0);
  EXPECT_EQ(run("stop").exit_status, 0);
  EXPECT_FALSE(host.runtime_running());
  EXPECT_TRUE(host.load_error.empty());
  EXPECT_EQ(run("frobnicate").exit_status, 1);
}

TEST_F(Systemd, ARebootEmptiesRunAndTmpAndStartsWhatIsEnabled) {
  ASSERT_TRUE(host.files.write("/tmp/x", "x", kNow));
  ASSERT_TRUE(host.files.make_directories("/run/kata-deploy/lock", kNow));
  for (int i = 0; i < 6; ++i) run("restart");
  run("disable", "kubelet");
  reboot(host, kNow + 1);
  EXPECT_TRUE(host.files.list("/tmp")->empty());
  EXPECT_TRUE(host.files.list("/run")->empty());
  EXPECT_TRUE(host.runtime_running()) << "the start limit does not outlive a boot";
  EXPECT_EQ(host.units.at("kubelet").state, UnitState::inactive);
}

TEST_F(Systemd, SeenHashIgnoresDatesAndStartsButNotWhatRuns) {
  Host other = host;
  EXPECT_EQ(other.state_hash(), host.state_hash());
  systemctl(other, "restart", "containerd", kNow);
  EXPECT_EQ(other.seen_hash(), host.seen_hash());
  EXPECT_NE(other.state_hash(), host.state_hash()) << "one start of five is used up";
  ASSERT_TRUE(other.files.set_mtime(kContainerdConfig, kNow));
  EXPECT_EQ(other.seen_hash(), host.seen_hash());
  systemctl(other, "disable", "containerd", kNow);
  EXPECT_NE(other.seen_hash(), host.seen_hash());
}

// Whatever is done to a host's units, a runtime that runs is an active unit, and a copy taken before is untouched.
RC_GTEST_PROP(SystemdLaws, LoadedExactlyWhileActive, ()) {
  Store store;
  Host host = host_of(store, "ubuntu-24.04-containerd-2.0");
  const Host untouched = host;
  const Hash128 before = untouched.state_hash();
  const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 8));
  Time now = kNow;
  for (const int step : steps) {
    constexpr const char* kVerbs[] = {"start", "stop", "restart", "enable", "disable"};
    if (step < 5) (void)systemctl(host, kVerbs[step], "containerd", now);
    if (step == 5) (void)host.files.write(kContainerdConfig, "version = 3\nimports = [\"/gone\"]\n", now);
    if (step == 6) (void)host.files.write(kContainerdConfig, "version = 3\n", now);
    if (step == 7) reboot(host, now);
    now += 3;
    const Unit& unit = host.units.at("containerd");
    RC_ASSERT(host.runtime_running() == (unit.state == UnitState::active));
    RC_ASSERT(unit.recent_starts.size() <= 5U);
    RC_ASSERT(host.load_error.empty() || unit.state != UnitState::active);
  }
  RC_ASSERT(untouched.state_hash() == before);
}

}  // namespace
}  // namespace barnacle
