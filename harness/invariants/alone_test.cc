// No invariant is a shadow of another: for each of them one case in which it alone speaks. Where no version of
// upstream's shows one, one thing is spoiled in a moment of the reference logic, about which nobody has anything to say
// before.
#include <algorithm>
#include <functional>
#include <set>

#include "harness/engine/lifecycle.h"
#include "harness/invariants/invariant.h"
#include "sim/cluster/cluster.h"

namespace barnacle {
namespace {

using Ids = std::set<std::string>;

const std::string kOld = "model:kata-3.16.0";
const std::string kContainerd = "ubuntu-24.04-containerd-2.0";
const std::string kCrio = "ubuntu-24.04-crio-1.32";
const ChartValues kPlain{.suffix = {}, .shims = "qemu", .prefix = {}, .debug = false};
const ChartValues kCicd{.suffix = "cicd", .shims = "qemu", .prefix = {}, .debug = false};

// --- what versions show ---

struct Shown {
  std::string invariant;
  Lifecycle life;
};

// A release whose second shim still names the plain tree. There is one, so that all of its paths resolve.
Shown named_neighbour() {
  ChartValues plain{.shims = "qemu qemu-snp"};
  ChartValues cicd{.suffix = "cicd", .shims = "qemu qemu-snp"};
  return {"path.suffix-once", Lifecycle("model:kata-3.19.0", kCrio).install("kata", plain).install("kata-cicd", cicd)};
}

// The wrapper names a share that no payload has.
Shown missing_share() {
  return {"path.resolves", Lifecycle(kOld, kCrio).install("kata", {.suffix = "cicd", .shims = "qemu-nvidia-gpu"})};
}

// Shims with annotations in common get them once more.
Shown annotations_twice() {
  Lifecycle life(kOld, kCrio);
  (*life.install("kata").last().values)["env"] = {{"allowedHypervisorAnnotations", "default_vcpus machine_type"}};
  return {"list.no-duplicates", life};
}

// The RuntimeClass of a dropped shim; another release stays, so that nobody asks whether the host is restored.
Shown class_left() {
  Lifecycle life(kOld, kCrio);
  life.install("kata", {.shims = "qemu clh"}).install("kata-b", {.suffix = "b", .shims = "qemu"});
  return {"cluster.no-orphans", life.upgrade("kata", kPlain).uninstall("kata")};
}

// helm install --atomic takes back what does not become ready, and the cleanup refuses as the install did.
Shown refusal_at_once() {
  Lifecycle life(kOld, "ubuntu-22.04-containerd-1.6");
  life.node("node-b", "centos-9-containerd-1.7").install("kata", kCicd);
  life.last().options.wait = life.last().options.atomic = true;
  return {"deploy.refusal-clean", life};
}

std::vector<Shown> all_shown() {
  const ChartValues debug{.shims = "qemu", .debug = true};
  return {
      named_neighbour(),
      missing_share(),
      annotations_twice(),
      class_left(),
      refusal_at_once(),
      {"host.converged", Lifecycle(kOld, kCrio).install("kata").upgrade("kata", kPlain)},
      {"host.commutes", Lifecycle(kOld, kCrio).install("kata", debug).install("kata-cicd", kCicd)},
      {"host.restored", Lifecycle(kOld, kCrio).install("kata", kPlain).uninstall("kata")},
      {"runtime.restartable", Lifecycle(kOld, kContainerd + "-no-imports").install("kata", kPlain)},
      {"runtime.handlers", Lifecycle("model:kata-3.24.0", kCrio).install("kata")},
      {"disruption.bounded", Lifecycle(kOld, kCrio).install("kata", kPlain).restart_pod("kata")},
      {"release.settles", Lifecycle("model:kata-3.16.0-strip").install("kata-cicd", kCicd)},
  };
}

// --- what is spoiled ---

// The last step of a story, with the worlds around it.
struct Moment {
  explicit Moment(const Lifecycle& life) : scenario(life.scenario()), after(*start_world(lifecycle_lab(), scenario)) {
    const VersionPtr subject = find_subject(fixtures_catalogue().versions, scenario.subject);
    for (const Step& step : scenario.steps) {
      before = after;
      record = play_step(lifecycle_lab(), after, subject, step);
    }
  }

  Ids speaking() const {
    const CheckContext context = make_context(lifecycle_lab(), before, after, scenario.steps.back(), record);
    Ids ids;
    for (const Invariant& invariant : all_invariants()) {
      if (!judge(invariant, context).violations.empty()) ids.insert(std::string(invariant.id));
    }
    return ids;
  }

  // The first run of the step, as it would have been.
  void forge_run(const std::function<void(RunRecord&)>& change) {
    RunRecord forged = *record.runs.front().run;
    change(forged);
    record.runs.front().run = std::make_shared<const RunRecord>(std::move(forged));
  }

  Scenario scenario;
  World before;
  World after;
  StepRecord record;
};

void change_host(HostPtr& host, const std::function<void(Host&)>& change) {
  Host changed = host->host;
  change(changed);
  host = freeze(std::move(changed));
}

void write_file(Host& host, const std::string& path, const std::string& text) {
  ASSERT_TRUE(host.files.write(path, text, 0)) << path;
}

std::string text_of(const Host& host, const std::string& path) { return (*host.files.read(path))->bytes; }

const std::string kConfiguration = "/etc/containerd/config.toml";

HostPtr& host_of(World& world) { return world.nodes.front().host; }

void take_label(World& world) {
  const nlohmann::json patch = {{"metadata", {{"labels", {{"katacontainers.io/kata-runtime", nullptr}}}}}};
  ASSERT_TRUE(world.cluster.merge_patch({}, Kind::node, "", "node-a", patch));
}

struct Spoiled {
  std::string invariant;
  Lifecycle life;
  std::function<void(Moment&)> spoil;
};

Lifecycle installed() { return Lifecycle("model:kata").install("kata", kPlain); }

void write_outside(Moment& moment) {
  moment.forge_run([](RunRecord& run) {
    run.changes.add({.number = 1, .kind = EffectKind::write, .path = "/usr/local/bin/kata-runtime"});
    run.changes.close();
  });
}

// Somebody had spoiled the host between two steps, and the restart mended it: at rest all is well.
void had_been_changed(Moment& moment) {
  change_host(moment.record.runs.front().before, [](Host& host) { write_file(host, "/opt/kata/stray", ""); });
}

// Parsed, the file says what it said.
void lose_a_comment(Moment& moment) {
  change_host(host_of(moment.after), [](Host& host) {
    std::string text = text_of(host, kConfiguration);
    const std::size_t comment = text.find('#');
    ASSERT_NE(comment, std::string::npos);
    text.erase(comment, text.find('\n', comment) + 1 - comment);
    write_file(host, kConfiguration, text);
  });
}

// A service that was started and never enabled.
void had_a_service(Moment& moment) {
  change_host(host_of(moment.before), [](Host& host) {
    host.units["nydus-snapshotter"] = {
        .enabled = false, .state = UnitState::active, .recent_starts = {}, .from_file = false};
  });
}

// The runtime still runs with what it had loaded. Beside a release that moved away nobody asks whether the host is
// converged.
void break_the_configuration(Moment& moment) {
  change_host(host_of(moment.after),
              [](Host& host) { write_file(host, kConfiguration, text_of(host, kConfiguration) + "\n[broken\n"); });
}

// The file was changed, the runtime restarted, and the file changed back.
void load_something_else(Moment& moment) {
  change_host(host_of(moment.after), [](Host& host) {
    const std::string text = text_of(host, kConfiguration);
    write_file(host, kConfiguration, text + "\n[debug]\n  level = \"trace\"\n");
    ASSERT_EQ(systemctl(host, "restart", "containerd", 0).exit_status, 0);
    write_file(host, kConfiguration, text);
  });
}

void clean_up_twice(Moment& moment) {
  RunEvent again = moment.record.runs.back();
  ASSERT_EQ(again.run->program, Program::cleanup);
  again.pod += "-again";
  moment.record.runs.push_back(again);
}

void leave_a_file(Moment& moment) {
  change_host(host_of(moment.after), [](Host& host) {
    ASSERT_TRUE(host.files.make_directories("/opt/kata-cicd", 0));
    write_file(host, "/opt/kata-cicd/left", "");
  });
}

// The other release's pods have moved to another node, and what it had here stays its own.
Lifecycle beside_one_that_moved_away() {
  Lifecycle life("model:kata");
  life.install("kata", kPlain).install("kata-cicd", kCicd).upgrade("kata", kPlain);
  (*life.last().values)["nodeSelector"] = {{"pool", "elsewhere"}};
  return life.restart_pod("kata-cicd");
}

void change_the_others_binary(Moment& moment) {
  change_host(host_of(moment.after),
              [](Host& host) { write_file(host, "/opt/kata/bin/cloud-hypervisor", "other bytes"); });
}

// Two nodes, of which one has the release that stays, so that nobody asks whether the other is restored.
Lifecycle uninstalled_beside_another_node() {
  Lifecycle life("model:kata");
  life.node("node-b").install("kata", kPlain);
  (*life.last().values)["nodeSelector"] = {{"kubernetes.io/hostname", "node-b"}};
  return life.install("kata-cicd", kCicd).uninstall("kata-cicd");
}

void report_success(Moment& moment) {
  moment.forge_run([](RunRecord& run) {
    run.result.ending = RunResult::Ending::settled;
    run.result.exit_code = 0;
  });
}

Lifecycle with_a_failed_write() {
  Fault fault;
  fault.kind = FaultKind::fail;
  fault.effect_is = "replace " + kConfiguration;
  fault.error = "EIO";
  return installed().with_fault(fault);
}

std::vector<Spoiled> all_spoiled() {
  return {
      {"path.inside-roots", installed(), write_outside},
      {"host.idempotent", installed().restart_pod("kata"), had_been_changed},
      {"host.isolated", beside_one_that_moved_away(), change_the_others_binary},
      {"host.operator-kept", installed(), lose_a_comment},
      {"reboot.noop", installed().reboot(), had_a_service},
      {"runtime.parses", beside_one_that_moved_away(), break_the_configuration},
      {"runtime.loaded", installed(), load_something_else},
      {"cleanup.single-job", installed().uninstall("kata"), clean_up_twice},
      {"cleanup.every-node", uninstalled_beside_another_node(), leave_a_file},
      {"cluster.label", installed(), [](Moment& moment) { take_label(moment.after); }},
      {"api.no-forbidden", installed(), [](Moment& moment) { moment.record.denied.emplace_back("list DaemonSet"); }},
      {"deploy.truthful", with_a_failed_write(), report_success},
      {"workload.survives", installed().run_workload("kata-qemu", "node-a").restart_pod("kata"),
       [](Moment& moment) { moment.record.killed_workloads.emplace_back("workload-1"); }},
  };
}

TEST(AloneInvariants, AVersionIsSeenThroughByOneAlone) {
  for (const Shown& one : all_shown()) {
    SCOPED_TRACE(one.invariant);
    EXPECT_EQ(one.life.found(), Ids{one.invariant});
  }
}

TEST(AloneInvariants, TheReferenceLogicPassesTheStoriesOfVersions) {
  for (const Shown& one : all_shown()) {
    SCOPED_TRACE(one.invariant);
    const auto clean =
        replay(lifecycle_lab(), find_subject(fixtures_catalogue().versions, "model:kata"), one.life.scenario());
    ASSERT_TRUE(clean) << clean.error();
    for (const Finding& finding : clean->findings) ADD_FAILURE() << finding.invariant << ": " << finding.violation.path;
  }
}

TEST(AloneInvariants, WhereOneThingIsSpoiledOneSpeaks) {
  for (const Spoiled& one : all_spoiled()) {
    SCOPED_TRACE(one.invariant);
    one.life.expect_clean();
    Moment moment(one.life);
    ASSERT_EQ(moment.speaking(), Ids{});
    one.spoil(moment);
    EXPECT_EQ(moment.speaking(), Ids{one.invariant});
  }
}

TEST(AloneInvariants, NoneIsLeftOut) {
  Ids alone;
  for (const Shown& one : all_shown()) alone.insert(one.invariant);
  for (const Spoiled& one : all_spoiled()) alone.insert(one.invariant);
  for (const Invariant& invariant : all_invariants())
    EXPECT_TRUE(alone.contains(std::string(invariant.id))) << invariant.id;
  EXPECT_EQ(alone.size(), all_invariants().size());
}

}  // namespace
}  // namespace barnacle
