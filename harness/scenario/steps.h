// The tables of steps, faults and Helm flags: their names, one sentence each (`barnacle list steps`, `list faults`),
// and the keys that a scenario file may give them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "harness/scenario/scenario.h"

namespace barnacle {

using Names = std::span<const std::string_view>;

struct StepRow {
  StepKind kind = StepKind::install;
  std::string_view name;
  std::string_view sentence;
  Names keys;  // beside those that every step has (common_step_keys) and the Helm flags
  Names required;
};

struct FaultRow {
  FaultKind kind = FaultKind::cut;
  std::string_view name;
  std::string_view sentence;
  Names keys;
};

// In the order of StepKind and FaultKind.
std::span<const StepRow> step_rows();
std::span<const FaultRow> fault_rows();
const StepRow& row_of(StepKind kind);
const FaultRow& row_of(FaultKind kind);

// "do", "at", "times", "fault".
Names common_step_keys();

std::string_view fault_name(FaultKind kind);
std::optional<FaultKind> fault_from_name(std::string_view name);
// What `error` of a fail fault may be: errno names and the API server's answers.
Names fault_errors();
Names fault_programs();
Names fault_signals();

// The Helm commands that know a flag, as a set of bits.
enum HelmCommands : std::uint8_t { kInstall = 1, kUpgrade = 2, kRollback = 4, kUninstall = 8, kEveryCommand = 15 };
// The command of a step; 0 for a step that is none of Helm's.
std::uint8_t helm_command(StepKind kind);

struct HelmFlag {
  std::string_view key;  // as helm spells it: "take-ownership"
  bool HelmOptions::* member = nullptr;
  std::uint8_t commands = 0;
};
// The flags that are on or off.
std::span<const HelmFlag> helm_flags();
// And which commands know those that take a value.
inline constexpr std::uint8_t kHistoryMaxCommands = kUpgrade | kRollback;
inline constexpr std::uint8_t kCascadeCommands = kUninstall;

// Every key of helm's options that a step of this kind may have; none for a step that is none of Helm's.
std::vector<std::string_view> helm_option_keys(StepKind kind);

std::string_view cascade_name(Propagation cascade);
Names cascade_names();
std::optional<Propagation> cascade_from_name(std::string_view name);

std::string_view cluster_edit_name(ClusterEditKind kind);  // "delete"
Names cluster_edit_names();
bool has_value(ClusterEditKind kind);  // it sets a key to a value
std::optional<ClusterEditKind> cluster_edit_from_name(std::string_view name);

}  // namespace barnacle
