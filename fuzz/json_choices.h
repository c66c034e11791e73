// JSON values drawn from choices: what Helm's values and Kubernetes' objects look like.
#pragma once

#include <nlohmann/json.hpp>

#include "harness/scenario/choices.h"

namespace barnacle::fuzz {

using Json = nlohmann::json;

// A table over a few keys, at most `depth` tables deep. Any key may hold anything, null too.
Json draw_table(Choices& choices, int depth);

// The same without null, and what stands under a key is always of one type, as in a chart's values.
Json draw_typed_table(Choices& choices, int depth);

// A pod's specification: tables, lists with a merge key (each key once in a list), and lists without one.
Json draw_pod(Choices& choices);

}  // namespace barnacle::fuzz
