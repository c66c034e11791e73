// The configuration of one shim: which edits the values ask for, in the order in which they are made.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "sim/deploy/settings.h"
#include "sim/deploy/text_edit.h"

namespace barnacle {

// The table below [hypervisor] that a shim's configuration uses: "qemu", "clh", "firecracker".
std::string hypervisor_table(const std::string& shim);

// The value of a per-shim setting: "url" for all shims, or "qemu=url;clh=url".
std::string value_for_shim(const std::string& setting, const std::string& shim, bool per_shim_values);

// The edits for one shim, apart from relocation. `text` is the file as it stands before the edit that asks for it;
// `seen_annotations` is what earlier shims of the run had (see Defect::annotations_seen_before).
using EditMaker = std::function<std::vector<TextEdit>(Store& store, const Blob* text)>;
std::vector<EditMaker> shim_edits(const Settings& settings, const std::string& shim, const std::string& os_release,
                                  std::set<std::string>& seen_annotations);

}  // namespace barnacle
