// What an edit of a configuration of 30 kB costs: seen before, and for the first time.
#include <benchmark/benchmark.h>

#include "sim/deploy/text_edit.h"

namespace barnacle {
namespace {

constexpr std::size_t kBytes = 30'000;
constexpr int kBatch = 64;

std::string configuration(int number) {
  std::string text = "# configuration " + std::to_string(number) + "\n[hypervisor.qemu]\n";
  while (text.size() < kBytes) {
    text +=
        "# What the next key is for, and what happens when it is left out.\npath = "
        "\"/opt/kata/bin/qemu-system-x86_64\"\n#enable_debug = true\n";
  }
  return text;
}

void text_edit(benchmark::State& state) {
  Store store;
  const Blob* text = store.intern(configuration(0));
  const TextEdit edit = substitute_all("/opt/kata", "/opt/kata-cicd");
  for (auto _ : state) benchmark::DoNotOptimize(apply_edit(store, text, edit));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(text_edit);

void text_edit_cold(benchmark::State& state) {
  const TextEdit edit = substitute_all("/opt/kata", "/opt/kata-cicd");
  while (state.KeepRunningBatch(kBatch)) {
    state.PauseTiming();
    Store store;
    std::vector<const Blob*> texts;
    for (int i = 0; i < kBatch; ++i) texts.push_back(store.intern(configuration(i)));
    state.ResumeTiming();
    for (const Blob* text : texts) benchmark::DoNotOptimize(apply_edit(store, text, edit));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(text_edit_cold);

}  // namespace
}  // namespace barnacle
