// Version presets: upstream's versions (and our reference logic) as data, fixtures/versions/NAME.toml.
#pragma once

#include <expected>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/deploy/settings.h"
#include "sim/helm/chart.h"

namespace barnacle {

// Negative, zero or positive, by numbers: "3.9.0" is before "3.12.0".
int compare_versions(std::string_view a, std::string_view b);

struct Version {
  std::string name;  // of the preset's file: "3.16.0", "kata", "3.16.0-strip"
  std::string title;
  bool recorded = false;   // held against recordings of the real script
  bool reference = false;  // the reference logic, whatever was planted in it since
  bool planted = false;    // made by plant()
  bool live = false;       // its name is the whole subject, "live:DIR"
  Time date = 0;           // of the payload
  ChartFacts chart_facts;
  ChartPtr chart;
  DeployVersion deploy;
};
using VersionPtr = std::shared_ptr<const Version>;

struct VersionError {
  std::string file;
  int line = 0;
  std::string what;
};

// All presets of a folder. `payload` is the image tree that all of them share; versions named in `payloads` have one of
// their own.
struct VersionLibrary {
  std::map<std::string, VersionPtr> versions;  // by name
  std::vector<Time> payload_dates;             // sorted: the only dates that `cp -u` ever compares with
  VersionPtr find(const std::string& name) const;
  // The newest payload date that is not after `now`: as a date for files as good as `now` itself.
  Time file_date(Time now) const;
};

// The reference versions once more, each with that one defect: "kata+Z01". `reached` is raised when its code runs.
void plant(VersionLibrary& library, Defect defect, std::shared_ptr<std::atomic<bool>> reached = nullptr);

std::expected<VersionLibrary, VersionError> load_versions(const std::string& folder, const std::string& payload,
                                                          const std::map<std::string, std::string>& payloads = {});

}  // namespace barnacle
