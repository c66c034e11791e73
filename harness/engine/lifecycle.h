// For tests: a lifecycle told step by step, and what must or must not be found after it.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "harness/engine/replay.h"

namespace barnacle {

// The fixtures of this checkout, read once.
inline const Catalogue& fixtures_catalogue() {
  static const Catalogue catalogue = [] {
    const std::string folder = std::string(BARNACLE_SOURCE_DIR) + "/fixtures";
    auto versions = load_versions(folder + "/versions", folder + "/payload/image");
    auto hosts = list_host_kinds(folder + "/hosts");
    if (!versions || !hosts) throw std::runtime_error("the fixtures cannot be read");
    return Catalogue{std::move(*versions), folder + "/hosts", std::move(*hosts)};
  }();
  return catalogue;
}

// One memory for all lifecycles of a test program: what a timeline holds lives in it.
inline Lab& lifecycle_lab() {
  static Lab lab(fixtures_catalogue());
  return lab;
}

// What the tests set of the chart's values.
struct ChartValues {
  std::string suffix = {};
  std::string shims = {};  // "qemu clh"; empty: the chart's default
  std::string prefix = {};
  bool debug = false;

  Values json() const {
    Values values = Values::object();
    if (!suffix.empty()) values["env"]["multiInstallSuffix"] = suffix;
    if (!shims.empty()) values["env"]["shims"] = shims;
    if (!prefix.empty()) values["env"]["installationPrefix"] = prefix;
    if (debug) values["env"]["debug"] = "true";
    return values;
  }
};

// For what can be interrupted, where a test does not.
inline const std::atomic<bool> kNeverStop{false};

class Lifecycle {
 public:
  explicit Lifecycle(std::string subject, const std::string& host = "ubuntu-24.04-containerd-2.0") {
    scenario_.subject = std::move(subject);
    scenario_.nodes.push_back({"node-a", host, {}});
  }

  Lifecycle& node(const std::string& name, const std::string& host = "ubuntu-24.04-containerd-2.0") {
    scenario_.nodes.push_back({name, host, {}});
    return *this;
  }
  Lifecycle& install(const std::string& release, const ChartValues& values = {}) {
    return helm(StepKind::install, release, values);
  }
  Lifecycle& upgrade(const std::string& release, const ChartValues& values = {}) {
    return helm(StepKind::upgrade, release, values);
  }
  // To the revision before.
  Lifecycle& rollback(const std::string& release) { return of_release(StepKind::rollback, release); }
  Lifecycle& uninstall(const std::string& release) { return of_release(StepKind::uninstall, release); }
  Lifecycle& restart_pod(const std::string& release) { return of_release(StepKind::restart_pod, release); }
  Lifecycle& reboot(const std::string& name = "node-a") { return of_node(StepKind::reboot_node, name); }
  Lifecycle& cordon(const std::string& name = "node-a") { return of_node(StepKind::cordon_node, name); }
  Lifecycle& uncordon(const std::string& name = "node-a") {
    of_node(StepKind::cordon_node, name);
    last().uncordon = true;
    return *this;
  }
  Lifecycle& remove_node(const std::string& name) { return of_node(StepKind::remove_node, name); }
  Lifecycle& add_node(const std::string& name, const std::string& host = "ubuntu-24.04-containerd-2.0") {
    of_node(StepKind::add_node, name);
    last().host = host;
    return *this;
  }
  Lifecycle& run_workload(const std::string& handler, const std::string& name) {
    of_node(StepKind::run_workload, name);
    last().handler = handler;
    return *this;
  }
  // On the step before.
  Lifecycle& with_fault(const Fault& fault) {
    last().faults.push_back(fault);
    return *this;
  }

  Step& last() { return scenario_.steps.back(); }
  const Scenario& scenario() const { return scenario_; }

  Timeline play() const {
    const VersionPtr subject = find_subject(fixtures_catalogue().versions, scenario_.subject);
    if (!subject) throw std::runtime_error("unknown subject " + scenario_.subject);
    auto timeline = replay(lifecycle_lab(), subject, scenario_);
    if (!timeline) throw std::runtime_error(timeline.error());
    return std::move(*timeline);
  }

  // The invariants that are violated, wherever.
  std::set<std::string> found() const {
    std::set<std::string> invariants;
    for (const Finding& finding : play().findings) invariants.insert(finding.invariant);
    return invariants;
  }
  // The invariant is violated, of what begins so.
  void expect(const std::string& invariant, const std::string& path = "") const {
    std::string all;
    for (const Finding& finding : play().findings) {
      if (finding.invariant == invariant && finding.violation.path.starts_with(path)) return;
      all += "\n  " + finding.invariant + " " + finding.violation.path;
    }
    ADD_FAILURE() << invariant << " does not speak of " << path << "; found was:" << all;
  }
  void expect_holds(const std::string& invariant) const {
    for (const Finding& finding : play().findings) {
      if (finding.invariant == invariant)
        ADD_FAILURE() << invariant << ": " << finding.violation.path << ": " << finding.violation.detail;
    }
  }
  void expect_clean() const {
    for (const Finding& finding : play().findings)
      ADD_FAILURE() << finding.invariant << ": " << finding.violation.path << ": " << finding.violation.detail;
  }

 private:
  Lifecycle& step(StepKind kind) {
    scenario_.steps.emplace_back();
    last().kind = kind;
    return *this;
  }
  Lifecycle& of_release(StepKind kind, const std::string& release) {
    step(kind);
    last().release = release;
    return *this;
  }
  Lifecycle& of_node(StepKind kind, const std::string& name) {
    step(kind);
    last().node = name;
    return *this;
  }
  Lifecycle& helm(StepKind kind, const std::string& release, const ChartValues& values) {
    of_release(kind, release);
    last().values = values.json();
    return *this;
  }

  Scenario scenario_;
};

}  // namespace barnacle
