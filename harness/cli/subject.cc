// barnacle subject: makes a live subject from what a user has.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/cli/catalogue.h"
#include "harness/cli/command_line.h"
#include "harness/cli/exit_status.h"
#include "harness/cli/output.h"
#include "harness/cli/verbs.h"
#include "harness/live/subject/kata_subject.h"
#include "harness/report/words.h"
#include "sim/base/dates.h"

namespace barnacle {
namespace {

struct SubjectArguments {
  std::string source;
  std::string version;
  std::string out;
  std::string payload;
  std::string date;
};

int subject_kata_verb(const std::string& given, const SubjectArguments& arguments) {
  const auto fixtures = find_fixtures(given);
  if (!fixtures) return refuse(fixtures.error());
  const auto catalogue = load_catalogue(*fixtures);
  if (!catalogue) return refuse(catalogue.error());
  const auto date = arguments.date.empty() ? std::nullopt : parse_date(arguments.date);
  if (!arguments.date.empty() && !date)
    return refuse(fmt::format("--date: '{}' is no date, such as 2025-04-25", arguments.date));
  const auto made = make_kata_subject({.source = arguments.source,
                                       .version = arguments.version,
                                       .out = arguments.out,
                                       .payload = arguments.payload,
                                       .date = date,
                                       .variables = fixtures->folder + "/kata/variables.toml",
                                       .stand_ins = fixtures->payload()},
                                      (*catalogue)->versions);
  if (!made) return refuse(made.error());
  const std::string payload =
      arguments.payload.empty()
          ? fmt::format("{} from its templates, {}", counted(made->configurations, "configuration file"),
                        counted(made->stand_ins, "stand-in"))
          : "payload " + arguments.payload;
  print(fmt::format("subject   live:{}\nof        kata-deploy {}, its files dated {}\npayload   {}\n", arguments.out,
                    made->version, date_text(made->date), payload));
  print(fmt::format("try       barnacle replay SCENARIO.toml --subject {}\n", shell_quoted("live:" + arguments.out)));
  return kNothingFound;
}

}  // namespace

void add_subject(CLI::App& program, Chosen& chosen) {
  auto arguments = std::make_shared<SubjectArguments>();
  CLI::App* verb = program.add_subcommand("subject", "Make a live subject (live:DIR) from what you have");
  verb->require_subcommand(1);
  CLI::App* kata = verb->add_subcommand("kata", "From a checkout of kata-containers, versions 3.12.0 to 3.25.0");
  kata->add_option("--source", arguments->source, "The checkout; nothing of it is built or run")
      ->required()
      ->type_name("DIR");
  kata->add_option("--version", arguments->version, "The version it must be of (default: what its file VERSION says)")
      ->type_name("V");
  kata->add_option("--out", arguments->out, "Where the subject goes: a folder that is not there yet, or empty")
      ->required()
      ->type_name("DIR");
  kata->add_option("--payload", arguments->payload,
                   "A ready image tree (DIR/opt/kata) in place of filled-in templates and stand-ins")
      ->type_name("DIR");
  kata->add_option("--date", arguments->date, "The date of every file (default: that of the version)")
      ->type_name("DATE");
  kata->callback([arguments, &chosen] {
    chosen.verb = [arguments, &chosen] { return subject_kata_verb(chosen.fixtures, *arguments); };
  });
}

}  // namespace barnacle
