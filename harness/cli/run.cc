// barnacle run: a campaign of random scenarios from one seed.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <thread>

#include "harness/cli/campaign_files.h"
#include "harness/cli/catalogue.h"
#include "harness/cli/command_line.h"
#include "harness/cli/exit_status.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/output.h"
#include "harness/cli/progress.h"
#include "harness/cli/verbs.h"
#include "harness/report/campaign_report.h"
#include "harness/report/json.h"
#include "sim/base/dates.h"
#include "sim/base/check.h"

namespace barnacle {
namespace {

constexpr double kDefaultSeconds = 10;
constexpr int kMostJobs = 256;
constexpr int kMostSteps = 1000;

struct RunArguments {
  std::string subject{kDefaultSubject};
  CampaignOptions campaign;
  std::uint64_t sequences = 0;
  std::string time;
  std::string out;
  std::string format = "text";
};

// "30s", "5m", or a bare number of seconds; nothing for everything else.
std::optional<double> seconds_of(const std::string& text) {
  if (const auto seconds = parse_duration(text); seconds && *seconds > 0) return static_cast<double>(*seconds);
  if (const auto seconds = parse_duration(text + "s"); seconds && *seconds > 0) return static_cast<double>(*seconds);
  return std::nullopt;
}

// A sign would be taken for another number, and one that is too large for the largest.
std::string seed_error(const std::string& text) {
  std::uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole ? "" : fmt::format("'{}' is no number from 0 to {}", text, std::numeric_limits<std::uint64_t>::max());
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
  if (campaign.jobs == 0) campaign.jobs = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, kMostJobs);
  return "";
}

Timeline replay_finding(const Catalogue& catalogue, const VersionPtr& subject, const CampaignFinding& found) {
  Lab lab(catalogue);
  auto timeline = replay(lab, subject, found.scenario, {.details = true, .only_invariant = found.finding.invariant});
  check(timeline.has_value(), "a scenario that was shrunk can be played");
  return std::move(*timeline);
}

CampaignReport report_of(const Catalogue& catalogue, const VersionPtr& subject, const CampaignResult& result, const std::string& out) {
  CampaignReport report{result, subject_name(*subject), {}};
  for (const CampaignFinding& found : result.findings) {
    const std::string contents = write_scenario(scenario_of_finding(found, result.seed));
    report.findings.push_back({found, replay_finding(catalogue, subject, found), out.empty() ? "" : finding_path(out, found, contents)});
  }
  return report;
}

int run_verb(const std::string& fixtures, RunArguments& arguments) {
  if (const std::string wrong = settle_options(arguments); !wrong.empty()) return refuse(wrong);
  const auto catalogue = load_catalogue(fixtures);
  if (!catalogue) return refuse(catalogue.error());
  const auto subject = choose_subject(**catalogue, arguments.subject);
  if (!subject) return refuse(subject.error());
  if (!arguments.out.empty()) {
    if (const auto ready = prepare_folder(arguments.out); !ready) return refuse(ready.error());
  }
  catch_interrupts();
  ProgressLine line;
  const CampaignResult result = run_campaign(**catalogue, *subject, arguments.campaign,
                                             [&](const CampaignProgress& progress) { line.show(progress); }, interrupted());
  line.clear();
  const CampaignReport report = report_of(**catalogue, *subject, result, arguments.out);
  const std::string text = arguments.format == "json" ? json_text(campaign_json(report)) : campaign_text(report);
  print(text);
  if (!arguments.out.empty()) {
    const auto written = write_campaign(arguments.out, report);
    if (!written) return refuse(written.error());
  }
  return result.findings.empty() ? kNothingFound : kFinding;
}

}  // namespace

void add_run(CLI::App& program, Chosen& chosen) {
  auto arguments = std::make_shared<RunArguments>();
  CampaignOptions& campaign = arguments->campaign;
  campaign.jobs = 0;
  CLI::App* verb = program.add_subcommand("run", "Play random scenarios from one seed; shrink what is found");
  verb->add_option("--subject", arguments->subject, "The deploy logic under test (default model:kata); see barnacle list subjects");
  verb->add_option("--seed", campaign.seed, "The same seed plays the same sequences (default 1)")->check(CLI::Validator(seed_error, ""))->type_name("N");
  CLI::Option* sequences = verb->add_option("--sequences", arguments->sequences, "How many sequences to play")
                               ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 60).description(""))
                               ->type_name("N");
  verb->add_option("--time", arguments->time, "How long to play: 30s, 5m, 1h (default 10s)")->type_name("TIME")->excludes(sequences);
  verb->add_option("--max-steps", campaign.max_steps, "The most steps of a sequence (default 24)")
      ->check(CLI::Range(1, kMostSteps).description(""))
      ->type_name("N");
  verb->add_flag("--faults", campaign.faults, "Sequences with faults: runs cut or failing at some effect, Helm clients that die");
  verb->add_option("--jobs", campaign.jobs, "Threads (default 0: one for each core). Results do not depend on it")
      ->check(CLI::Range(0, kMostJobs).description(""))
      ->type_name("N");
  verb->add_option("--out", arguments->out, "Write findings/*.toml, report.txt and report.json below DIR")->type_name("DIR");
  add_format(*verb, arguments->format);
  verb->callback([arguments, &chosen] { chosen.verb = [arguments, &chosen] { return run_verb(chosen.fixtures, *arguments); }; });
}

}  // namespace barnacle
