// Crash points: each step of a scenario is cut after each effect of each of its runs in turn, and then recovers. What
// an installer leaves where it is killed is seldom tried, because nobody can place the kill; here every place is tried.
#pragma once

#include <atomic>
#include <expected>
#include <string>
#include <vector>

#include "harness/engine/replay.h"

namespace barnacle {

// What it took until every host was again as if nothing had been cut.
enum class Recovery : std::uint8_t {
  by_itself,     // the pod was started again, or the Job tried again
  by_restart,    // one more restart of the pod by hand
  by_uninstall,  // only the uninstall
  never
};
std::string_view recovery_name(Recovery recovery);

struct CrashPoint {
  int step = 0;         // from 1
  std::string program;  // "install" or "cleanup"
  int run = 1;          // which run of it within the step, from 1
  std::string node;
  int effect = 0;    // the last one that was done, from 1
  std::string what;  // "replace /etc/containerd/config.toml"
  Recovery recovery = Recovery::by_itself;
  std::string path;  // the first difference after the step; empty where there was none
  std::string difference;
};

struct CrashReport {
  int cuts = 0;
  std::vector<CrashPoint> points;  // those that did not recover by themselves, in the order of steps, runs and effects
  bool interrupted = false;
};

// Errors are those of replay().
std::expected<CrashReport, std::string> crash_everywhere(Lab& lab, const VersionPtr& subject, const Scenario& scenario,
                                                         const std::atomic<bool>& stop);

}  // namespace barnacle
