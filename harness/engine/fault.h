// Faults of a scenario as they strike inside a run.
#pragma once

#include <optional>
#include <string>

#include "harness/scenario/scenario.h"
#include "sim/deploy/process.h"

namespace barnacle {

// Does the fault belong to this upstream version (its `since` and `before`)?
bool fault_applies_to(const Fault& fault, const std::string& version);

RunFault make_run_fault(const Fault& fault);

// The errors that `error` may name: errno names and HTTP codes.
bool known_error(const std::string& error);

}  // namespace barnacle
