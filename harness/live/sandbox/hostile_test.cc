// Programs that mean harm, or only behave as badly: each runs, and the machine is as it was.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/live/sandbox/sandbox_test_support.h"

namespace barnacle {

namespace {

using namespace std::chrono_literals;

class HostileTest : public SandboxTest {
 protected:
  void SetUp() override {
    SandboxTest::SetUp();
    if (IsSkipped()) return;
    write_file(work / "sentinel", "untouched\n");
    write_file(work / "outside/file", "untouched\n");
  }

  void expect_unharmed() const {
    EXPECT_EQ(read_file(work / "sentinel"), "untouched\n");
    EXPECT_EQ(read_file(work / "outside/file"), "untouched\n");
    EXPECT_TRUE(fs::exists("/usr/bin/env"));
    EXPECT_TRUE(fs::exists("/etc/passwd"));
  }

  Result run_hostile(const std::string& script) {
    SandboxSpec spec = shell(script);
    spec.host_pid = true;
    return run(spec);
  }
};

TEST_F(HostileTest, RemovingEverythingRemovesWhatTheNodeHasMounted) {
  write_file(node / "opt/file", "the node's\n");
  SandboxSpec spec =
      shell("rm -rf /opt; nsenter --target 1 --mount rm -rf --no-preserve-root / & rm -rf --no-preserve-root /; wait");
  spec.host_pid = true;
  spec.limits.time = 2s;
  run(spec);
  EXPECT_FALSE(fs::exists(node / "opt/file")) << "a node can be harmed: that is what is to be found";
  expect_unharmed();
}

TEST_F(HostileTest, ALinkInTheNodeLeadsNowhereElse) {
  fs::create_symlink("/", node / "opt/root");
  fs::create_symlink(work / "outside", node / "opt/out");
  fs::create_symlink("../../outside", node / "opt/up");
  SandboxSpec spec = shell("echo harm > /root-of-node" + work.string() +
                           "/sentinel; echo harm > /opt/out/file;"
                           " echo harm > /opt/up/file; ls /root-of-node");
  spec.mounts.push_back({.at = "/root-of-node", .from = node / "opt/root"});
  EXPECT_NE(run(spec).output.find("containerd\n"), 0U);
  expect_unharmed();
  spec.mounts.back() = {.at = "/x", .from = node / "opt/out"};
  EXPECT_FALSE(Sandbox::start(spec).has_value()) << "on the node there is no such folder";
  spec.mounts.back() = {.at = "/x", .from = node / "opt/up"};
  EXPECT_FALSE(Sandbox::start(spec).has_value()) << "the node's root is its own parent";
}

TEST_F(HostileTest, ProcLeadsNowhereElse) {
  const std::string sentinel = work.string() + "/sentinel";
  const Result result =
      run_hostile("for p in /proc/[0-9]* /proc/self; do echo harm > $p/root" + sentinel + "; echo harm > $p/cwd" +
                  sentinel + "; for f in $p/fd/*; do echo harm > $f" + sentinel +
                  "; done; done; echo 1 > /proc/sys/kernel/panic; echo h > /proc/sys/kernel/core_pattern; echo b > "
                  "/proc/sysrq-trigger; wc -c < /proc/kcore; ls /proc/1/fd | wc -l; true");
  EXPECT_NE(result.output.find("/proc/sys/kernel/panic: Read-only file system"), std::string::npos);
  EXPECT_NE(read_file("/proc/sys/kernel/core_pattern"), "h\n");
  expect_unharmed();
}

TEST_F(HostileTest, NothingCanBeMountedAndNoNamespaceMade) {
  const Result result = run_hostile(
      "mount -t tmpfs x /mnt && echo MOUNTED; mount --bind / /mnt && echo MOUNTED; umount /proc && echo UNMOUNTED; "
      "umount -l /opt && echo UNMOUNTED; mount -o remount,rw /proc/sys && echo MOUNTED; unshare -m true && echo "
      "UNSHARED; unshare -U true && echo UNSHARED; nsenter --target 1 --mount umount /proc && echo UNMOUNTED; "
      "nsenter --target 1 --mount mount -t proc x /proc && echo MOUNTED; mknod /opt/disk b 254 0 && echo MADE; true");
  EXPECT_EQ(result.output.find("MOUNTED\n"), std::string::npos) << result.output;
  EXPECT_EQ(result.output.find("UNSHARED\n"), std::string::npos) << result.output;
  EXPECT_EQ(result.output.find("MADE\n"), std::string::npos) << result.output;
  expect_unharmed();
}

TEST_F(HostileTest, NobodyIsReachedOverTheNetwork) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener, 4), 0);
  ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const Result result =
      run_hostile("for to in 127.0.0.1/" + std::to_string(ntohs(address.sin_port)) +
                  " 1.1.1.1/80 169.254.169.254/80; do (echo > /dev/tcp/$to) 2>/dev/null && echo REACHED $to; done; "
                  "python3 -c 'import socket; socket.socket(40, 1, 0)' 2>&1 | tail -1");
  EXPECT_EQ(result.output.find("REACHED"), std::string::npos) << result.output;
  EXPECT_NE(result.output.find("Address family not supported"), std::string::npos) << result.output;
  pollfd ready{listener, POLLIN, 0};
  EXPECT_EQ(poll(&ready, 1, 0), 0) << "somebody connected";
  close(listener);
}

TEST_F(HostileTest, AForkBombStaysInItsBounds) {
  SandboxSpec spec = shell("bomb() { bomb | bomb & }; bomb; while :; do :; done");
  spec.limits.time = 2s;
  spec.limits.processes = 40;
  spec.host_pid = true;
  const Result result = run(spec);
  EXPECT_TRUE(result.exit.timed_out || result.exit.too_many_processes);
  EXPECT_EQ(result.exit.status, 137);
}

TEST_F(HostileTest, AMemoryHogIsRefusedOrKilled) {
  SandboxSpec one = shell("python3 -c 'x = bytearray(1 << 30)' 2>&1 | tail -1");
  one.limits.memory_bytes = 200ULL << 20U;
  EXPECT_EQ(run(one).output, "MemoryError\n");
  SandboxSpec many =
      shell("for i in 1 2 3 4 5; do python3 -c 'x = b\"x\" * (60 << 20); import time; time.sleep(50)' & done; wait");
  many.limits.memory_bytes = 200ULL << 20U;
  EXPECT_TRUE(run(many).exit.out_of_memory);
  SandboxSpec hidden = shell("python3 -c 'import os; os.memfd_create(\"x\")' 2>&1 | tail -1");
  EXPECT_NE(run(hidden).output.find("not implemented"), std::string::npos);
}

TEST_F(HostileTest, ADiskFillerIsStopped) {
  SandboxSpec layer = shell("head -c 100M /dev/zero > /fill; echo $?; head -c 100M /dev/zero > /dev/shm/fill; echo $?");
  layer.limits.layer_bytes = 20ULL << 20U;
  EXPECT_NE(run(layer).output.find("No space left"), std::string::npos);
  SandboxSpec file = shell("(head -c 100M /dev/zero > /opt/fill)");
  file.limits.file_bytes = 10ULL << 20U;
  run(file);
  EXPECT_EQ(fs::file_size(node / "opt/fill"), 10ULL << 20U);
  SandboxSpec folder = shell("for ((i = 0; ; i++)); do head -c 1M /dev/zero > /opt/fill-$i; done");
  folder.limits.disk_bytes = 64ULL << 20U;
  EXPECT_TRUE(run(folder).exit.disk_full);
}

TEST_F(HostileTest, EndlessOutputIsCutOff) {
  SandboxSpec spec = shell("yes & yes >&2 & wait");
  spec.limits.time = 1s;
  spec.limits.output_bytes = 1000;
  const Result result = run(spec);
  EXPECT_TRUE(result.exit.timed_out);
  EXPECT_EQ(result.output.size(), 1000U);
}

TEST_F(HostileTest, ADaemonEndsWithTheContainer) {
  const Result result = run_hostile(
      "(setsid nohup bash -c 'trap \"\" TERM HUP; while :; do echo alive >> /opt/alive; done' >/dev/null 2>&1 &); "
      "while [ ! -s /opt/alive ]; do :; done");
  EXPECT_EQ(result.exit.status, 0);
  const auto size = fs::file_size(node / "opt/alive");
  usleep(100000);
  EXPECT_EQ(fs::file_size(node / "opt/alive"), size);
}

TEST_F(HostileTest, WhoIgnoresSigtermIsKilled) {
  SandboxSpec spec = shell("trap '' TERM; sleep infinity");
  spec.host_pid = true;
  auto sandbox = Sandbox::start(spec);
  ASSERT_TRUE(sandbox.has_value()) << sandbox.error();
  while (!(*sandbox)->settled()) ASSERT_TRUE((*sandbox)->pump(50ms, nullptr));
  (*sandbox)->terminate(100ms);
  while ((*sandbox)->pump(50ms, nullptr)) continue;
  EXPECT_EQ((*sandbox)->exit()->status, 137);
}

TEST_F(HostileTest, InitCannotBeKilledNorTraced) {
  const Result result = run_hostile(
      "kill -9 1; kill -STOP 1; echo on; python3 -c '\n"
      "import ctypes, os\n"
      "c = ctypes.CDLL(None, use_errno=True)\n"
      "print(c.ptrace(16, 1, 0, 0), os.strerror(ctypes.get_errno()))\n"
      "print(c.syscall(321, 0, 0, 0), os.strerror(ctypes.get_errno()))\n"
      "print(c.syscall(425, 8, 0), os.strerror(ctypes.get_errno()))\n'");
  EXPECT_EQ(result.output, "on\n-1 Operation not permitted\n-1 Operation not permitted\n-1 Function not implemented\n");
  EXPECT_EQ(result.exit.status, 0);
}

TEST_F(HostileTest, ManyStartsLeaveNoDescriptorAndNoZombie) {
  const auto descriptors = [] {
    return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
  };
  const auto before = descriptors();
  SandboxSpec spec = shell("true");
  for (int i = 0; i < 30; ++i) run(spec);
  for (int i = 0; i < 5; ++i) Sandbox::start(shell("sleep infinity"));
  spec.argv = {"no-such-program"};
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(Sandbox::start(spec).has_value());
  EXPECT_EQ(descriptors(), before);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
}

}  // namespace

}  // namespace barnacle
