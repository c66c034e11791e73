// What each invariant owes where a fault struck: one table, fault by invariant. What it does not list is owed after
// recovery: once the world is at rest again everything must hold.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "harness/engine/simulation.h"

namespace barnacle {

// The faults of a scenario (FaultKind, in its order), and the Helm client that dies (kill-after-requests).
enum class Disturbance : std::uint8_t { cut, fail, lose, tear, preempt, client };
inline constexpr std::size_t kDisturbances = 6;
std::string_view disturbance_name(Disturbance disturbance);

enum class Owed : std::uint8_t {
  always,     // in the very step, at rest or not
  recovered,  // once the logic was started again and the world is at rest; where a client died, once the release was
              // taken to a final state
  reported,   // where Helm reported success
  suspended   // not at all
};
std::string_view owed_name(Owed owed);

struct ContractRow {
  Disturbance disturbance;
  std::string_view invariant;
  Owed owed;
  std::string_view reason;
};
// Only what differs from Owed::recovered.
std::span<const ContractRow> contract();
Owed owed_under(Disturbance disturbance, std::string_view invariant);

// What struck in this step, and the clients that died earlier and whose releases are still as they left them.
std::vector<Disturbance> disturbances_in(const StepRecord& record, const World& after);

// Is the invariant to be asked after this step?
bool is_owed(std::string_view invariant, const StepRecord& record, const World& after);

}  // namespace barnacle
