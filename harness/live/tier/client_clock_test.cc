#include "harness/live/tier/client_clock.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <thread>

#include "harness/live/tier/child_process.h"

namespace barnacle {
namespace {

using std::chrono::milliseconds;

// Waits for an hour of its own clock, looking at it now and then.
constexpr const char* kPatient =
    "import select, time\n"
    "start = time.monotonic()\n"
    "while time.monotonic() - start < 3600: select.select([], [], [], 0.01)\n"
    "print('an hour later')\n";

struct ClientClockTest : ::testing::Test {
  ClientClockTest() {
    std::string name = (std::filesystem::temp_directory_path() / "barnacle-clock-XXXXXX").string();
    folder = ::mkdtemp(name.data());
  }
  ~ClientClockTest() override { std::filesystem::remove_all(folder); }

  ChildProcess patient() const {
    return std::move(*ChildProcess::start(
        {.argv = {"/usr/bin/python3", "-c", kPatient}, .env = {{"PATH", "/usr/bin:/bin"}}, .folder = folder}));
  }
  static bool ends_soon(ChildProcess& process) {
    for (int i = 0; i < 500 && !process.ended(); ++i) std::this_thread::sleep_for(milliseconds(10));
    return process.ended().has_value();
  }

  std::filesystem::path folder;
};

TEST_F(ClientClockTest, AProgramThatWaitsForAnHourWaitsNoLongerOnceItsClockIsPutForward) {
  if (!ClientClock::can_be_moved()) GTEST_SKIP() << "programs of this machine ask for the time in another way";
  ChildProcess process = patient();
  std::this_thread::sleep_for(milliseconds(200));
  ASSERT_FALSE(process.ended());
  ClientClock clock(process.number());
  if (!clock.move(std::chrono::seconds(3000))) GTEST_SKIP() << "no program may be traced here";
  std::this_thread::sleep_for(milliseconds(200));
  EXPECT_FALSE(process.ended()) << "ten minutes are left";
  EXPECT_TRUE(clock.move(std::chrono::seconds(3000)));
  ASSERT_TRUE(ends_soon(process));
  EXPECT_EQ(process.ended(), 0);
  EXPECT_EQ(process.standard_output(), "an hour later\n");
}

// On a busy machine a client that was about to ask looked asleep, thread by thread; the virtual deadline went by before
// it had asked for anything, and `helm install --wait` timed out.
TEST_F(ClientClockTest, AProgramThatRanInBetweenWasNotAsleep) {
  ChildProcess restless = patient();
  ChildProcess sleeping = std::move(
      *ChildProcess::start({.argv = {"/usr/bin/sleep", "3600"}, .env = {{"PATH", "/usr/bin:/bin"}}, .folder = folder}));
  ClientClock of_restless(restless.number());
  ClientClock of_sleeping(sleeping.number());
  (void)of_restless.asleep_for();
  for (int i = 0; i < 500 && of_sleeping.asleep_for() < milliseconds(300); ++i) {
    std::this_thread::sleep_for(milliseconds(10));
    (void)of_restless.asleep_for();
  }
  EXPECT_GE(of_sleeping.asleep_for(), milliseconds(300));
  EXPECT_LT(of_restless.asleep_for(), milliseconds(300));
  restless.kill();
  EXPECT_EQ(of_restless.asleep_for(), milliseconds(0)) << "what has ended waits for nothing";
}

TEST_F(ClientClockTest, AProgramThatHasEndedIsLeftAlone) {
  ChildProcess process = patient();
  process.kill();
  EXPECT_FALSE(ClientClock(process.number()).move(std::chrono::seconds(1)));
  EXPECT_EQ(process.ended(), 137);
}

}  // namespace
}  // namespace barnacle
