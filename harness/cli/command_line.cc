#include "harness/cli/command_line.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <limits>
#include <thread>

#include "harness/engine/campaign.h"
#include "sim/base/dates.h"

namespace barnacle {
namespace {

constexpr int kMostJobs = 256;
constexpr int kMostSteps = 1000;

// A sign would be taken for another number, and one that is too large for the largest.
std::string seed_error(const std::string& text) {
  std::uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole ? "" : fmt::format("'{}' is no number from 0 to {}", text, std::numeric_limits<std::uint64_t>::max());
}

}  // namespace

void add_campaign_options(CLI::App& verb, CampaignOptions& campaign) {
  campaign.jobs = 0;
  verb.add_option("--seed", campaign.seed, "The same seed plays the same sequences (default 1)")
      ->check(CLI::Validator(seed_error, ""))
      ->type_name("N");
  verb.add_option("--max-steps", campaign.max_steps, "The most steps of a sequence (default 24)")
      ->check(CLI::Range(1, kMostSteps).description(""))
      ->type_name("N");
  verb.add_flag("--faults", campaign.faults,
                "Sequences with faults: runs cut or failing at some effect, Helm clients that die");
  verb.add_option("--jobs", campaign.jobs, "Threads (default 0: one for each core). Results do not depend on it")
      ->check(CLI::Range(0, kMostJobs).description(""))
      ->type_name("N");
}

void add_length_options(CLI::App& verb, std::uint64_t& sequences, std::string& time, const std::string& default_time) {
  CLI::Option* count = verb.add_option("--sequences", sequences, "How many sequences to play")
                           ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 60).description(""))
                           ->type_name("N");
  verb.add_option("--time", time, fmt::format("How long to play: 30s, 5m, 1h (default {})", default_time))
      ->type_name("TIME")
      ->excludes(count);
}

std::optional<double> seconds_of(const std::string& text) {
  if (const auto seconds = parse_duration(text); seconds && *seconds > 0) return static_cast<double>(*seconds);
  if (const auto seconds = parse_duration(text + "s"); seconds && *seconds > 0) return static_cast<double>(*seconds);
  return std::nullopt;
}

int jobs_of(int given) {
  return given > 0 ? given : std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, kMostJobs);
}

void add_format(CLI::App& verb, std::string& format) {
  verb.add_option("--format", format, "How to report: text (default) or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->type_name("FORMAT");
}

void add_fast(CLI::App& verb, bool& fast) {
  verb.add_flag(
      "--fast", fast,
      "Of a live subject: do nothing twice whose outcome is known, and answer plain calls of kubectl and tomlq "
      "without them; effects, hosts and objects are the same");
}

std::string shell_quoted(std::string_view word) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos) return std::string(word);
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'') quoted += "'\\''";
    else quoted.push_back(c);
  }
  return quoted + "'";
}

}  // namespace barnacle
