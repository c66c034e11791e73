// A live subject from a checkout of kata-containers, of the versions whose deploy logic is a script.
//
// The image is what upstream's Dockerfile makes, but for the programs that it downloads. Its payload is made on the
// spot: the checkout's own configuration templates, filled in, and small stand-ins for everything that takes a build.
#pragma once

#include <expected>
#include <filesystem>
#include <optional>
#include <string>

#include "sim/deploy/version.h"

namespace barnacle {

struct KataSubjectOptions {
  std::filesystem::path source;     // the checkout
  std::string version;              // empty: what its file VERSION says
  std::filesystem::path out;        // absent or empty
  std::filesystem::path payload;    // a ready image tree (DIR/opt/kata) in place of templates and stand-ins
  std::optional<Time> date;         // of every file; else that of the version's preset, else that of the file VERSION
  std::filesystem::path variables;  // fixtures/kata/variables.toml
  std::filesystem::path stand_ins;  // fixtures/payload/image
};

struct KataSubject {
  std::string version;
  Time date = 0;
  std::string settings;  // the preset that reads its pods' environment
  int configurations = 0;
  int stand_ins = 0;
};

// Writes the whole folder or nothing. The error is one line.
std::expected<KataSubject, std::string> make_kata_subject(const KataSubjectOptions& options,
                                                          const VersionLibrary& presets);

}  // namespace barnacle
