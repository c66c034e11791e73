// What the lifecycle target, its mutator and its decoder share: the fixtures, the subject, and what bytes mean.
#pragma once

#include <memory>
#include <span>

#include "harness/engine/campaign.h"
#include "harness/engine/simulation.h"
#include "harness/scenario/alphabet.h"

namespace barnacle::fuzz {

inline constexpr int kMostSteps = 16;

struct Lifecycle {
  std::unique_ptr<const Catalogue> catalogue;
  VersionPtr subject;
  Alphabet alphabet;
};

// Loaded once. Fixtures: the folder that BARNACLE_FIXTURES names, or `fixtures` beside the program (as a fuzzing
// service lays them out), or the source folder's. Subject: BARNACLE_SUBJECT, or model:kata. What cannot be loaded ends
// the process with status 2 and one line.
const Lifecycle& lifecycle();

// Bytes are a tape of choices, and every tape is some scenario.
Scenario scenario_of(std::span<const std::uint8_t> bytes);

}  // namespace barnacle::fuzz
