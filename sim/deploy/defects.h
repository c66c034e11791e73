// Known upstream bugs as switches. The reference logic has none; a version preset has those that lived in that version.
// Adding one: a row in the table below, an enumerator, and the place in the logic that asks has(Defect::…).
#pragma once

#include <atomic>
#include <bitset>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace barnacle {

enum class Defect : std::uint8_t {
  suffix_reapplied,
  single_cleanup_job,
  runtime_class_delete_strict,
  whole_file_backup,
  shim_loop_breaks,
  shim_name_unquoted,
  hypervisor_name_unquoted,
  relocation_guard_narrow,
  proxy_appended,
  debug_appended,
  annotations_appended,
  cleanup_needs_imports,
  refusal_blocks_cleanup,
  newer_file_kept,
  dropped_settings_stay,
  label_by_daemon_set_count,
  ready_is_stale,
  wrapper_first_come,
  stale_artifacts_stay,
  import_appended,
  configuration_made_in_pod,
  created_configuration_stays,
  operator_file_reserialised,
  crio_debug_shared,
  annotations_seen_before,
  restart_always,
  suffix_stripped,
  values_unguarded,
  runtime_classes_by_script,
  hook_role_narrow,
  cleanup_without_prefix,
  cleanup_without_restart,
  legacy_lists_lost,
  runs_unlocked,
  canary,
  count_
};

struct DefectRow {
  Defect defect;
  std::string_view id;     // the name in a version preset: "Z01"
  std::string_view link;   // upstream issue or commit, "" where none is known
  std::string_view since;  // first and last upstream version of the script era that has it
  std::string_view until;
  std::string_view sentence;
  // Another one that it takes to show: it is planted as well, and what it alone does is no detection of this one.
  std::optional<Defect> beside = std::nullopt;
  // Why no lifecycle of the model can show it; empty where one can.
  std::string_view inexpressible = "";
};

std::span<const DefectRow> all_defects();
std::optional<Defect> defect_from_id(std::string_view id);
const DefectRow& row_of(Defect defect);

class Defects {
 public:
  // Asked by the logic wherever it might do otherwise.
  bool has(Defect defect) const {
    const bool yes = bits_.test(static_cast<std::size_t>(defect));
    if (yes && defect == watched_ && reached_) *reached_ = true;
    return yes;
  }
  void add(Defect defect) { bits_.set(static_cast<std::size_t>(defect)); }
  void remove(Defect defect) { bits_.reset(static_cast<std::size_t>(defect)); }
  bool none() const { return bits_.none(); }
  // From now on the flag is raised when that defect is there and asked for: its code runs.
  void watch(std::shared_ptr<std::atomic<bool>> reached, Defect defect) {
    reached_ = std::move(reached);
    watched_ = defect;
  }
  bool operator==(const Defects& other) const { return bits_ == other.bits_; }

 private:
  std::shared_ptr<std::atomic<bool>> reached_;
  Defect watched_ = Defect::count_;
  std::bitset<static_cast<std::size_t>(Defect::count_)> bits_;
};

}  // namespace barnacle
