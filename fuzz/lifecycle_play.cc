#include "fuzz/lifecycle_play.h"

#include <cstdlib>
#include <exception>
#include <expected>
#include <filesystem>
#include <string>

#include <fmt/format.h>

#include "harness/cli/catalogue.h"
#include "harness/scenario/choices.h"
#include "harness/scenario/generator.h"

namespace barnacle::fuzz {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void give_up(const std::string& line) {
  fmt::print(stderr, "barnacle: {}\n", line);
  std::_Exit(2);
}

// The empty string leaves the search to the catalogue.
std::string fixtures_beside_program() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  const fs::path folder = program.parent_path() / "fixtures";
  return !error && fs::is_directory(folder, error) ? folder.string() : "";
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Lifecycle load() {
  const bool named = !environment("BARNACLE_FIXTURES").empty();
  auto catalogue = load_catalogue(named ? "" : fixtures_beside_program());
  if (!catalogue) give_up(catalogue.error());
  const std::string name = environment("BARNACLE_SUBJECT");
  auto subject = choose_subject(**catalogue, name.empty() ? std::string(kDefaultSubject) : name);
  if (!subject) give_up("BARNACLE_SUBJECT: " + subject.error());
  Alphabet alphabet = alphabet_for(**catalogue, *subject, kMostSteps);
  alphabet.faults = true;
  return {std::move(*catalogue), std::move(*subject), std::move(alphabet)};
}

}  // namespace

const Lifecycle& lifecycle() {
  static const Lifecycle loaded = load();
  return loaded;
}

Scenario scenario_of(std::span<const std::uint8_t> bytes) {
  BytesChoices choices(bytes);
  Scenario scenario = generate(choices, lifecycle().alphabet);
  scenario.subject = subject_name(*lifecycle().subject);
  return scenario;
}

}  // namespace barnacle::fuzz
