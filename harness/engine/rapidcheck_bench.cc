// The yardstick: how many commands a second a property test of a counter plays with RapidCheck's rc::state.
#include <benchmark/benchmark.h>
#include <rapidcheck.h>
#include <rapidcheck/detail/TestListenerAdapter.h>
#include <rapidcheck/state.h>

namespace {

struct CounterModel {
  int value = 0;
};

struct Counter {
  int value = 0;
  std::int64_t commands = 0;
};

using CounterCommand = rc::state::Command<CounterModel, Counter>;

struct Increment : CounterCommand {
  void apply(CounterModel& model) const override { ++model.value; }
  void run(const CounterModel& model, Counter& counter) const override {
    ++counter.value;
    ++counter.commands;
    RC_ASSERT(counter.value == model.value + 1);
  }
};

struct Decrement : CounterCommand {
  void checkPreconditions(const CounterModel& model) const override { RC_PRE(model.value > 0); }
  void apply(CounterModel& model) const override { --model.value; }
  void run(const CounterModel& model, Counter& counter) const override {
    --counter.value;
    ++counter.commands;
    RC_ASSERT(counter.value == model.value - 1);
  }
};

void rc_state_trivial(benchmark::State& state) {
  std::int64_t commands = 0;
  const auto property = [&commands] {
    Counter counter;
    rc::state::check(CounterModel(), counter, rc::state::gen::execOneOfWithArgs<Increment, Decrement>());
    commands += counter.commands;
  };
  rc::detail::TestParams parameters;
  rc::detail::TestListenerAdapter listener;
  for (auto _ : state) {
    ++parameters.seed;
    if (rc::detail::checkTestable(property, rc::detail::TestMetadata(), parameters, listener).is<rc::detail::SuccessResult>()) continue;
    state.SkipWithError("the counter counts");
    break;
  }
  state.SetItemsProcessed(commands);
}
BENCHMARK(rc_state_trivial)->Unit(benchmark::kMicrosecond)->MinTime(1.0);

}  // namespace
