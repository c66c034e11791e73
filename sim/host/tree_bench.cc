// What a snapshot of a host costs, and the difference between two.
#include <benchmark/benchmark.h>

#include "sim/host/tree.h"

namespace barnacle {
namespace {

constexpr int kFolders = 40;
constexpr int kFiles = 25;  // in each
constexpr const char* kEdited = "/opt/kata/share/defaults/folder-20/runtime/file-12";

// About as many files as a host under test has, six directories deep.
FileTree host_tree(Store& store) {
  FileTree tree(store, 0);
  for (int folder = 0; folder < kFolders; ++folder) {
    const std::string path = "/opt/kata/share/defaults/folder-" + std::to_string(folder) + "/runtime";
    (void)tree.make_directories(path, 0);
    for (int file = 0; file < kFiles; ++file) {
      (void)tree.write(path + "/file-" + std::to_string(file), "contents " + std::to_string(file), 0);
    }
  }
  return tree;
}

// A copy that stays, and one file of it written: both versions have been seen before, as in most steps.
void snapshot(benchmark::State& state) {
  Store store;
  const FileTree tree = host_tree(store);
  const Blob* contents[] = {store.intern("one"), store.intern("two")};
  std::size_t turn = 0;
  for (auto _ : state) {
    FileTree copy = tree;
    benchmark::DoNotOptimize(copy.write(kEdited, contents[turn++ % 2], 0));
    benchmark::DoNotOptimize(copy.root());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(snapshot);

void tree_diff(benchmark::State& state) {
  Store store;
  const FileTree before = host_tree(store);
  FileTree after = before;
  (void)after.write(kEdited, "two", 0);
  if (diff(before, after, Compare::seen).size() != 1) return state.SkipWithError("the trees differ in one file");
  for (auto _ : state) benchmark::DoNotOptimize(diff(before, after, Compare::seen));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(tree_diff);

}  // namespace
}  // namespace barnacle
