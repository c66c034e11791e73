// Reports for programs: stable keys, one document.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "harness/engine/replay.h"
#include "harness/report/text.h"

namespace barnacle {

nlohmann::json to_json(const Finding& finding);
// [{"index": 1, "do": "install", "result": "ok", "digest": "…"}]
nlohmann::json steps_json(const Timeline& timeline);
nlohmann::json replay_json(const ReplayReport& report);

// The document as text that is always valid UTF-8, whatever a host's files are called; ends with a line feed.
std::string json_text(const nlohmann::json& document);

}  // namespace barnacle
