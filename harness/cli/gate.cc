// barnacle gate: what a pipeline asks before it lets a change through. Status 1 only on what is new.
#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>

#include "harness/cli/catalogue.h"
#include "harness/cli/command_line.h"
#include "harness/cli/exit_status.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/output.h"
#include "harness/cli/progress.h"
#include "harness/cli/time_budget.h"
#include "harness/cli/verbs.h"
#include "harness/report/gate_report.h"
#include "harness/report/json.h"
#include "harness/scenario/file.h"
#include "harness/scenario/keys.h"
#include "sim/base/dates.h"

namespace barnacle {
namespace {

namespace fs = std::filesystem;

constexpr double kGateSeconds = 60;
// Of the time: from here on what was found is shrunk. Where nothing was found, playing goes on.
constexpr double kPlayingShare = 0.7;
// At the end of the time: for what cannot be interrupted, and for the reports.
constexpr double kReserveShare = 0.03;
constexpr double kLeastReserve_s = 0.3;
constexpr double kMostReserve_s = 3;
// What it takes to play and print one finding: room that is left for each.
constexpr double kShowing_s = 0.04;

constexpr std::size_t kCommitDigits = 12;
constexpr Time kDay_s = 24 * 60 * 60;

struct GateArguments {
  std::string subject{kDefaultSubject};
  std::string against;
  CampaignOptions campaign;
  std::uint64_t sequences = 0;
  std::string time;
  std::string commit;
  std::string baseline;
  std::string today;
  std::string junit;
  std::string json;
  std::string out = "gate-findings";
};

// The seed of a commit: the number that its first twelve digits are, so that an abbreviated hash gives the same one.
std::optional<std::uint64_t> seed_of(const std::string& commit) {
  if (commit.size() < kCommitDigits || commit.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos)
    return std::nullopt;
  std::uint64_t seed = 0;
  std::from_chars(commit.data(), commit.data() + kCommitDigits, seed, 16);
  return seed;
}

std::string commit_error(const std::string& text) {
  return seed_of(text)
             ? ""
             : fmt::format("'{}' is no commit hash of at least {} hexadecimal digits", shown(text), kCommitDigits);
}

// The one place where a report depends on the day: an accepted finding stands until one.
Time system_date() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count() / kDay_s * kDay_s;
}

// The empty string when all is well.
std::string settle_campaign(GateArguments& arguments) {
  CampaignOptions& campaign = arguments.campaign;
  campaign.jobs = jobs_of(campaign.jobs);
  if (arguments.sequences > 0) campaign.sequences = arguments.sequences;
  else campaign.seconds = arguments.time.empty() ? kGateSeconds : seconds_of(arguments.time);
  if (!campaign.sequences && !campaign.seconds)
    return fmt::format("--time: '{}' is no duration, such as 30s or 5m", arguments.time);
  if (const auto seed = seed_of(arguments.commit)) campaign.seed = *seed;
  return "";
}

// A report that cannot be written is told before anything is played.
std::string unwritable(const std::string& option, const std::string& file) {
  if (file.empty()) return "";
  const fs::path folder = fs::path(file).parent_path();
  const std::string shown_folder = folder.empty() ? "." : folder.string();
  if (::access(shown_folder.c_str(), W_OK) != 0)
    return fmt::format("{} {}: {} is no folder that can be written to", option, file, shown_folder);
  std::error_code ignored;
  return fs::is_directory(file, ignored) ? fmt::format("{} {}: is a directory", option, file) : "";
}

std::expected<GateOptions, std::string> settle(const Catalogue& catalogue, GateArguments& arguments) {
  GateOptions options;
  if (!arguments.baseline.empty()) {
    auto baseline = load_baseline(arguments.baseline);
    if (!baseline) return std::unexpected(baseline.error().text());
    options.baseline = std::move(*baseline);
  }
  const auto today = arguments.today.empty() ? system_date() : parse_date(arguments.today);
  if (!today || *today % kDay_s != 0)
    return std::unexpected(fmt::format("--today: '{}' is no day such as 2026-01-31", arguments.today));
  options.today = *today;
  if (!arguments.against.empty()) {
    const auto against = choose_subject(catalogue, arguments.against);
    if (!against) return std::unexpected(against.error());
    options.against = *against;
  }
  for (const auto& [option, file] : {std::pair{"--junit", &arguments.junit}, std::pair{"--json", &arguments.json}}) {
    if (const std::string wrong = unwritable(option, *file); !wrong.empty()) return std::unexpected(wrong);
  }
  std::error_code ignored;
  const fs::file_status out = fs::status(arguments.out, ignored);
  if (arguments.out.empty() || (fs::exists(out) && !fs::is_directory(out)))
    return std::unexpected(fmt::format("--out '{}': is no folder", arguments.out));
  options.campaign = arguments.campaign;
  return options;
}

// Plays, prints what it finds, shrinks it, and prints it again.
class GateRun {
 public:
  GateRun(const Catalogue& catalogue, const VersionPtr& subject, const GateArguments& arguments, GateOptions options,
          const TimeBudget& budget)
      : arguments_(arguments),
        budget_(budget),
        subject_(subject_name(*subject)),
        gate_(catalogue, subject, limited(std::move(options))),
        report_{gate_.options(), result_, subject_, {}, {}, false} {}

  int run() {
    result_ = gate_.play([&](const CampaignProgress& progress) { line_.show(progress); },
                         [&](std::size_t found) { return playing_is_over(found); }, interrupted());
    line_.clear();
    if (result_.played.sequences == 0)
      return refuse("the time was over before anything was played: a gate that has seen nothing does not pass");
    if (const std::string wrong = show_as_found(); !wrong.empty()) return refuse(wrong);
    if (const std::string wrong = show_shrunk(); !wrong.empty()) return refuse(wrong);
    report_.interrupted = interrupted();
    print(gate_closing_text(report_));
    if (const std::string wrong = write_reports(); !wrong.empty()) return refuse(wrong);
    return result_.findings.empty() ? kNothingFound : kFinding;
  }

 private:
  GateOptions limited(GateOptions options) const {
    if (budget_.limited()) options.campaign.seconds = time_left();
    return options;
  }

  // Until the reserve. Precondition: the time is limited.
  double time_left() const {
    return budget_.seconds() - std::clamp(budget_.seconds() * kReserveShare, kLeastReserve_s, kMostReserve_s) -
           budget_.passed();
  }

  // What was found has to be shown as well, and shrunk if it can be.
  bool playing_is_over(std::size_t found) const {
    if (!budget_.limited() || found == 0) return false;
    return budget_.passed() >= kPlayingShare * budget_.seconds() || time_to_shrink(found) <= 0;
  }

  double time_to_shrink(std::size_t findings) const { return time_left() - kShowing_s * static_cast<double>(findings); }

  // The scenario's file keeps its name when it is shrunk.
  std::string write_scenario_of(std::size_t index) const {
    const auto written =
        write_file(report_.files[index],
                   write_scenario(scenario_of_gate_finding(result_.findings[index], report_.options.campaign.seed)));
    return written ? "" : report_.files[index] + ": " + written.error().what;
  }

  std::string show_as_found() {
    if (result_.findings.empty()) return "";
    std::error_code error;
    fs::create_directories(arguments_.out, error);
    if (error) return fmt::format("--out {}: cannot be made: {}", arguments_.out, error.message());
    for (std::size_t i = 0; i < result_.findings.size(); ++i) {
      report_.files.push_back(arguments_.out + "/" + result_.findings[i].invariant + ".toml");
      report_.commands.push_back("barnacle replay " + shell_quoted(report_.files.back()));
      if (std::string wrong = write_scenario_of(i); !wrong.empty()) return wrong;
      print(gate_first_text(report_, i));
    }
    print("\n");
    (void)flush_output();
    return "";
  }

  // Each finding gets the same share of the time that is left.
  std::string show_shrunk() {
    const std::size_t count = result_.findings.size();
    for (std::size_t i = 0; i < count; ++i) {
      line_.show(fmt::format("shrinking {} ({} of {})", result_.findings[i].invariant, i + 1, count));
      const std::optional<double> share =
          budget_.limited() ? std::optional(time_to_shrink(count - i) / static_cast<double>(count - i)) : std::nullopt;
      const RaisedAfter over(share, interrupted());
      if (!share || *share > 0) gate_.shrink(result_.findings[i], over.flag());
      gate_.show(result_.findings[i]);
      line_.clear();
      if (std::string wrong = write_scenario_of(i); !wrong.empty()) return wrong;
      print(gate_finding_text(report_, i));
      (void)flush_output();
    }
    return "";
  }

  std::string write_reports() const {
    if (!arguments_.junit.empty()) {
      if (const auto written = write_file(arguments_.junit, gate_junit(report_)); !written)
        return arguments_.junit + ": " + written.error().what;
    }
    if (!arguments_.json.empty()) {
      if (const auto written = write_file(arguments_.json, json_text(gate_json(report_))); !written)
        return arguments_.json + ": " + written.error().what;
    }
    return "";
  }

  const GateArguments& arguments_;
  const TimeBudget& budget_;
  std::string subject_;
  Gate gate_;
  GateResult result_;
  GateReport report_;
  ProgressLine line_;
};

int gate_verb(const std::string& fixtures, GateArguments& arguments) {
  if (const std::string wrong = settle_campaign(arguments); !wrong.empty()) return refuse(wrong);
  const TimeBudget budget(arguments.campaign.seconds);
  const auto catalogue = load_catalogue(fixtures);
  if (!catalogue) return refuse(catalogue.error());
  const auto subject = choose_subject(**catalogue, arguments.subject);
  if (!subject) return refuse(subject.error());
  auto options = settle(**catalogue, arguments);
  if (!options) return refuse(options.error());
  catch_interrupts();
  return GateRun(**catalogue, *subject, arguments, std::move(*options), budget).run();
}

}  // namespace

void add_gate(CLI::App& program, Chosen& chosen) {
  auto arguments = std::make_shared<GateArguments>();
  CLI::App* verb = program.add_subcommand("gate", "A campaign for a pipeline: fails on new findings only");
  verb->add_option("--subject", arguments->subject,
                   "The deploy logic under test (default model:kata); see barnacle list subjects");
  verb->add_option("--against", arguments->against,
                   "Report only what this subject does not show on the same sequences");
  verb->add_option(
          "--baseline", arguments->baseline,
          "Accepted findings: [[accepted]] tables with invariant, pattern (a glob over the path), reason, expires")
      ->type_name("FILE");
  add_campaign_options(*verb, arguments->campaign);
  verb->add_option("--commit", arguments->commit, "Take the seed from a commit's hash")
      ->check(CLI::Validator(commit_error, ""))
      ->type_name("HASH")
      ->excludes("--seed");
  add_length_options(*verb, arguments->sequences, arguments->time, "60s, shrinking included");
  verb->add_option("--today", arguments->today,
                   "The day on which accepted findings are judged (default: the system's date, UTC)")
      ->type_name("YYYY-MM-DD");
  verb->add_option("--junit", arguments->junit, "Write a JUnit report")->type_name("FILE");
  verb->add_option("--json", arguments->json, "Write a report in JSON")->type_name("FILE");
  verb->add_option("--out", arguments->out, "Write the scenarios of findings below DIR (default gate-findings)")
      ->type_name("DIR");
  verb->callback(
      [arguments, &chosen] { chosen.verb = [arguments, &chosen] { return gate_verb(chosen.fixtures, *arguments); }; });
}

}  // namespace barnacle
