#include "harness/report/crash_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "harness/report/words.h"

namespace barnacle {
namespace {

using Group = std::vector<const CrashPoint*>;

// The file that the cut effect was about is the one that stays wrong: a copy that was torn, say.
bool in_hand(const CrashPoint& point) { return point.what.ends_with(" " + point.path); }

// One outcome: the same path, or whichever file was in hand.
bool alike(const CrashPoint& a, const CrashPoint& b) {
  return a.step == b.step && a.program == b.program && a.run == b.run && a.node == b.node && a.recovery == b.recovery &&
         a.difference == b.difference && (a.path == b.path || (in_hand(a) && in_hand(b)));
}

std::size_t paths_of(const Group& group) {
  std::set<std::string_view> paths;
  for (const CrashPoint* point : group) paths.insert(point->path);
  return paths.size();
}

// In the order of their first points.
std::vector<Group> groups_of(const CrashReport& report) {
  std::vector<Group> groups;
  for (const CrashPoint& point : report.points) {
    const auto group = std::ranges::find_if(groups, [&](const Group& known) { return alike(*known.front(), point); });
    if (group == groups.end()) groups.push_back({&point});
    else group->push_back(&point);
  }
  return groups;
}

// "effects 3, 7–9 and 12"
std::string effects_of(const Group& group) {
  std::vector<std::string> ranges;
  for (std::size_t i = 0; i < group.size();) {
    std::size_t end = i;
    while (end + 1 < group.size() && group[end + 1]->effect == group[end]->effect + 1) ++end;
    ranges.push_back(end == i ? std::to_string(group[i]->effect)
                              : fmt::format("{}–{}", group[i]->effect, group[end]->effect));
    i = end + 1;
  }
  return fmt::format("effect{} {}", group.size() == 1 ? "" : "s", fmt::join(ranges, ", "));
}

void write_group(std::string& out, const Group& group, const Scenario& scenario) {
  const CrashPoint& first = *group.front();
  const Step& step = scenario.steps[static_cast<std::size_t>(first.step) - 1];
  out += fmt::format("\n✗ step {} {}, run {} of {} on {}, cut after {}\n", first.step, describe_step(step), first.run,
                     first.program, first.node, effects_of(group));
  out += fmt::format("  {}    {}\n", one_line(first.path), first.difference);
  if (const std::size_t paths = paths_of(group); paths > 1)
    out += fmt::format("  and {}, cut while {} in hand\n", counted(paths - 1, "other file"),
                       paths == 2 ? "it was" : "they were");
  out += fmt::format("  recovers {}\n", recovery_name(first.recovery));
  out += fmt::format("  the first of them is {}\n", one_line(first.what));
  out += fmt::format("  as a fault of the step: [[step.fault]] do = \"cut\", program = \"{}\", run = {}, effect = {}\n",
                     first.program, first.run, first.effect);
}

}  // namespace

std::string crash_text(const Scenario& scenario, const std::string& subject, const CrashReport& report) {
  std::string out = fmt::format("subject  {}\n", subject);
  const std::vector<Group> groups = groups_of(report);
  for (const Group& group : groups) write_group(out, group, scenario);
  const auto count = [&](Recovery recovery) {
    return std::ranges::count(report.points, recovery, &CrashPoint::recovery);
  };
  out += fmt::format(
      "\nverdict  {} cuts{}: {} recover by themselves, {} by a restart, {} by an uninstall, {} never; {} in {}\n",
      report.cuts, report.interrupted ? " (interrupted)" : "",
      static_cast<std::size_t>(report.cuts) - report.points.size(), count(Recovery::by_restart),
      count(Recovery::by_uninstall), count(Recovery::never), report.points.size(), counted(groups.size(), "group"));
  return out;
}

nlohmann::json crash_json(const std::string& subject, const CrashReport& report) {
  nlohmann::json points = nlohmann::json::array();
  for (const CrashPoint& point : report.points) {
    points.push_back({{"step", point.step},
                      {"program", point.program},
                      {"run", point.run},
                      {"node", point.node},
                      {"effect", point.effect},
                      {"what", point.what},
                      {"recovery", recovery_name(point.recovery)},
                      {"path", point.path},
                      {"difference", point.difference}});
  }
  return {{"subject", subject},
          {"cuts", report.cuts},
          {"interrupted", report.interrupted},
          {"verdict", report.points.empty() ? "clean" : "findings"},
          {"points", points}};
}

}  // namespace barnacle
