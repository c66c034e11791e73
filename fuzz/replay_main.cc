// Replays files, and all files of folders, on one target: the regression test of a corpus, without libFuzzer.
//   TARGET_replay PATH…
// Status 0 when every property holds, 2 for bad usage; a property that does not hold aborts after naming the file.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/target.h"

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) __attribute__((weak));

namespace {

namespace fs = std::filesystem;

std::string current;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): for the signal's handler

// Only what a handler may call.
void name_the_file(int) {
  const auto say = [](const char* text, std::size_t size) { return ::write(STDERR_FILENO, text, size); };
  constexpr const char* kWhile = "barnacle: while replaying ";
  (void)say(kWhile, std::strlen(kWhile));
  (void)say(current.data(), current.size());
  (void)say("\n", 1);
}

// The files, also in folders below, in the order of their names.
std::vector<std::string> files_of(const std::string& path) {
  if (!fs::is_directory(path)) return {path};
  std::vector<std::string> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path)) {
    if (entry.is_regular_file()) files.push_back(entry.path().string());
  }
  std::ranges::sort(files);
  return files;
}

bool replay(const std::string& file) {
  std::ifstream input(file, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(input)), {});
  if (!input) {
    fmt::print(stderr, "barnacle: {}: cannot be read\n", file);
    return false;
  }
  current = file;
  // A copy of exactly that size, so that a sanitizer sees what reads beyond it.
  const std::vector<std::uint8_t> copy(bytes.begin(), bytes.end());
  LLVMFuzzerTestOneInput(copy.data(), copy.size());
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "barnacle: name files or folders to replay\n");
    return 2;
  }
  if (LLVMFuzzerInitialize != nullptr) LLVMFuzzerInitialize(&argc, &argv);
  std::signal(SIGABRT, name_the_file);
  std::size_t replayed = 0;
  for (int i = 1; i < argc; ++i) {
    for (const std::string& file : files_of(argv[i])) {
      if (!replay(file)) return 2;
      ++replayed;
    }
  }
  fmt::print("replayed {} inputs\n", replayed);
  return replayed > 0 ? 0 : 2;
}
