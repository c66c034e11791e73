// Where the fixtures are, and what is in them.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "harness/engine/simulation.h"
#include "harness/scenario/scenario_toml.h"

namespace barnacle {

// A folder with hosts/, versions/, payload/image and conformance/.
struct Fixtures {
  std::string folder;
  std::string hosts() const { return folder + "/hosts"; }
  std::string versions() const { return folder + "/versions"; }
  std::string payload() const { return folder + "/payload/image"; }
  std::string conformance() const { return folder + "/conformance"; }
};

// `given` (the option --fixtures), else what BARNACLE_FIXTURES names, else the source folder this was built from, else
// ../share/barnacle/fixtures beside the program. The error is one line.
std::expected<Fixtures, std::string> find_fixtures(const std::string& given);

std::expected<std::unique_ptr<Catalogue>, std::string> load_catalogue(const Fixtures& fixtures);
// Both.
std::expected<std::unique_ptr<Catalogue>, std::string> load_catalogue(const std::string& given);

KnownNames names_of(const Catalogue& catalogue);

// The subject of that name; the error is one line with the nearest one there is.
std::expected<VersionPtr, std::string> choose_subject(const Catalogue& catalogue, const std::string& name);

inline constexpr std::string_view kDefaultSubject = "model:kata";

// A scenario with the subject that plays it.
struct Loaded {
  Scenario scenario;
  VersionPtr subject;
};
// `subject` takes the place of the scenario's own; empty: the scenario's, or the default. The error is one line.
std::expected<Loaded, std::string> load_for_replay(const Catalogue& catalogue, const std::string& file,
                                                   const std::string& subject);

// " (did you mean 'x'?)", or nothing.
std::string did_you_mean(std::string_view name, const std::vector<std::string>& known);

}  // namespace barnacle
