// An exploration in one sentence of fact, with what was found.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/engine/explore.h"

namespace barnacle {

struct ExploreShown {
  ExploreReport report;
  std::string subject;
  std::string alphabet;  // its title, or its file
  std::size_t letters = 0;
  std::size_t nodes = 0;
  std::size_t releases = 0;
  int faults = 0;                  // letters with a fault in one sequence, at most; 0: no letter has one
  std::vector<std::string> files;  // of the findings, where they were written
  double wall_seconds = 0;
};

std::string explore_text(const ExploreShown& shown);
nlohmann::json explore_json(const ExploreShown& shown);

}  // namespace barnacle
