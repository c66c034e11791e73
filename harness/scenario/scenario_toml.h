// Scenarios as TOML files.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "harness/scenario/scenario.h"

namespace barnacle {

// Why an input was refused.
struct InputError {
  std::string file;
  int line = 0;     // from 1; 0 for the file as a whole
  std::string key;  // empty where no key is to blame
  std::string what;
  std::string suggestion;  // what may have been meant; may be empty

  // One line: "scenario.toml:7: relase: unknown key of an install step (did you mean 'release'?)".
  std::string text() const;
};

// Names that exist outside the scenario. An empty list is not checked.
struct KnownNames {
  std::vector<std::string> hosts;
  std::vector<std::string> versions;
  std::vector<std::string> subjects;
  std::vector<std::string> invariants;
};

// A file that is no scenario is refused whole; nothing is read from a FIFO, a directory or a file of more than 1 MiB.
std::expected<Scenario, InputError> load_scenario(const std::string& path, const KnownNames& known = {});

// The same for text; `file` is named in errors and in the scenario.
std::expected<Scenario, InputError> parse_scenario(std::string_view text, const std::string& file,
                                                   const KnownNames& known = {});

// What load_scenario reads back as an equal scenario; defaults, and what does not belong to a step's kind, are left
// out. Values hold no null and no number beyond 64 bits: TOML has none.
std::string write_scenario(const Scenario& scenario);

}  // namespace barnacle
