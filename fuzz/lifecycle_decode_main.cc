// What an input of the lifecycle target means.
//   lifecycle_decode FILE             the scenario, as barnacle replay reads it
//   lifecycle_decode --dictionary FILE…   libFuzzer's dictionary: for each kind of step, bytes that drew it
// Status 0, or 2 for bad usage and files that cannot be read.
#include <fmt/format.h>

#include <map>
#include <string>
#include <vector>

#include "fuzz/lifecycle_play.h"
#include "harness/scenario/file.h"
#include "harness/scenario/scenario_toml.h"
#include "harness/scenario/tape_steps.h"

namespace barnacle::fuzz {
namespace {

int refuse(const std::string& line) {
  fmt::print(stderr, "barnacle: {}\n", line);
  return 2;
}

std::expected<Bytes, std::string> bytes_of_file(const std::string& path) {
  const auto text = read_file(path);
  if (!text) return std::unexpected(path + ": " + text.error().what);
  return Bytes(text->begin(), text->end());
}

int decode(const std::string& path) {
  const auto bytes = bytes_of_file(path);
  if (!bytes) return refuse(bytes.error());
  fmt::print("{}", write_scenario(scenario_of(*bytes)));
  return 0;
}

std::string quoted(const Bytes& bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) text += fmt::format("\\x{:02x}", byte);
  return text;
}

int dictionary(const std::vector<std::string>& paths) {
  constexpr std::size_t kLongestWord = 24;  // libFuzzer takes at most 64
  std::map<std::string, Bytes> longest;     // a short one may have been cut by the end of its tape
  for (const std::string& path : paths) {
    const auto bytes = bytes_of_file(path);
    if (!bytes) return refuse(bytes.error());
    const Tape tape = cut_into_steps(*bytes, lifecycle().alphabet);
    const Scenario scenario = scenario_of(*bytes);
    for (std::size_t i = 0; i < std::min(tape.steps.size(), scenario.steps.size()); ++i) {
      Bytes& known = longest[std::string(step_name(scenario.steps[i].kind))];
      if (tape.steps[i].size() <= kLongestWord && tape.steps[i].size() > known.size()) known = tape.steps[i];
    }
  }
  fmt::print("# Bytes that drew a step of each kind in some scenario; written by lifecycle_decode --dictionary.\n");
  for (const auto& [kind, bytes] : longest) fmt::print("{}=\"{}\"\n", kind, quoted(bytes));
  return 0;
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.size() > 1 && arguments.front() == "--dictionary")
    return dictionary({arguments.begin() + 1, arguments.end()});
  if (arguments.size() == 1) return decode(arguments.front());
  return refuse("usage: lifecycle_decode FILE, or lifecycle_decode --dictionary FILE…");
}

}  // namespace
}  // namespace barnacle::fuzz

int main(int argc, char** argv) { return barnacle::fuzz::run({argv + 1, argv + argc}); }
