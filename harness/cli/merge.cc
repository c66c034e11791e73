// barnacle merge: what the parts of a campaign came to, put together.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <optional>

#include "harness/cli/campaign_end.h"
#include "harness/cli/campaign_files.h"
#include "harness/cli/catalogue.h"
#include "harness/cli/command_line.h"
#include "harness/cli/exit_status.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/output.h"
#include "harness/cli/results_file.h"
#include "harness/cli/verbs.h"
#include "harness/report/words.h"

namespace barnacle {
namespace {

struct MergeArguments {
  std::vector<std::string> files;
  std::string out;
  std::string format = "text";
};

// Why files cannot be put together: a line and the exit status.
struct Refusal {
  std::string line;
  bool ours = false;  // two results of one block that differ
};

std::optional<Refusal> add_file(std::optional<Results>& results, const std::string& path) {
  const auto read = read_results(path);
  if (!read) return Refusal{read.error()};
  if (read->unfinished) note(unfinished_note(path, *read->unfinished));
  for (std::size_t i = 0; i < read->blocks.size(); ++i) {
    const BlockResult& block = read->blocks[i];
    if (!results) results.emplace(block.campaign);
    const Added added = results->add(block);
    const std::string where = fmt::format("{}:{}: ", path, i + 1);
    if (added == Added::other_campaign) {
      return Refusal{fmt::format("{}is of another campaign: {}; the files before are of {}", where,
                                 describe(block.campaign), describe(results->campaign()))};
    }
    if (added == Added::contradiction) {
      return Refusal{fmt::format("{}has another result for sequences {} to {} than was read before", where,
                                 block.block.first, block.block.first + block.block.length - 1),
                     true};
    }
  }
  return std::nullopt;
}

// Nobody shall take a part for the whole: without a finding, what is missing is an error.
int end_with(int status, const Results& results) {
  const std::size_t missing = results.blocks_of_campaign() - results.blocks();
  if (missing == 0) return status;
  const std::string line = fmt::format("the results are incomplete: {} of {} missing", missing,
                                       counted(results.blocks_of_campaign(), "block"));
  if (status != kNothingFound) {
    note(line);
    return status;
  }
  return refuse(line);
}

int merge_verb(const std::string& fixtures, const MergeArguments& arguments) {
  std::optional<Results> results;
  for (const std::string& path : arguments.files) {
    if (const auto refusal = add_file(results, path))
      return refusal->ours ? report_internal_fault(refusal->line) : refuse(refusal->line);
  }
  if (!results) return refuse("there is no finished block in these files");
  const auto catalogue = load_catalogue(fixtures);
  if (!catalogue) return refuse(catalogue.error());
  const auto subject = choose_subject(**catalogue, results->campaign().subject);
  if (!subject) return refuse(subject.error());
  if (!arguments.out.empty()) {
    if (const auto ready = prepare_folder(arguments.out); !ready) return refuse(ready.error());
  }
  catch_interrupts();
  CampaignResult result;
  static_cast<Tally&>(result) = results->total();
  result.seed = results->campaign().seed;
  result.findings = findings_of(**catalogue, *subject, options_of(results->campaign()), result, interrupted());
  result.interrupted = interrupted();
  return end_with(end_campaign(**catalogue, *subject, result, arguments.format, arguments.out), *results);
}

}  // namespace

void add_merge(CLI::App& program, Chosen& chosen) {
  auto arguments = std::make_shared<MergeArguments>();
  CLI::App* verb = program.add_subcommand(
      "merge", "Put the results of a campaign's parts together (barnacle run --results); each block counts once");
  verb->add_option("FILES", arguments->files, "Files that barnacle run --results has written, in any order")
      ->required();
  verb->add_option("--out", arguments->out, "Write findings/*.toml, report.txt and report.json below DIR")
      ->type_name("DIR");
  add_format(*verb, arguments->format);
  verb->callback(
      [arguments, &chosen] { chosen.verb = [arguments, &chosen] { return merge_verb(chosen.fixtures, *arguments); }; });
}

}  // namespace barnacle
