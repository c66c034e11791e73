#include "harness/report/explore_report.h"

#include <fmt/format.h>

#include "harness/report/json.h"
#include "harness/report/table.h"
#include "harness/report/words.h"
#include "harness/scenario/scenario_toml.h"

namespace barnacle {
namespace {

std::string sentence(const ExploreShown& shown) {
  const std::size_t depth = shown.report.levels.size() - 1;
  const std::string faults =
      shown.faults == 0
          ? ""
          : fmt::format(", at most {} in a sequence", counted(static_cast<std::uint64_t>(shown.faults), "fault"));
  return fmt::format("all sequences of up to {} over {} ({}) with {} and {}{}: {}, {}, {}", counted(depth, "step"),
                     shown.alphabet, counted(shown.letters, "letter"), counted(shown.nodes, "node"),
                     counted(shown.releases, "release"), faults, counted(shown.report.worlds(), "world"),
                     counted(shown.report.transitions(), "transition"),
                     counted(shown.report.findings.size(), "finding"));
}

std::string finding_text(const ExploreFinding& found, const std::string& file) {
  const Invariant* invariant = find_invariant(found.finding.invariant);
  const Violation& violation = found.finding.violation;
  std::string text =
      fmt::format("✗ {}  {}\n  {}    {}\n", found.finding.invariant, invariant != nullptr ? invariant->sentence : "",
                  one_line(violation.path), one_line(violation.detail));
  if (!violation.node.empty()) text += fmt::format("  on  {}\n", violation.node);
  for (std::size_t i = 0; i < found.scenario.steps.size(); ++i)
    text += fmt::format("  {} {}\n", i + 1, describe_step(found.scenario.steps[i]));
  if (!file.empty()) return text + fmt::format("  replay: barnacle replay {}\n\n", file);
  return text + "  its scenario, for barnacle replay FILE:\n\n" + write_scenario(found.scenario) + "\n";
}

std::string file_of(const ExploreShown& shown, std::size_t finding) {
  return finding < shown.files.size() ? shown.files[finding] : "";
}

}  // namespace

std::string explore_text(const ExploreShown& shown) {
  std::string text;
  for (std::size_t i = 0; i < shown.report.findings.size(); ++i)
    text += finding_text(shown.report.findings[i], file_of(shown, i));
  Table table({{"depth", kRight}, {"new worlds", kRight}, {"transitions", kRight}, {"without effect", kRight}});
  for (std::size_t depth = 0; depth < shown.report.levels.size(); ++depth) {
    const ExploreLevel& level = shown.report.levels[depth];
    table.add({std::to_string(depth), with_thousands(level.worlds), with_thousands(level.transitions),
               with_thousands(level.idle)});
  }
  text += fmt::format("subject   {}\n\n{}\n", shown.subject, table.text("  "));
  for (const std::string& pair : shown.report.incongruent) text += "✗ one hash, two futures: " + pair + "\n";
  if (shown.report.pairs > 0)
    text += fmt::format("{} of worlds with one hash went on alike, {} did not\n",
                        counted(shown.report.pairs - shown.report.incongruent.size(), "pair"),
                        shown.report.incongruent.size());
  if (!shown.report.stopped.empty()) text += fmt::format("ended early ({}); what is complete:\n", shown.report.stopped);
  text += sentence(shown) + "\n";
  return text + fmt::format("time      {:.1f} s\n", shown.wall_seconds);
}

nlohmann::json explore_json(const ExploreShown& shown) {
  nlohmann::json json = {{"subject", shown.subject},        {"alphabet", shown.alphabet},
                         {"sentence", sentence(shown)},     {"stopped", shown.report.stopped},
                         {"worlds", shown.report.worlds()}, {"transitions", shown.report.transitions()},
                         {"pairs", shown.report.pairs},     {"incongruent", shown.report.incongruent}};
  json["levels"] = nlohmann::json::array();
  for (const ExploreLevel& level : shown.report.levels)
    json["levels"].push_back({{"worlds", level.worlds}, {"transitions", level.transitions}, {"idle", level.idle}});
  json["findings"] = nlohmann::json::array();
  for (std::size_t i = 0; i < shown.report.findings.size(); ++i) {
    nlohmann::json one = to_json(shown.report.findings[i].finding);
    const std::string file = file_of(shown, i);
    if (file.empty()) one["scenario"] = write_scenario(shown.report.findings[i].scenario);
    else one["file"] = file;
    json["findings"].push_back(std::move(one));
  }
  return json;
}

}  // namespace barnacle
