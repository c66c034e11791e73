#include "harness/invariants/contract.h"

#include <algorithm>
#include <array>
#include <set>

namespace barnacle {
namespace {

constexpr std::array<std::string_view, kDisturbances> kNames{"cut", "fail", "lose", "tear", "preempt", "client-dies"};

constexpr std::string_view kEveryEffect = "is said of every effect, also of the last one before a cut";
constexpr std::string_view kNoTrust = "wherever the logic is stopped, it has no more rights than before";
constexpr std::string_view kRetries = "a Job replaces a pod that failed: that is its back-off, and no second cleanup";
constexpr std::string_view kOthers = "what others did on the host meanwhile lies between its beginning and its end";
constexpr std::string_view kTwice =
    "who is killed between a restart and its note restarts once more; to leave it out would be worse";

constexpr std::array kRows{
    ContractRow{Disturbance::cut, "path.inside-roots", Owed::always, kEveryEffect},
    ContractRow{Disturbance::cut, "runtime.restartable", Owed::always, kEveryEffect},
    ContractRow{Disturbance::cut, "api.no-forbidden", Owed::always, kNoTrust},
    ContractRow{Disturbance::cut, "cleanup.every-node", Owed::reported,
                "an uninstall that gave up has not promised anything"},
    ContractRow{Disturbance::cut, "cleanup.single-job", Owed::suspended, kRetries},
    ContractRow{Disturbance::cut, "disruption.bounded", Owed::suspended, kTwice},
    ContractRow{Disturbance::fail, "path.inside-roots", Owed::always, kEveryEffect},
    ContractRow{Disturbance::fail, "runtime.restartable", Owed::always, kEveryEffect},
    ContractRow{Disturbance::fail, "deploy.truthful", Owed::always,
                "the report is made while the operation still fails"},
    ContractRow{Disturbance::fail, "cleanup.every-node", Owed::reported,
                "an uninstall that gave up has not promised anything"},
    ContractRow{Disturbance::fail, "cleanup.single-job", Owed::suspended, kRetries},
    ContractRow{Disturbance::fail, "disruption.bounded", Owed::suspended, kTwice},
    ContractRow{Disturbance::lose, "path.inside-roots", Owed::always, kEveryEffect},
    ContractRow{Disturbance::lose, "runtime.restartable", Owed::always, kEveryEffect},
    ContractRow{Disturbance::lose, "deploy.truthful", Owed::always,
                "the report is made while the answer is still missing"},
    ContractRow{Disturbance::lose, "cleanup.single-job", Owed::suspended, kRetries},
    ContractRow{Disturbance::tear, "path.inside-roots", Owed::always, kEveryEffect},
    ContractRow{Disturbance::tear, "cleanup.every-node", Owed::reported,
                "an uninstall that gave up has not promised anything"},
    ContractRow{Disturbance::tear, "cleanup.single-job", Owed::suspended, kRetries},
    ContractRow{Disturbance::preempt, "path.inside-roots", Owed::always, kEveryEffect},
    ContractRow{Disturbance::preempt, "runtime.restartable", Owed::always, kEveryEffect},
    ContractRow{Disturbance::preempt, "api.no-forbidden", Owed::always, kNoTrust},
    ContractRow{Disturbance::preempt, "deploy.truthful", Owed::suspended, kOthers},
    ContractRow{Disturbance::preempt, "deploy.refusal-clean", Owed::suspended, kOthers},
    ContractRow{Disturbance::preempt, "host.idempotent", Owed::suspended, kOthers},
    ContractRow{Disturbance::client, "path.inside-roots", Owed::always, kEveryEffect},
    ContractRow{Disturbance::client, "runtime.restartable", Owed::always, kEveryEffect},
    ContractRow{Disturbance::client, "deploy.truthful", Owed::always, "a dead client does not make the logic lie"},
};

Disturbance disturbance_of(RunFault::What what) { return static_cast<Disturbance>(what); }

// The last start that an owner's pods had on a node was the one that the fault struck: nothing has tried again since.
bool struck_last(const StepRecord& record) {
  std::set<std::pair<std::string, std::string>> seen;
  for (auto event = record.runs.rbegin(); event != record.runs.rend(); ++event) {
    if (!seen.emplace(event->node, event->owner).second) continue;
    const RunResult& result = event->run->result;
    if (event->run->faulted && result.ending == RunResult::Ending::exited && result.exit_code != 0) return true;
  }
  return false;
}

bool is_met(Owed owed, const StepRecord& record, bool recovered) {
  switch (owed) {
    case Owed::always: return true;
    case Owed::recovered: return recovered;
    case Owed::reported: return record.exit_status == 0;
    case Owed::suspended: return false;
  }
  return true;
}

}  // namespace

std::string_view disturbance_name(Disturbance disturbance) { return kNames[static_cast<std::size_t>(disturbance)]; }

std::string_view owed_name(Owed owed) {
  static constexpr std::array<std::string_view, 4> kOwed{"always", "recovered", "reported", "suspended"};
  return kOwed[static_cast<std::size_t>(owed)];
}

std::span<const ContractRow> contract() { return kRows; }

Owed owed_under(Disturbance disturbance, std::string_view invariant) {
  const auto row = std::ranges::find_if(
      kRows, [&](const ContractRow& one) { return one.disturbance == disturbance && one.invariant == invariant; });
  return row == kRows.end() ? Owed::recovered : row->owed;
}

std::vector<Disturbance> disturbances_in(const StepRecord& record, const World& after) {
  std::vector<Disturbance> found;
  for (const RunEvent& event : record.runs) {
    if (!event.run->faulted) continue;
    const Disturbance one = disturbance_of(event.run->fault);
    if (std::ranges::count(found, one) == 0) found.push_back(one);
  }
  if (!after.abandoned.empty()) found.push_back(Disturbance::client);
  return found;
}

bool is_owed(std::string_view invariant, const StepRecord& record, const World& after) {
  const bool at_rest = record.at_rest && !struck_last(record);
  return std::ranges::all_of(disturbances_in(record, after), [&](Disturbance disturbance) {
    const bool recovered = disturbance != Disturbance::client && at_rest;
    return is_met(owed_under(disturbance, invariant), record, recovered);
  });
}

}  // namespace barnacle
