#include "sim/deploy/task.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "sim/base/sanitized.h"
#include "sim/deploy/shell.h"

namespace barnacle {
namespace {

// Says when it is made and when it is gone, as a local of a frame does.
class Trace {
 public:
  Trace(std::vector<std::string>& log, std::string name) : log_(log), name_(std::move(name)) {
    log_.push_back("+" + name_);
  }
  ~Trace() { log_.push_back("-" + name_); }
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

 private:
  std::vector<std::string>& log_;
  std::string name_;
};

using Log = std::vector<std::string>;

Task<int> add(int a, int b) { co_return a + b; }

Task<int> sum_to(int n) {
  if (n == 0) co_return 0;
  const int below = co_await sum_to(n - 1);
  co_return co_await add(below, n);
}

TEST(Tasks, RunNothingBeforeTheyAreStarted) {
  Log log;
  const auto program = [](Log& out) -> Work {
    out.push_back("ran");
    co_return;
  };
  {
    const Work never = program(log);
  }
  EXPECT_TRUE(log.empty());
  Work work = program(log);
  work.start();
  EXPECT_TRUE(work.done());
  EXPECT_EQ(log, Log{"ran"});
}

TEST(Tasks, NestedOnesGiveTheirResults) {
  Task<int> program = sum_to(100);
  program.start();
  ASSERT_TRUE(program.done());
  EXPECT_EQ(program.result(), 5050);
}

// Symmetric transfer: a chain of awaits takes no stack, neither on the way in nor on the way out.
TEST(Tasks, DeepNestingTakesNoStack) {
  // AddressSanitizer's frames keep g++ from tail calls: there, only the results are looked at.
  constexpr int kDepth = kSanitized ? 500 : 20'000;
  Task<int> program = sum_to(kDepth);
  program.start();
  EXPECT_EQ(program.result(), kDepth * (kDepth + 1) / 2);
}

TEST(Tasks, MoveOnlyResultsAreHandedOver) {
  const auto make = []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(7); };
  const auto use = [&]() -> Task<int> {
    const std::unique_ptr<int> made = co_await make();
    co_return *made;
  };
  Task<int> program = use();
  program.start();
  EXPECT_EQ(program.result(), 7);
}

Work fails(Log& log) {
  const Trace inner(log, "inner");
  throw std::runtime_error("disk on fire");
  co_return;
}

Work passes_on(Log& log) {
  const Trace outer(log, "outer");
  co_await fails(log);
  log.push_back("not reached");
}

TEST(Tasks, AnExceptionGoesThroughEveryAwaitToTheResult) {
  Log log;
  Work program = passes_on(log);
  program.start();
  ASSERT_TRUE(program.done());
  EXPECT_THROW(program.result(), std::runtime_error);
  EXPECT_EQ(log, (Log{"+outer", "+inner", "-inner", "-outer"}));
}

TEST(Tasks, AnExceptionCanBeCaughtAroundAnAwait) {
  Log log;
  const auto program = [](Log& out) -> Task<std::string> {
    std::string caught = "nothing";
    try {
      co_await passes_on(out);
    } catch (const std::runtime_error& error) {
      caught = error.what();
    }
    co_return caught;
  };
  Task<std::string> task = program(log);
  task.start();
  EXPECT_EQ(task.result(), "disk on fire");
}

Task<bool> look(Shell& shell, Log& log, std::string path) {
  const Trace here(log, "look " + path);
  const EffectResult result = co_await shell.stat(path);
  co_return result.ok();
}

Work tour(Shell& shell, Log& log) {
  const Trace here(log, "tour");
  const bool a = co_await look(shell, log, "/a");
  if (!a) shell.fail("a is missing");
  co_await look(shell, log, "/b");
}

TEST(Programs, StopAtEveryEffectAndGoOnWithItsAnswer) {
  Store store;
  Shell shell(store);
  Log log;
  Work program = tour(shell, log);
  program.start();
  EXPECT_EQ(shell.pending().kind, EffectKind::stat);
  EXPECT_EQ(shell.pending().path, "/a");
  shell.answer({});
  ASSERT_FALSE(program.done());
  EXPECT_EQ(shell.pending().path, "/b");
  shell.answer({});
  ASSERT_TRUE(program.done());
  program.result();
  EXPECT_EQ(log, (Log{"+tour", "+look /a", "-look /a", "+look /b", "-look /b", "-tour"}));
}

// A pod that is killed: what the program held goes, from the inside out, and nothing else is done.
TEST(Programs, DestroyedHalfWayFreeAllTheirFrames) {
  for (const int effects : {0, 1}) {
    Store store;
    Shell shell(store);
    Log log;
    {
      Work program = tour(shell, log);
      program.start();
      for (int i = 0; i < effects; ++i) shell.answer({});
      ASSERT_FALSE(program.done());
    }
    const std::string path = effects == 0 ? "/a" : "/b";
    EXPECT_EQ(log.at(log.size() - 2), "-look " + path);
    EXPECT_EQ(log.back(), "-tour");
    const auto first = [](const std::string& line) { return line[0]; };
    EXPECT_EQ(std::ranges::count(log, '+', first), std::ranges::count(log, '-', first));
  }
}

TEST(Programs, EndWithTheExitOfWhoeverFails) {
  Store store;
  Shell shell(store);
  Log log;
  Work program = tour(shell, log);
  program.start();
  EffectResult missing;
  missing.error = Errno::enoent;
  shell.answer(std::move(missing));
  ASSERT_TRUE(program.done());
  try {
    program.result();
    FAIL() << "the program ended well";
  } catch (const ScriptExit& exit) {
    EXPECT_EQ(exit.status, 1);
    EXPECT_FALSE(exit.refused);
  }
  EXPECT_EQ(shell.log(), std::vector<std::string>{"a is missing"});
  EXPECT_EQ(log.back(), "-tour");
}

}  // namespace
}  // namespace barnacle
