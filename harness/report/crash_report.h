// What crash_everywhere found: cut points that end in another state, grouped by what is left and what it takes to be
// rid of it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "harness/engine/crash.h"

namespace barnacle {

std::string crash_text(const Scenario& scenario, const std::string& subject, const CrashReport& report);
// {"subject", "cuts", "verdict", "points": [{"step", "program", "run", "node", "effect", "what", "recovery", "path",
// "difference"}]}
nlohmann::json crash_json(const std::string& subject, const CrashReport& report);

}  // namespace barnacle
