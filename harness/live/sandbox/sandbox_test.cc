#include "harness/live/sandbox/sandbox.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/live/sandbox/sandbox_test_support.h"

namespace barnacle {

namespace {

using namespace std::chrono_literals;

TEST_F(SandboxTest, AScriptRunsOverTheNodeAndItsExitAndOutputAreTold) {
  const Result result =
      run(shell("echo one; echo two >&2; echo three; echo conf > /etc/containerd/config.toml; exit 7"));
  EXPECT_EQ(result.exit.status, 7);
  EXPECT_FALSE(result.exit.terminated);
  EXPECT_EQ(result.output, "one\ntwo\nthree\n");
  EXPECT_EQ(read_file(node / "etc/containerd/config.toml"), "conf\n");
}

TEST_F(SandboxTest, WithHostPidNsenterReachesTheNodesSystemctl) {
  SandboxSpec spec = shell(
      "nsenter --target 1 --mount systemctl restart containerd; echo $?; nsenter --target 1 --mount cat "
      "/etc/os-release");
  spec.host_pid = true;
  std::vector<std::string> asked;
  const Result result = run(spec, [&](const StandInCall& call) {
    asked = call.argv;
    return Answer{.exit = 5, .out = "out\n", .err = "err\n"};
  });
  EXPECT_EQ(asked, (std::vector<std::string>{"systemctl", "restart", "containerd"}));
  EXPECT_EQ(result.output, "out\nerr\n5\nID=barnacle\n");
  EXPECT_EQ(result.exit.status, 0);
}

TEST_F(SandboxTest, ChrootIntoTheWholeNodeReachesTheNodesSystemctlToo) {
  SandboxSpec spec = shell("touch /host/marker; chroot /host systemctl daemon-reload");
  fs::create_symlink("usr/bin", node / "bin");
  fs::create_symlink("usr/lib", node / "lib");
  fs::create_symlink("usr/lib64", node / "lib64");
  spec.mounts = {{.at = "/host", .from = node}};
  const Result result = run(spec, [](const StandInCall&) { return Answer{.exit = 0, .out = "reloaded\n"}; });
  EXPECT_EQ(result.output, "reloaded\n");
  EXPECT_TRUE(fs::exists(node / "marker"));
}

TEST_F(SandboxTest, WhatInitsViewWritesLandsOnTheNodeOrIsRefused) {
  SandboxSpec spec =
      shell("nsenter --target 1 --mount bash -c 'echo x > /usr/local/bin/x; mkdir /etc/new; mkdir /new'");
  spec.host_pid = true;
  EXPECT_EQ(run(spec).output, "mkdir: cannot create directory '/new': Read-only file system\n");
  EXPECT_TRUE(fs::exists(node / "usr/local/bin/x"));
  EXPECT_TRUE(fs::exists(node / "etc/new"));
}

TEST_F(SandboxTest, ANodesFolderGetsNothingButWhatTheContainerWrote) {
  const auto listing = [&] {
    std::string text;
    for (const auto& entry : fs::recursive_directory_iterator(node)) {
      struct stat status{};
      lstat(entry.path().c_str(), &status);
      text += entry.path().string() + " " + std::to_string(status.st_mode) + " " + std::to_string(status.st_uid) + " " +
              std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec) + "\n";
    }
    return text;
  };
  const std::string before = listing();
  SandboxSpec spec = shell("nsenter --target 1 --mount cat /etc/os-release; ls /opt; cp /etc/hosts /tmp; touch /new");
  spec.host_pid = true;
  EXPECT_EQ(run(spec).exit.status, 0);
  EXPECT_EQ(listing(), before);
}

TEST_F(SandboxTest, ModesOwnersAndTimesOfWrittenFilesAreKept) {
  const Result result =
      run(shell("install -m 750 /etc/hosts /opt/file; touch -d @1000000000 /opt/file; mkdir -m 700 /opt/folder"));
  EXPECT_EQ(result.output, "");
  struct stat status{};
  ASSERT_EQ(lstat((node / "opt/file").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0750U);
  EXPECT_EQ(status.st_mtim.tv_sec, 1000000000);
  EXPECT_EQ(status.st_uid, geteuid()) << "root inside writes files of whoever drives";
  ASSERT_EQ(lstat((node / "opt/folder").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0700U);
}

TEST_F(SandboxTest, TheImageIsFreshAtEveryStart) {
  write_file(work / "base/opt-artifacts/file", "base\n");
  write_file(work / "base/usr/bin/own-tool", "#!/bin/sh\necho tool\n");
  fs::permissions(work / "base/usr/bin/own-tool",
                  fs::perms::owner_all | fs::perms::others_read | fs::perms::others_exec);
  write_file(work / "overlay/opt-artifacts/second", "second\n");
  SandboxSpec spec = shell(
      "own-tool; cat /opt-artifacts/*; sed -i s/base/edited/ /opt-artifacts/file; rm /opt-artifacts/second;"
      " cat /opt-artifacts/*; mkdir /usr/local/lib/x && rm -rf /opt-artifacts && mkdir /opt-artifacts && ls -A "
      "/opt-artifacts");
  spec.image = {work / "base", work / "overlay"};
  EXPECT_EQ(run(spec).output, "tool\nbase\nsecond\nedited\n");
  EXPECT_EQ(run(spec).output, "tool\nbase\nsecond\nedited\n");
  EXPECT_EQ(read_file(work / "base/opt-artifacts/file"), "base\n");
}

TEST_F(SandboxTest, FiniteSleepsEndAtOnceAndSleepInfinitySettles) {
  auto sandbox = Sandbox::start(shell("sleep 2s; sleep 1h; echo slept; sleep infinity; echo never"));
  ASSERT_TRUE(sandbox.has_value()) << sandbox.error();
  while (!(*sandbox)->settled()) ASSERT_TRUE((*sandbox)->pump(50ms, nullptr)) << (*sandbox)->output();
  EXPECT_EQ((*sandbox)->slept_s(), 3602);
  EXPECT_FALSE((*sandbox)->exit().has_value());
  (*sandbox)->terminate(0ms);
  while ((*sandbox)->pump(50ms, nullptr)) continue;
  EXPECT_TRUE((*sandbox)->exit()->terminated);
  EXPECT_EQ((*sandbox)->output(), "slept\n");
}

TEST_F(SandboxTest, WithHostPidSigtermReachesTheMainProcess) {
  SandboxSpec spec = shell("trap 'echo cleanup; exit 3' TERM; sleep infinity & wait");
  spec.host_pid = true;
  auto sandbox = Sandbox::start(spec);
  ASSERT_TRUE(sandbox.has_value()) << sandbox.error();
  while (!(*sandbox)->settled()) ASSERT_TRUE((*sandbox)->pump(50ms, nullptr));
  (*sandbox)->terminate(30s);
  while ((*sandbox)->pump(50ms, nullptr)) continue;
  EXPECT_EQ((*sandbox)->exit()->status, 3);
  EXPECT_EQ((*sandbox)->output(), "cleanup\n");
}

TEST_F(SandboxTest, TheApiListenerIsReachedFromInside) {
  SandboxSpec spec = shell("exec 3<>/dev/tcp/127.0.0.1/6443; echo hello >&3; cat <&3");
  spec.api_port = 6443;
  auto sandbox = Sandbox::start(spec);
  ASSERT_TRUE(sandbox.has_value()) << sandbox.error();
  const int listener = (*sandbox)->take_api_listener();
  EXPECT_EQ((*sandbox)->take_api_listener(), -1);
  pollfd ready{listener, POLLIN, 0};
  ASSERT_EQ(poll(&ready, 1, 30000), 1);
  const int connection = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  char bytes[64];
  EXPECT_EQ(recv(connection, bytes, sizeof bytes, 0), 6);
  EXPECT_EQ(send(connection, "answer\n", 7, 0), 7);
  close(connection);
  close(listener);
  while ((*sandbox)->pump(50ms, nullptr)) continue;
  EXPECT_EQ((*sandbox)->output(), "answer\n");
}

TEST_F(SandboxTest, AShellScriptsTraceTellsFileAndLineApartFromItsOutput) {
  write_file(work / "image/deploy.sh", "#!/usr/bin/env bash\n\necho deployed > /opt/file\n");
  SandboxSpec spec = shell("");
  spec.image = {work / "image"};
  spec.argv = {"bash", "/deploy.sh"};
  spec.trace_bash = true;
  const Result result = run(spec);
  EXPECT_EQ(result.output, "");
  EXPECT_EQ(result.trace, "+/deploy.sh:3: echo deployed\n");
}

TEST_F(SandboxTest, TheUsualWaysOfAShellWork) {
  const Result result =
      run(shell("cat <(echo one); echo two > /dev/stdout; echo three > /dev/stderr; file=$(mktemp); "
                "echo four | tee $file; mkfifo /tmp/fifo; cat /tmp/fifo & echo five > /tmp/fifo; wait;"
                "[ -c /dev/null ] && awk 'BEGIN { print \"six\" }'; ls /proc/self/fd | wc -l"));
  EXPECT_EQ(result.output, "one\ntwo\nthree\nfour\nfive\nsix\n4\n") << "and nothing but the streams is open";
}

TEST_F(SandboxTest, EnvironmentFolderAndHostnameAreThoseOfTheSpec) {
  SandboxSpec spec = shell("echo $GREETING $PWD $(cat /proc/sys/kernel/hostname) ${HOME-none}");
  spec.env = {{"GREETING", "ahoy"}};
  spec.cwd = "/opt";
  spec.hostname = "kata-deploy-x1";
  EXPECT_EQ(run(spec).output, "ahoy /opt kata-deploy-x1 none\n");
}

TEST_F(SandboxTest, AKilledMainProcessEndsWith128AndItsSignal) {
  SandboxSpec spec = shell("kill -9 $$");
  spec.host_pid = true;
  EXPECT_EQ(run(spec).exit.status, 137);
}

TEST_F(SandboxTest, WhatIsMissingIsSaidInOneLine) {
  SandboxSpec spec = shell("true");
  spec.argv = {"no-such-program"};
  EXPECT_EQ(Sandbox::start(spec).error(), "sandbox: starting no-such-program: No such file or directory");
  spec = shell("true");
  spec.mounts.push_back({.at = "/etc/crio", .from = node / "etc/crio"});
  EXPECT_EQ(Sandbox::start(spec).error(),
            "sandbox: opening " + (node / "etc/crio").string() + " for /etc/crio: No such file or directory");
}

}  // namespace

}  // namespace barnacle
