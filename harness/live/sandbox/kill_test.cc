// Killing the driving process, at any moment, leaves no process, no mount and no file outside its work folder.
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>
#include <thread>

#include "harness/live/sandbox/sandbox_test_support.h"

namespace barnacle {

namespace {

using namespace std::chrono_literals;

class KillTest : public SandboxTest {
 protected:
  // The driver is a process of its own, forked while this one has a single thread; it starts sandbox after sandbox.
  pid_t start_driver(const SandboxSpec& spec) {
    const pid_t driver = fork();
    if (driver != 0) return driver;
    while (true) {
      auto sandbox = Sandbox::start(spec);
      if (!sandbox) _exit(1);
      const auto end = std::chrono::steady_clock::now() + 30ms;
      while (std::chrono::steady_clock::now() < end && (*sandbox)->pump(1ms, nullptr)) continue;
    }
  }

  // Orphans come to us, as they would come to the machine's init: nobody's end goes unseen.
  static bool all_children_end_within(std::chrono::seconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (true) {
      const pid_t ended = waitpid(-1, nullptr, WNOHANG);
      if (ended < 0) return true;
      if (ended == 0 && std::chrono::steady_clock::now() > end) return false;
      if (ended == 0) std::this_thread::sleep_for(1ms);
    }
  }

  static int runs() {
    const char* wanted = std::getenv("BARNACLE_KILL_RUNS");
    return wanted == nullptr ? 50 : std::atoi(wanted);
  }
};

TEST_F(KillTest, AKilledDriverLeavesNothing) {
  ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  const std::string mounts = read_file("/proc/self/mountinfo");
  const auto temporary_files = [] {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(fs::temp_directory_path())) {
      const std::string name = entry.path().filename();
      if (name.find("stage") != std::string::npos || name.starts_with("barnacle-trial")) names.push_back(name);
    }
    return names;
  };
  const auto files = temporary_files();
  SandboxSpec spec = shell("(trap '' TERM; setsid bash -c 'while :; do echo x > /opt/file; done') & wait");
  spec.host_pid = true;
  spec.gate = gate_supported().has_value();
  std::mt19937 random(4);  // the moment is chance anyway
  for (int i = 0; i < runs(); ++i) {
    const pid_t driver = start_driver(spec);
    ASSERT_GT(driver, 0);
    std::this_thread::sleep_for(std::chrono::microseconds(random() % 80000));
    ASSERT_EQ(kill(driver, SIGKILL), 0);
    ASSERT_TRUE(all_children_end_within(20s)) << "a process is left";
  }
  EXPECT_EQ(read_file("/proc/self/mountinfo"), mounts);
  EXPECT_EQ(temporary_files(), files);
  for (const auto& entry : fs::directory_iterator(work)) EXPECT_EQ(entry.path(), node);
  prctl(PR_SET_CHILD_SUBREAPER, 0);
}

}  // namespace

}  // namespace barnacle
