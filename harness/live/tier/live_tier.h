// The live tier: the real helm client and the real deploy logic, over the same cluster, hosts and invariants as the
// model's.
//
// One thread drives everything. Helm and the container's programs run beside it as processes; what they ask of the API
// server is queued and answered here, so that the order of events is the same in every run. A node's files are a folder
// while a program is at work on them, and a value again when it has come to rest.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "harness/engine/simulation.h"
#include "harness/live/subject/subject.h"

namespace barnacle {

// The real clients of this machine, as ci/setup-live puts them into a folder.
struct LiveTools {
  std::filesystem::path helm3;
  std::filesystem::path helm4;
  std::filesystem::path kubectl;
  std::filesystem::path venv;  // with bin/tomlq
};

struct LiveOptions {
  LiveTools tools;
  std::filesystem::path work;  // where folders of hosts, images and logs go; they go with the tier
  // What was seen before is not done again (RunMemory, TomlqCache), and kubectl's plainest calls are answered here.
  bool fast = false;
  std::filesystem::path cache = {};  // of what tomlq said; outlives the tier
  bool gate = true;                  // false: effects are commands, seen as a script calls them by their names
};

// The subject as scenarios name it, with its chart, payload, and the reading of its pods' environment.
std::expected<VersionPtr, std::string> live_version(const LiveSubject& subject, const VersionLibrary& models);

// For Catalogue::make_tier. The subject and its version live as long as the catalogue.
std::function<std::unique_ptr<Tier>(Lab&)> live_tier(std::shared_ptr<const LiveSubject> subject, VersionPtr version,
                                                     LiveOptions options);

}  // namespace barnacle
