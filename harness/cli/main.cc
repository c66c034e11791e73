// barnacle: finds what deploy logic leaves on a host.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/cli/exit_status.h"
#include "harness/cli/output.h"
#include "harness/cli/verbs.h"
#include "sim/base/check.h"

namespace barnacle {
namespace {

constexpr const char* kDescription =
    "Barnacle plays the lifecycle of software that a Helm chart installs onto nodes (install, upgrade, restart, "
    "reboot,\n"
    "rollback, uninstall) against simulated hosts, and reports what the deploy logic leaves there.";

constexpr const char* kFooter =
    "Exit status: 0 nothing found, 1 a finding, 2 bad input or usage, 3 a fault of Barnacle itself.\n"
    "Begin with: barnacle replay fixtures/field/kata-11187.toml";

// Help and --version end with status 0, every mistake with 2 and one line.
int end_of_parsing(const CLI::App& program, const CLI::ParseError& end) {
  if (end.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) return program.exit(end);
  return refuse(fmt::format("{} (see barnacle --help)", end.what()));
}

int run_verb(const Chosen& chosen) {
  const int status = chosen.verb();
  if (flush_output()) return status;
  return refuse("the report cannot be written to standard output");
}

int run(int argc, char** argv) {
  Chosen chosen;
  CLI::App program(kDescription, "barnacle");
  program.footer(kFooter);
  program.require_subcommand(0, 1);  // that one is missing is told below, after what was given in its place
  program.set_version_flag("--version", "barnacle " BARNACLE_VERSION, "Print the version and end");
  program
      .add_option("--fixtures", chosen.fixtures,
                  "Folder with hosts, versions and payload (default: $BARNACLE_FIXTURES, or the project's own)")
      ->type_name("DIR");
  program.fallthrough();
  for (const auto add : {add_replay, add_run, add_gate, add_merge, add_shrink, add_crash, add_explore, add_selftest,
                         add_conform, add_subject, add_bench, add_list})
    add(program, chosen);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& end) {
    return end_of_parsing(program, end);
  }
  if (!chosen.verb)
    return refuse(
        "name a verb: replay, run, gate, merge, shrink, crash, explore, selftest, conform, subject, bench or list (see "
        "barnacle "
        "--help)");
  return run_verb(chosen);
}

}  // namespace
}  // namespace barnacle

int main(int argc, char** argv) {
  try {
    return barnacle::run(argc, argv);
  } catch (const barnacle::InternalError& error) {
    return barnacle::report_internal_fault(error.what());
  } catch (const std::bad_alloc&) {
    return barnacle::report_internal_fault("out of memory");
  } catch (const std::exception& error) {
    return barnacle::report_internal_fault(error.what());
  }
}
