#include "harness/report/text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "harness/report/expectation.h"
#include "harness/report/line.h"
#include "harness/report/pods.h"
#include "harness/report/words.h"

namespace barnacle {
namespace {

constexpr std::size_t kColumns = 120;
constexpr std::size_t kHostChanges = 12;
constexpr std::size_t kMorePaths = 3;

std::string numbers_of(const CleanupPods& pods) {
  return pods.first == pods.last ? std::to_string(pods.first) : fmt::format("{}–{}", pods.first, pods.last);
}

void write_cleanup_pods(std::string& out, const StepRecord& record, std::string_view indent) {
  const CleanupSummary summary = cleanup_of(record);
  if (!summary.failed) return;
  const std::string of =
      summary.jobs == 1 ? fmt::format("Job {}", one_line(summary.job)) : fmt::format("{} Jobs", summary.jobs);
  line(out, "{}cleanup: {} of {}", indent, counted(static_cast<std::uint64_t>(summary.pods), "pod"), of);
  for (const CleanupPods& pods : summary.groups) {
    const std::string numbers = numbers_of(pods);
    line(out, "{}  {}{}  exit {}  {}", indent, numbers,
         std::string(5 - std::min<std::size_t>(5, columns(numbers)), ' '), pods.exit_code, one_line(pods.last_line));
  }
}

void write_failing_pods(std::string& out, const StepRecord& record, std::string_view indent) {
  for (const FailingPod& pod : failing_pods(record)) {
    const std::string_view what = pod.refused ? "refuses its values" : pod.starts > 1 ? "crash loop" : "failed";
    line(out, "{}{}: pod {} on {}, {}, exit {}{}", indent, what, one_line(pod.pod), one_line(pod.node),
         counted(static_cast<std::uint64_t>(pod.starts), "start"), pod.exit_code,
         pod.struck.empty() ? "" : fmt::format(" (fault at: {})", one_line(pod.struck)));
    for (const std::string& text : pod.last_lines) line(out, "{}  | {}", indent, one_line(text));
  }
}

// A folder that came or went is one entry, with what came or went below it counted. Entries are in the order of a walk.
std::vector<std::string> folded(const std::vector<std::string>& changes) {
  std::vector<std::string> entries;
  for (std::size_t i = 0; i < changes.size();) {
    const std::string below = changes[i] + "/";
    std::size_t next = i + 1;
    while (next < changes.size() && changes[next].starts_with(below)) ++next;
    const std::size_t count = next - i - 1;
    entries.push_back(one_line(changes[i]) + (count == 0 ? "" : fmt::format("  and {} below it", count)));
    i = next;
  }
  return entries;
}

void write_host_changes(std::string& out, const StepOutcome& step, std::string_view indent) {
  if (step.host_changes.empty()) return;
  line(out, "{}host, changed by step {}:", indent, step.index);
  const std::vector<std::string> entries = folded(step.host_changes);
  const std::size_t shown = std::min(kHostChanges, entries.size());
  for (std::size_t i = 0; i < shown; ++i) line(out, "{}  {}", indent, entries[i]);
  if (shown < entries.size()) line(out, "{}  … and {} more", indent, entries.size() - shown);
}

void write_steps(std::string& out, const ReplayReport& report) {
  std::set<int> with_findings;
  for (const Finding& finding : report.timeline.findings) with_findings.insert(finding.step);
  for (const StepOutcome& step : report.timeline.steps) {
    const Step& played = report.scenario.steps[static_cast<std::size_t>(step.index) - 1];
    line(out, "{:>3} {}  → {}", step.index, one_line(describe_step(played)), one_line(step.result));
    if (with_findings.contains(step.index)) continue;  // there its first finding shows them
    write_failing_pods(out, step.record, "      ");
    write_cleanup_pods(out, step.record, "      ");
  }
}

void write_author(std::string& out, const ReplayReport& report, const Author& by) {
  if (by.step < 1 || static_cast<std::size_t>(by.step) > report.timeline.steps.size()) return;
  std::string who = by.release.empty() ? "?" : one_line(by.release);
  if (by.revision > 0) who += fmt::format(" rev {}", by.revision);
  const StepKind kind = report.timeline.steps[static_cast<std::size_t>(by.step) - 1].kind;
  std::string what = fmt::format("step {} {}", by.step, step_name(kind));
  for (const std::string& part : {by.node, by.pod}) {
    if (!part.empty()) what += " · " + one_line(part);
  }
  if (by.effect > 0) what += fmt::format(" · effect {} {}", by.effect, one_line(by.what));
  if (!by.line.empty()) what += fmt::format(" · {}", one_line(by.line));
  line(out, "  by  {} · {}", who, what);
}

void write_place(std::string& out, const Violation& violation) {
  line(out, "  {}", fmt::join(std::vector<std::string>{one_line(violation.path), one_line(violation.detail)}, "    "));
  if (!violation.file.empty()) {
    line(out, "  in  {}{}", one_line(violation.file), violation.line > 0 ? fmt::format(":{}", violation.line) : "");
  }
  if (!violation.node.empty()) line(out, "  on  {}", one_line(violation.node));
}

void write_more(std::string& out, const std::vector<const Finding*>& more) {
  if (more.empty()) return;
  line(out, "  and {} more of this kind", more.size());
  const std::size_t shown = std::min(kMorePaths, more.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const Violation& violation = more[i]->violation;
    line(out, "      step {}  {}  {}", more[i]->step, one_line(violation.node), one_line(violation.path));
  }
}

// Findings by invariant, in the order in which the invariants were first violated.
std::vector<std::vector<const Finding*>> grouped(const std::vector<Finding>& findings) {
  std::vector<std::vector<const Finding*>> groups;
  for (const Finding& finding : findings) {
    const auto same =
        std::ranges::find_if(groups, [&](const auto& group) { return group.front()->invariant == finding.invariant; });
    if (same == groups.end()) groups.push_back({&finding});
    else same->push_back(&finding);
  }
  return groups;
}

class FindingsWriter {
 public:
  FindingsWriter(std::string& out, const ReplayReport& report) : out_(out), report_(report) {}

  void write(const std::vector<const Finding*>& group) {
    const Finding& first = *group.front();
    const Invariant* invariant = find_invariant(first.invariant);
    line(out_, "✗ {}  {}", first.invariant, invariant == nullptr ? "" : invariant->sentence);
    write_place(out_, first.violation);
    write_author(out_, report_, first.by);
    out_ += sequence_text(report_.scenario, static_cast<std::size_t>(first.step), "  ");
    write_evidence(first.step);
    write_more(out_, {group.begin() + 1, group.end()});
    if (!report_.command.empty()) line(out_, "  replay: {}", report_.command);
    out_.push_back('\n');
  }

 private:
  // Of each step once: many findings of one step share it.
  void write_evidence(int step) {
    const StepOutcome& outcome = report_.timeline.steps[static_cast<std::size_t>(step) - 1];
    const auto [entry, first] = shown_.insert(step);
    if (!first) return line(out_, "  host and pods of step {}: as above", step);
    write_host_changes(out_, outcome, "  ");
    write_failing_pods(out_, outcome.record, "  ");
    write_cleanup_pods(out_, outcome.record, "  ");
  }

  std::string& out_;
  const ReplayReport& report_;
  std::set<int> shown_;
};

void write_expectation(std::string& out, const ReplayReport& report) {
  const ExpectationResult result = compare_expectation(report.scenario.expect, report.timeline.findings);
  if (!result.present) return;
  if (result.matched) return line(out, "expected: matched");
  line(out, "expected: NOT matched");
  if (!result.missing.empty()) line(out, "  missing: {}", fmt::join(result.missing, ", "));
  if (!result.unexpected.empty()) line(out, "  unexpected: {}", fmt::join(result.unexpected, ", "));
}

std::string verdict_of(const Timeline& timeline) {
  if (timeline.findings.empty()) return "clean: nothing found";
  return fmt::format("{} of {}", counted(timeline.findings.size(), "finding"),
                     counted(grouped(timeline.findings).size(), "invariant"));
}

void write_head(std::string& out, const ReplayReport& report) {
  const Scenario& scenario = report.scenario;
  if (!scenario.title.empty()) line(out, "{}", one_line(scenario.title));
  if (!scenario.source.empty()) line(out, "source   {}", one_line(scenario.source));
  line(out, "subject  {}", report.subject);
  std::vector<std::string> nodes;
  for (const NodeSpec& node : scenario.nodes) nodes.push_back(one_line(node.name + " (" + node.host + ")"));
  line(out, "nodes    {}", fmt::join(nodes, ", "));
}

}  // namespace

std::string sequence_text(const Scenario& scenario, std::size_t count, std::string_view indent) {
  std::string out;
  std::string current;
  for (std::size_t i = 0; i < std::min(count, scenario.steps.size()); ++i) {
    const std::string step = fmt::format("{} {}", i + 1, one_line(describe_step(scenario.steps[i])));
    const bool fits = !current.empty() && columns(current) + 4 + columns(step) <= kColumns;
    if (fits) {
      current += "    " + step;
      continue;
    }
    if (!current.empty()) line(out, "{}", current);
    current = std::string(indent) + step;
  }
  if (!current.empty()) line(out, "{}", current);
  return out;
}

std::string findings_text(const ReplayReport& report) {
  std::string out;
  FindingsWriter writer(out, report);
  for (const auto& group : grouped(report.timeline.findings)) writer.write(group);
  return out;
}

std::string replay_text(const ReplayReport& report) {
  std::string out;
  write_head(out, report);
  out.push_back('\n');
  write_steps(out, report);
  out.push_back('\n');
  out += findings_text(report);
  line(out, "verdict  {}", verdict_of(report.timeline));
  line(out, "digest   {}", to_hex(report.timeline.digest));
  write_expectation(out, report);
  return out;
}

}  // namespace barnacle
