// Holds the model against recordings of the real deploy logic: host trees step by step, and outcomes.
#pragma once

#include <expected>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "harness/engine/simulation.h"

namespace barnacle {

struct ConformOptions {
  std::string traces;     // folder with VERSION/SCENARIO/NN-*.txt and outcome.json
  std::string payload;    // folder with VERSION/opt/kata: the image trees of the recordings
  std::string version;    // only this one; empty: all in the folder
  std::string scenario;   // only this one
  std::string scenarios;  // fixtures/conformance
  std::string versions;   // fixtures/versions
  std::string hosts;      // fixtures/hosts
  std::string subject;    // a live one, in place of the versions' presets; empty: those
  std::function<std::expected<void, std::string>(Catalogue&)> prepare;  // makes it one of the catalogue's
  std::string own_payload;  // fixtures/payload/image: for versions without a tree in `payload`
};

// One disagreement between model and recording.
struct Disagreement {
  std::string where;  // "3.16.0/suffix-qemu 02-after-restart1.txt"
  std::string what;   // "/opt/kata/…: recorded f 0644, model d 0755"
};

struct ConformScenario {
  std::string version;
  std::string scenario;
  int listings = 0;
  int entries = 0;  // compared
  int files_by_bytes = 0;
  int files_by_value = 0;  // equal by parsed value, where the rule allows it
  std::vector<Disagreement> disagreements;
};

// In order of version and scenario. The error is one line about what could not be read.
std::expected<std::vector<ConformScenario>, std::string> conform(const ConformOptions& options);

}  // namespace barnacle
