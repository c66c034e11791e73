// What a gate accepts for the time being: a file of findings, each with its reason and the day until which it may
// stand.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "harness/engine/replay.h"
#include "harness/scenario/scenario_toml.h"
#include "sim/base/clock.h"

namespace barnacle {

struct Accepted {
  std::string invariant;
  std::string pattern;  // glob over a finding's path; '*' stands for '/' as well
  std::string reason;
  Time expires = 0;  // the last day on which it accepts, at 0:00
};

struct Baseline {
  std::string file;  // empty where none was given
  std::vector<Accepted> entries;
};

// [[accepted]] tables with all four keys. An unknown invariant or key is an error with its line.
std::expected<Baseline, InputError> load_baseline(const std::string& path);
std::expected<Baseline, InputError> parse_baseline(std::string_view text, const std::string& file);

bool speaks_of(const Accepted& entry, const Finding& finding);
bool has_expired(const Accepted& entry, Time today);
// "accepted until 2026-01-31", and whether that is over.
std::string term_of(const Accepted& entry, Time today);

}  // namespace barnacle
