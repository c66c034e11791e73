// The yardstick: how many commands a second RapidCheck's rc::state plays on a trivial system, a map with Put and Del.
#include <benchmark/benchmark.h>
#include <rapidcheck.h>
#include <rapidcheck/detail/TestListenerAdapter.h>
#include <rapidcheck/state.h>

#include <map>
#include <string>

namespace {

using Model = std::map<int, std::string>;

struct Store {
  Model entries;
  std::int64_t commands = 0;
};

using StoreCommand = rc::state::Command<Model, Store>;

struct Put : StoreCommand {
  int key = *rc::gen::inRange(0, 8);
  std::string value = *rc::gen::arbitrary<std::string>();

  void apply(Model& model) const override { model[key] = value; }
  void run(const Model&, Store& store) const override {
    store.entries[key] = value;
    ++store.commands;
    RC_ASSERT(store.entries.at(key) == value);
  }
};

struct Del : StoreCommand {
  int key = *rc::gen::inRange(0, 8);

  void checkPreconditions(const Model& model) const override { RC_PRE(model.contains(key)); }
  void apply(Model& model) const override { model.erase(key); }
  void run(const Model&, Store& store) const override {
    store.entries.erase(key);
    ++store.commands;
    RC_ASSERT(!store.entries.contains(key));
  }
};

void rc_state_trivial(benchmark::State& state) {
  std::int64_t commands = 0;
  const auto property = [&commands] {
    Store store;
    rc::state::check(Model(), store, rc::state::gen::execOneOfWithArgs<Put, Del>());
    commands += store.commands;
  };
  rc::detail::TestParams parameters;
  rc::detail::TestListenerAdapter listener;
  for (auto _ : state) {
    ++parameters.seed;
    if (rc::detail::checkTestable(property, rc::detail::TestMetadata(), parameters, listener)
            .is<rc::detail::SuccessResult>())
      continue;
    state.SkipWithError("the store keeps what it is given");
    break;
  }
  state.SetItemsProcessed(commands);
}
BENCHMARK(rc_state_trivial)->Unit(benchmark::kMicrosecond)->MinTime(1.0)->Repetitions(5);

}  // namespace
