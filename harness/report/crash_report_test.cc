// What barnacle crash prints: one group for one outcome.
#include "harness/report/crash_report.h"

#include <gtest/gtest.h>

namespace barnacle {
namespace {

Scenario an_install_of_tug() {
  Scenario scenario;
  Step step;
  step.kind = StepKind::install;
  step.release = "tug";
  scenario.steps = {step};
  return scenario;
}

CrashPoint cut_after(int effect, const std::string& what, const std::string& path) {
  return {.step = 1,
          .program = "install",
          .run = 1,
          .node = "node-a",
          .effect = effect,
          .what = what,
          .recovery = Recovery::by_uninstall,
          .path = path,
          .difference = "differs"};
}

bool holds_text(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST(CrashText, EveryTornCopyIsOneOutcome) {
  const CrashReport report{
      .cuts = 9,
      .points = {cut_after(3, "write /opt/tug/a", "/opt/tug/a"), cut_after(4, "chmod /opt/tug/a", "/opt/tug/a"),
                 cut_after(6, "write /opt/tug/b", "/opt/tug/b")},
      .interrupted = false};
  const std::string text = crash_text(an_install_of_tug(), "live:tug", report);
  EXPECT_TRUE(holds_text(text, "cut after effects 3–4, 6\n")) << text;
  EXPECT_TRUE(holds_text(text, "  /opt/tug/a    differs\n  and 1 other file, cut while it was in hand\n")) << text;
  EXPECT_TRUE(holds_text(text, "3 in 1 group\n")) << text;
}

TEST(CrashText, AnotherFileThanTheOneInHandIsAnotherOutcome) {
  const CrashReport report{.cuts = 9,
                           .points = {cut_after(3, "write /opt/tug/a", "/opt/tug/a"),
                                      cut_after(8, "write /opt/tug/c", "/etc/containerd/config.toml")},
                           .interrupted = false};
  const std::string text = crash_text(an_install_of_tug(), "live:tug", report);
  EXPECT_TRUE(holds_text(text, "cut after effect 3\n")) << text;
  EXPECT_TRUE(holds_text(text, "cut after effect 8\n")) << text;
  EXPECT_TRUE(holds_text(text, "2 in 2 groups\n")) << text;
}

}  // namespace
}  // namespace barnacle
