#include "harness/live/sandbox/sandbox.h"

#include <gtest/gtest.h>

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

}  // namespace

}  // namespace barnacle
