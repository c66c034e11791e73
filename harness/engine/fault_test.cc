// Programs cut or failed at each of their effects in turn. Under AddressSanitizer this is also the proof that a
// coroutine may be given up wherever it waits.
#include "harness/engine/lifecycle.h"
#include "sim/base/sanitized.h"

namespace barnacle {
namespace {

constexpr int kEveryEffect = kSanitized ? 3 : 1;  // how far from one struck effect to the next

struct Story {
  std::string subject;
  std::string host;
  std::string program;
};

// The last step runs the program that is meant.
Lifecycle life_of(const Story& story) {
  Lifecycle life(story.subject, story.host);
  life.install("kata-cicd", {.suffix = "cicd", .shims = "qemu"});
  if (story.program == "cleanup") life.uninstall("kata-cicd");
  return life;
}

const RunEvent* first_run(const Timeline& timeline, std::string_view program) {
  for (const RunEvent& event : timeline.steps.back().record.runs) {
    if (program_name(event.run->program) == program) return &event;
  }
  return nullptr;
}

Fault fault_at(const Story& story, FaultKind kind, int effect) {
  Fault fault;
  fault.kind = kind;
  fault.program = story.program;
  fault.effect = effect;
  fault.error = "EIO";
  return fault;
}

std::vector<Story> stories() {
  std::vector<Story> all;
  for (const char* subject : {"model:kata", "model:kata-3.16.0", "model:kata-3.19.0", "model:kata-3.24.0"}) {
    for (const char* host : {"ubuntu-24.04-containerd-2.0", "ubuntu-24.04-crio-1.32"}) {
      for (const char* program : {"install", "cleanup"}) all.push_back({subject, host, program});
    }
  }
  return all;
}

bool same_notes(const EffectNotes& some, const EffectNotes& all) {
  return some.size() <= all.size() &&
         std::equal(some.begin(), some.end(), all.begin(), [](const EffectNote& a, const EffectNote& b) {
           return a.number == b.number && a.kind == b.kind && a.path == b.path;
         });
}

// Reads count as well: the same questions to the API server, the same answers, the same output.
bool asked_and_said_the_same(const RunRecord& some, const RunRecord& all) {
  const auto same = [](const RunRecord::Seen& a, const RunRecord::Seen& b) {
    return describe(*a.effect) == describe(*b.effect) && a.view == b.view;
  };
  const auto& log = some.result.log;
  return some.api.size() <= all.api.size() && std::equal(some.api.begin(), some.api.end(), all.api.begin(), same) &&
         log.size() <= all.result.log.size() && std::equal(log.begin(), log.end(), all.result.log.begin());
}

TEST(Faults, ACutRunHasDoneWhatTheWholeRunDoesAtFirst) {
  for (const Story& story : stories()) {
    SCOPED_TRACE(story.subject + " " + story.host + " " + story.program);
    const Timeline uncut = life_of(story).play();
    const RunEvent* whole = first_run(uncut, story.program);
    ASSERT_NE(whole, nullptr);
    ASSERT_GT(whole->run->effects, 20);
    for (int effect = 1; effect <= whole->run->effects; effect += kEveryEffect) {
      const Timeline timeline = life_of(story).with_fault(fault_at(story, FaultKind::cut, effect)).play();
      const RunEvent* cut = first_run(timeline, story.program);
      ASSERT_NE(cut, nullptr);
      ASSERT_TRUE(cut->run->faulted) << "effect " << effect;
      ASSERT_EQ(cut->run->effects, effect);
      ASSERT_EQ(cut->run->result.exit_code, 137);
      ASSERT_TRUE(same_notes(cut->run->changes.all(), whole->run->changes.all())) << "effect " << effect;
      ASSERT_TRUE(asked_and_said_the_same(*cut->run, *whole->run)) << "effect " << effect;
      ASSERT_TRUE(timeline.steps.back().record.at_rest) << "effect " << effect;
    }
  }
}

// The reference logic recovers by itself: the pod is restarted, the Job tries again.
TEST(Faults, TheReferenceLogicHealsEveryCut) {
  for (const Story& story : stories()) {
    if (story.subject != "model:kata") continue;
    SCOPED_TRACE(story.host + " " + story.program);
    const Timeline uncut = life_of(story).play();
    const Hash128 wanted = uncut.end.nodes.front().host->host.seen_hash();
    for (int effect = 1; effect <= first_run(uncut, story.program)->run->effects; ++effect) {
      const Timeline timeline = life_of(story).with_fault(fault_at(story, FaultKind::cut, effect)).play();
      EXPECT_EQ(timeline.end.nodes.front().host->host.seen_hash(), wanted)
          << "effect " << effect << " " << first_run(timeline, story.program)->run->struck;
    }
  }
}

// What cannot be done is reported, by all versions: their scripts end at the first error.
TEST(Faults, AFailedOperationIsReported) {
  for (const Story& story : stories()) {
    SCOPED_TRACE(story.subject + " " + story.host + " " + story.program);
    const Timeline whole = life_of(story).play();
    for (int effect = 1; effect <= first_run(whole, story.program)->run->effects; effect += kEveryEffect) {
      const Timeline timeline = life_of(story).with_fault(fault_at(story, FaultKind::fail, effect)).play();
      ASSERT_TRUE(timeline.steps.back().record.at_rest) << "effect " << effect;
      for (const Finding& finding : timeline.findings) {
        if (finding.invariant == "deploy.truthful")
          ADD_FAILURE() << "effect " << effect << " " << finding.violation.path;
      }
    }
  }
}

// The other shims read and write what qemu does not: the host's distribution, annotations, guest pull.
TEST(Faults, AFailedOperationOfAnyShimIsReportedByTheReferenceLogic) {
  const ChartValues many{
      .suffix = {}, .shims = "qemu qemu-tdx qemu-coco-dev fc dragonball", .prefix = {}, .debug = true};
  for (const char* host : {"ubuntu-24.04-containerd-2.0", "ubuntu-24.04-containerd-1.7", "ubuntu-24.04-crio-1.32"}) {
    SCOPED_TRACE(host);
    const Story story{"model:kata", host, "install"};
    const Timeline uncut = Lifecycle(story.subject, host).install("kata", many).play();
    const Hash128 wanted = uncut.end.nodes.front().host->host.seen_hash();
    for (int effect = 1; effect <= first_run(uncut, "install")->run->effects; ++effect) {
      Lifecycle life(story.subject, host);
      life.install("kata", many).with_fault(fault_at(story, FaultKind::fail, effect));
      const Timeline timeline = life.play();
      const RunEvent* run = first_run(timeline, "install");
      for (const Finding& finding : timeline.findings) ADD_FAILURE() << finding.invariant << " " << run->run->struck;
      EXPECT_EQ(timeline.end.nodes.front().host->host.seen_hash(), wanted) << run->run->struck;
    }
  }
}

// The script sources one file or the other, and neither is there: it ends, and its pod starts again.
TEST(Faults, AnUnknownDistributionIsReportedByAllVersions) {
  for (const char* subject : {"model:kata", "model:kata-3.16.0", "model:kata-3.24.0"}) {
    SCOPED_TRACE(subject);
    Fault fault;
    fault.kind = FaultKind::fail;
    fault.effect_is = "read /etc/os-release";
    fault.error = "EIO";
    Lifecycle life(subject, "ubuntu-24.04-crio-1.32");
    life.install("kata", {.shims = "qemu-tdx"}).with_fault(fault);
    const Timeline timeline = life.play();
    const RunEvent* first = first_run(timeline, "install");
    EXPECT_EQ(first->run->result.exit_code, 1);
    EXPECT_TRUE(last_line(*first).ends_with("/host/usr/lib/os-release: No such file or directory"))
        << last_line(*first);
    EXPECT_EQ(timeline.steps.back().record.runs.size(), 2U);
    life.expect_holds("release.settles");
    life.expect_holds("deploy.truthful");
  }
}

// --- reset ---

// Nothing that Helm does starts `reset`. It is run by itself, on a node on which a release was installed.
class ResetRun {
 public:
  explicit ResetRun(const Story& story) : timeline_(life_of(story).play()) {
    const RunEvent* installed = first_run(timeline_, "install");
    request_ = {.program = Program::reset,
                .settings = installed->settings,
                .node = installed->node,
                .account = {},
                .host_now = lifecycle_lab().catalogue.versions.file_date(timeline_.end.cluster.now)};
    host = timeline_.end.nodes.front().host;
  }

  RunPtr play(const RunFault* fault = nullptr) {
    return lifecycle_lab().runner.run(request_, host, timeline_.end.cluster, fault);
  }

  HostPtr host;  // as the last run left it

 private:
  Timeline timeline_;
  RunRequest request_;
};

RunFault cut_after(int effect) {
  RunFault fault;
  fault.strikes = [effect](int number, const Effect&) { return number == effect; };
  return fault;
}

TEST(Faults, AResetThatIsCutHasDoneTheBeginningAndTheNextOneDoesTheRest) {
  for (const Story& story : stories()) {
    if (story.program != "install") continue;
    SCOPED_TRACE(story.subject + " " + story.host);
    ResetRun uncut(story);
    const RunPtr whole = uncut.play();
    ASSERT_EQ(whole->result.ending, RunResult::Ending::settled);
    ASSERT_GE(whole->effects, 5);
    for (int effect = 1; effect <= whole->effects; ++effect) {
      ResetRun reset(story);
      const RunFault fault = cut_after(effect);
      const RunPtr cut = reset.play(&fault);
      ASSERT_EQ(cut->effects, effect);
      ASSERT_EQ(cut->result.exit_code, 137);
      ASSERT_TRUE(same_notes(cut->changes.all(), whole->changes.all())) << "effect " << effect;
      ASSERT_TRUE(asked_and_said_the_same(*cut, *whole)) << "effect " << effect;
      ASSERT_EQ(reset.play()->result.ending, RunResult::Ending::settled) << "effect " << effect;
      EXPECT_EQ(reset.host->host.seen_hash(), uncut.host->host.seen_hash()) << "effect " << effect;
    }
  }
}

// A disk that stays full for the rest of the run: every later write fails as well, and the next start succeeds.
TEST(Faults, ALastingFailureEndsWithItsRun) {
  Fault fault;
  fault.kind = FaultKind::fail;
  fault.effect = 5;
  fault.lasting = true;
  const Timeline timeline = Lifecycle("model:kata").install("kata").with_fault(fault).play();
  const auto& runs = timeline.steps.front().record.runs;
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_TRUE(runs[0].run->faulted);
  EXPECT_NE(runs[0].run->result.exit_code, 0);
  EXPECT_EQ(runs[1].run->result.ending, RunResult::Ending::settled);
  EXPECT_TRUE(timeline.findings.empty());
}

// The label was set, and the program was told that it was not: it must be able to do it again.
TEST(Faults, ALostAnswerIsOfARequestThatWasDone) {
  Fault fault;
  fault.kind = FaultKind::lose;
  const Timeline timeline = Lifecycle("model:kata").install("kata").with_fault(fault).play();
  const RunEvent& first = timeline.steps.front().record.runs.front();
  EXPECT_EQ(first.run->fault, RunFault::What::lose);
  EXPECT_NE(first.run->result.exit_code, 0);
  ASSERT_FALSE(first.run->changes.all().empty());
  EXPECT_TRUE(timeline.findings.empty());
}

// 3.16.0 writes its wrapper in place: half of it is there for good, since a wrapper that exists is never written again.
TEST(Faults, ATornWriteLeavesHalfOfTheFile) {
  Fault fault;
  fault.kind = FaultKind::tear;
  fault.effect_is = "write /opt/kata-cicd/bin/qemu-system-x86_64-installation-prefix";
  const std::string wrapper = "/opt/kata-cicd/bin/qemu-system-x86_64-installation-prefix";
  const auto left_by = [&](const Lifecycle& life) {
    return (*life.play().end.nodes.front().host->host.files.read(wrapper))->bytes;
  };
  Lifecycle life("model:kata-3.17.0");
  life.install("kata-cicd", {.suffix = "cicd", .shims = "qemu"});
  const std::string whole = left_by(life);
  EXPECT_EQ(left_by(life.with_fault(fault)), whole.substr(0, whole.size() / 2));
}

}  // namespace
}  // namespace barnacle
