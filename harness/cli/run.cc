// barnacle run: a campaign of random scenarios from one seed.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <charconv>

#include "harness/cli/against.h"
#include "harness/cli/campaign_end.h"
#include "harness/cli/campaign_files.h"
#include "harness/cli/catalogue.h"
#include "harness/cli/command_line.h"
#include "harness/cli/exit_status.h"
#include "harness/cli/fast_check.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/live.h"
#include "harness/cli/output.h"
#include "harness/cli/progress.h"
#include "harness/cli/results_file.h"
#include "harness/cli/verbs.h"
#include "harness/scenario/file.h"
#include "harness/scenario/scenario_toml.h"

namespace barnacle {
namespace {

constexpr double kDefaultSeconds = 10;
// Of a campaign in parts, whose blocks are counted one by one.
constexpr std::uint64_t kMostSequencesInBlocks = std::uint64_t{1} << 28;

struct RunArguments {
  bool fast = false;
  std::string subject{kDefaultSubject};
  std::string against;
  CampaignOptions campaign;
  std::uint64_t sequences = 0;
  std::string time;
  std::string shard;
  std::string results;
  std::string out;
  std::string format = "text";
};

// "2/5"; nothing for everything else.
std::optional<Shard> shard_of(const std::string& text) {
  Shard shard;
  const char* const end = text.data() + text.size();
  const auto [slash, bad_index] = std::from_chars(text.data(), end, shard.index);
  if (bad_index != std::errc() || slash == end || *slash != '/') return std::nullopt;
  const auto [last, bad_count] = std::from_chars(slash + 1, end, shard.count);
  if (bad_count != std::errc() || last != end || shard.index < 1 || shard.index > shard.count) return std::nullopt;
  return shard;
}

// The blocks of a campaign in parts. The empty string when all is well.
std::string settle_blocks(RunArguments& arguments) {
  const std::string given = arguments.shard.empty() ? "--results" : "--shard";
  if (arguments.sequences == 0) return given + " needs --sequences: how many the whole campaign has";
  if (arguments.sequences > kMostSequencesInBlocks)
    return fmt::format("{} takes at most {} sequences", given, kMostSequencesInBlocks);
  const auto shard = arguments.shard.empty() ? Shard{} : shard_of(arguments.shard);
  if (!shard) return fmt::format("--shard: '{}' is no part such as 2/5", arguments.shard);
  arguments.campaign.blocks = blocks_of(*shard, arguments.sequences);
  return "";
}

// The empty string when all is well.
std::string settle_options(RunArguments& arguments) {
  CampaignOptions& campaign = arguments.campaign;
  if (arguments.sequences > 0) {
    campaign.sequences = arguments.sequences;
  } else if (arguments.time.empty()) {
    campaign.seconds = kDefaultSeconds;
  } else {
    campaign.seconds = seconds_of(arguments.time);
    if (!campaign.seconds) return fmt::format("--time: '{}' is no duration, such as 30s or 5m", arguments.time);
  }
  campaign.jobs = jobs_of(campaign.jobs);
  return arguments.shard.empty() && arguments.results.empty() ? "" : settle_blocks(arguments);
}

// Plays the blocks that the file does not have yet. The result is that of all blocks in the file.
std::expected<CampaignResult, std::string> run_with_results(
    const Catalogue& catalogue, const VersionPtr& subject, const RunArguments& arguments,
    const std::function<void(const CampaignProgress&)>& progress) {
  CampaignOptions options = arguments.campaign;
  const auto file = ResultsFile::open(arguments.results, {subject_name(*subject), options.seed, arguments.sequences,
                                                          options.max_steps, options.faults});
  if (!file) return std::unexpected(file.error());
  std::erase_if(*options.blocks, [&](const Block& block) { return (*file)->results().has(block); });
  const auto keep = [&](const Block& block, const Tally& tally) { return (*file)->append(block, tally); };
  play_sequences(catalogue, subject, options, {.played = {}, .finished = keep, .progress = progress}, interrupted());
  if (const std::string& error = (*file)->error(); !error.empty()) return std::unexpected(error);
  CampaignResult result;
  static_cast<Tally&>(result) = (*file)->results().total();
  result.seed = options.seed;
  result.interrupted = interrupted();
  result.findings = findings_of(catalogue, subject, options, result, interrupted());
  return result;
}

// What --fast answered otherwise than the real tools, with the scenario to play again: in the folder of findings, or
// here.
int report_difference(const FastCheck::Difference& difference, const std::string& out) {
  const std::string scenario = write_scenario(difference.scenario);
  const std::string file = out + "/fast-differs.toml";
  if (!out.empty() && write_file(file, scenario))
    return report_internal_fault(fmt::format("{}; replay {} with --fast and without", difference.what, file));
  fmt::print(stderr, "{}", scenario);  // standard output is the report's
  return report_internal_fault(difference.what + "; the scenario is above");
}

int run_verb(const std::string& fixtures, RunArguments& arguments) {
  if (const std::string wrong = settle_options(arguments); !wrong.empty()) return refuse(wrong);
  if (!arguments.against.empty())
    return compare_campaign(fixtures, {arguments.subject, arguments.against, arguments.format, arguments.fast},
                            arguments.campaign, arguments.out);
  const auto catalogue = load_catalogue_with(fixtures, arguments.subject, {.fast = arguments.fast});
  if (!catalogue) return refuse(catalogue.error());
  const auto subject = choose_subject(**catalogue, arguments.subject);
  if (!subject) return refuse(subject.error());
  if (!arguments.out.empty()) {
    if (const auto ready = prepare_folder(arguments.out); !ready) return refuse(ready.error());
  }
  catch_interrupts();
  ProgressLine line;
  const auto progress = [&](const CampaignProgress& so_far) { line.show(so_far); };
  std::optional<FastCheck> check;
  if (arguments.fast && is_live(arguments.subject) && arguments.results.empty()) {
    auto slow = load_catalogue_with(fixtures, arguments.subject);
    if (!slow) return refuse(slow.error());
    const auto same = choose_subject(**slow, arguments.subject);
    if (!same) return refuse(same.error());
    check.emplace(std::move(*slow), *same, arguments.campaign.seed);
  }
  const auto played = [&](Lab&, std::uint64_t index, const Scenario& scenario, const Timeline& timeline) {
    if (check) check->look_at(index, scenario, timeline);
  };
  const auto result = arguments.results.empty()
                          ? run_campaign(**catalogue, *subject, arguments.campaign,
                                         {.played = played, .finished = {}, .progress = progress}, interrupted())
                          : run_with_results(**catalogue, *subject, arguments, progress);
  line.clear();
  if (!result) return refuse(result.error());
  const int status = end_campaign(**catalogue, *subject, *result, arguments.format, arguments.out);
  if (!check) return status;
  if (const auto difference = check->difference()) return report_difference(*difference, arguments.out);
  note(fmt::format("--fast: {} of the sequences were played with the real tools as well, and were the same",
                   check->looked_at()));
  return status;
}

}  // namespace

void add_run(CLI::App& program, Chosen& chosen) {
  auto arguments = std::make_shared<RunArguments>();
  CLI::App* verb = program.add_subcommand("run", "Play random scenarios from one seed; shrink what is found");
  verb->add_option("--subject", arguments->subject,
                   "The deploy logic under test (default model:kata); see barnacle list subjects");
  CLI::Option* against = verb->add_option(
      "--against", arguments->against,
      "A model that plays the same sequences: reports where hosts, objects or outcomes part, and judges nothing");
  arguments->campaign.jobs = 0;
  add_campaign_options(*verb, arguments->campaign);
  add_length_options(*verb, arguments->sequences, arguments->time, "10s");
  verb->add_option("--shard", arguments->shard, "Play only the i-th of n equal parts of --sequences: 1/3, 2/3, 3/3")
      ->type_name("i/n")
      ->excludes(against);
  verb->add_option("--results", arguments->results,
                   "Append a line to FILE for each finished block, and go on after what is there already; barnacle "
                   "merge puts such files together")
      ->type_name("FILE")
      ->excludes(against);
  verb->add_option("--out", arguments->out, "Write findings/*.toml, report.txt and report.json below DIR")
      ->type_name("DIR");
  add_format(*verb, arguments->format);
  add_fast(*verb, arguments->fast);
  verb->callback(
      [arguments, &chosen] { chosen.verb = [arguments, &chosen] { return run_verb(chosen.fixtures, *arguments); }; });
}

}  // namespace barnacle
