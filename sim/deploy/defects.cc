#include "sim/deploy/defects.h"

#include <algorithm>
#include <array>

#include "sim/base/check.h"

namespace barnacle {
namespace {

constexpr std::string_view kFirst = "3.12.0";
constexpr std::string_view kLast = "3.24.0";

// clang-format off
constexpr std::array kRows = {
  DefectRow{Defect::suffix_reapplied, "Z01", "kata-containers#11187", kFirst, "3.16.0", "the destination is substituted again in a file that already names it", Defect::newer_file_kept},
  DefectRow{Defect::single_cleanup_job, "Z03", "kata-containers#12491", kFirst, kLast, "the cleanup Job runs on one node only"},
  DefectRow{Defect::runtime_class_delete_strict, "Z04", "kata-containers#7733", kFirst, "3.20.0", "a RuntimeClass that is gone already stops the cleanup, so that no retry can succeed", Defect::runtime_classes_by_script},
  DefectRow{Defect::whole_file_backup, "Z05", "", kFirst, kLast, "without drop-ins the runtime's file is edited in place, and a cleanup removes it and moves a backup back, if there is one"},
  DefectRow{Defect::shim_loop_breaks, "Z06", "", "3.17.0", kLast, "the first shim that is relocated already ends the loop over all shims", Defect::newer_file_kept},
  DefectRow{Defect::shim_name_unquoted, "Z07", "", "3.17.0", "3.21.0", "a shim's name with a dash is no valid jq path: the install dies"},
  DefectRow{Defect::hypervisor_name_unquoted, "Z07b", "", "3.22.0", kLast, "the same for cloud-hypervisor alone"},
  DefectRow{Defect::relocation_guard_narrow, "B01", "", "3.17.0", kLast, "a file counts as relocated only if .hypervisor.<shim>.path says so: fc and qemu-tdx are substituted at every start", Defect::newer_file_kept},
  DefectRow{Defect::proxy_appended, "Z09a", "", kFirst, "3.23.0", "the proxies are appended to kernel_params at every start", Defect::newer_file_kept},
  DefectRow{Defect::debug_appended, "Z09b", "", kFirst, "3.22.0", "the debug parameters are appended to kernel_params at every start", Defect::newer_file_kept},
  DefectRow{Defect::annotations_appended, "Z09c", "", kFirst, "3.22.0", "allowed annotations are appended to enable_annotations at every start"},
  DefectRow{Defect::cleanup_needs_imports, "Z10", "", kFirst, kLast, "the cleanup dies where the runtime's file has no imports"},
  DefectRow{Defect::refusal_blocks_cleanup, "Z11", "", kFirst, kLast, "values that the install refuses (Z97: mappings, prefixes too) stop the cleanup as well"},
  DefectRow{Defect::newer_file_kept, "Z12", "kata-containers#10570", kFirst, kLast, "cp -au: what is newer on the host is kept, and edited once more"},
  DefectRow{Defect::dropped_settings_stay, "Z15", "kata-containers#13810", kFirst, kLast, "the drop-in is edited key by key: what the values no longer ask for stays"},
  DefectRow{Defect::label_by_daemon_set_count, "Z16", "kata-containers#12083", kFirst, kLast, "the node's label goes when no DaemonSet named like kata-deploy is left in kube-system"},
  DefectRow{Defect::ready_is_stale, "Z18", "", kFirst, kLast, "the first Ready=True counts, also when it was posted before the restart", std::nullopt, "a good configuration always loads here; a restart that takes the kubelet along (k3s, rke2) is not modelled yet"},
  DefectRow{Defect::wrapper_first_come, "Z26", "kata-containers#13697", kFirst, kLast, "the QEMU wrapper is written once, for the shim that comes first"},
  DefectRow{Defect::stale_artifacts_stay, "Z84", "kata-containers#13698", kFirst, kLast, "artefacts that are no longer in the payload stay"},
  DefectRow{Defect::import_appended, "Z31", "", kFirst, "3.21.0", "imports gets one more copy at every start"},
  DefectRow{Defect::configuration_made_in_pod, "Z33a", "kata-containers#11092", kFirst, "3.16.0", "a missing config.toml is asked of a containerd inside the pod, where there is none: an empty file"},
  DefectRow{Defect::created_configuration_stays, "Z33b", "", kFirst, kLast, "a config.toml that was made by the install stays after the uninstall"},
  DefectRow{Defect::operator_file_reserialised, "Z34", "", kFirst, kLast, "the operator's config.toml is parsed and written anew: comments are lost, imports = [] stays"},
  DefectRow{Defect::crio_debug_shared, "Z37", "", kFirst, kLast, "one CRI-O debug file for all releases, emptied by each install, removed only by a release that has debug on"},
  DefectRow{Defect::annotations_seen_before, "Z39", "", "3.23.0", kLast, "annotations that an earlier shim had are dropped from the next one's list", Defect::newer_file_kept},
  DefectRow{Defect::restart_always, "Z73", "", kFirst, kLast, "the runtime is restarted at every start, changed or not"},
  DefectRow{Defect::suffix_stripped, "strip", "kata-containers#11187", "", "", "the repair that circulates: every -SUFFIX is deleted from the path that the QEMU step reads"},
  DefectRow{Defect::values_unguarded, "Z40", "kata-containers#13607", kFirst, kLast, "an upgrade may change the suffix or the prefix, and orphans what the old one installed"},
  DefectRow{Defect::runtime_classes_by_script, "Z30", "", kFirst, "3.22.0", "the script makes the RuntimeClasses, so that nobody owns those of dropped shims"},
  DefectRow{Defect::hook_role_narrow, "Z59", "kata-containers#12083", kFirst, "3.22.0", "the DaemonSet's account may not list DaemonSets", std::nullopt, "only kata-deploy.sh cleanup inside the DaemonSet\'s pod lists DaemonSets; Helm runs it in the hook Job, whose role may"},
  DefectRow{Defect::cleanup_without_prefix, "Z52", "kata-containers#10535", "3.9.0", "3.11.0", "the cleanup Job is not told the prefix, and removes /opt/kata instead"},
  DefectRow{Defect::cleanup_without_restart, "Z71", "kata-containers#11072", "3.27.0", "3.27.0", "the cleanup does not restart the runtime, which goes on offering handlers that are gone"},
  DefectRow{Defect::legacy_lists_lost, "Z91", "", "3.23.0", kLast, "env.shims makes RuntimeClasses, and is not told to the pods"},
  DefectRow{Defect::runs_unlocked, "Z21", "", kFirst, kLast, "two runs on a node edit the runtime's files between each other's reads and writes: there is no lock"},
  DefectRow{Defect::canary, "canary", "", "", "", "another word in the log, which no invariant minds: what a score looks like that is not reached"},
};
// clang-format on

static_assert(kRows.size() == static_cast<std::size_t>(Defect::count_));

}  // namespace

std::span<const DefectRow> all_defects() { return kRows; }

std::optional<Defect> defect_from_id(std::string_view id) {
  const auto row = std::ranges::find(kRows, id, &DefectRow::id);
  if (row == kRows.end()) return std::nullopt;
  return row->defect;
}

const DefectRow& row_of(Defect defect) {
  const auto row = std::ranges::find(kRows, defect, &DefectRow::defect);
  check(row != kRows.end(), "every defect has a row");
  return *row;
}

}  // namespace barnacle
