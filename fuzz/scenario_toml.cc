// Any text: it is read as a scenario or refused, and what was read is written and read again as the same scenario.
#include "harness/scenario/scenario_toml.h"

#include "fuzz/target.h"

namespace barnacle::fuzz {
namespace {

void check_refusal(const InputError& error) {
  const std::string line = error.text();
  require(!line.contains('\n'), "a refusal is one line: {}", line);
}

void check_scenario_text(std::string_view text) {
  const auto scenario = parse_scenario(text, "input.toml");
  if (!scenario) return check_refusal(scenario.error());
  const std::string written = write_scenario(*scenario);
  const auto again = parse_scenario(written, "written.toml");
  if (!again) return require(false, "what was written is read again: {}\n{}", again.error().text(), written);
  require(*again == *scenario, "what was written is read as an equal scenario:\n{}", written);
  require(write_scenario(*again) == written, "an equal scenario is written alike:\n{}", written);
}

}  // namespace
}  // namespace barnacle::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  barnacle::fuzz::check_scenario_text(barnacle::fuzz::text_of(data, size));
  return 0;
}
