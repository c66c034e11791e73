#include "harness/cli/catalogue.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdlib>
#include <filesystem>

#include "harness/engine/replay.h"
#include "harness/invariants/invariant.h"
#include "harness/scenario/keys.h"

namespace barnacle {
namespace {

bool is_folder(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored);
}

bool holds_fixtures(const std::string& folder) {
  const Fixtures fixtures{folder};
  return is_folder(fixtures.hosts()) && is_folder(fixtures.versions()) && is_folder(fixtures.payload());
}

std::string beside_program() {
  std::array<char, PATH_MAX> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  if (length <= 0) return "";
  const std::filesystem::path program(std::string(path.data(), static_cast<std::size_t>(length)));
  return (program.parent_path().parent_path() / "share/barnacle/fixtures").string();
}

std::expected<Fixtures, std::string> named(const std::string& folder, std::string_view by) {
  if (holds_fixtures(folder)) return Fixtures{folder};
  return std::unexpected(
      fmt::format("{}: holds no fixtures (hosts, versions, payload/image); named by {}", folder, by));
}

template <class Error>
std::string line_of(const Error& error) {
  return error.line > 0 ? fmt::format("{}:{}: {}", error.file, error.line, error.what)
                        : fmt::format("{}: {}", error.file, error.what);
}

}  // namespace

std::expected<Fixtures, std::string> find_fixtures(const std::string& given) {
  if (!given.empty()) return named(given, "--fixtures");
  if (const char* folder = std::getenv("BARNACLE_FIXTURES"); folder != nullptr && *folder != '\0')
    return named(folder, "BARNACLE_FIXTURES");
#ifdef BARNACLE_SOURCE_DIR
  if (holds_fixtures(BARNACLE_SOURCE_DIR "/fixtures")) return Fixtures{BARNACLE_SOURCE_DIR "/fixtures"};
#endif
  if (const std::string folder = beside_program(); holds_fixtures(folder)) return Fixtures{folder};
  return std::unexpected(std::string("found no fixtures: name their folder with --fixtures or in BARNACLE_FIXTURES"));
}

std::expected<std::unique_ptr<Catalogue>, std::string> load_catalogue(const Fixtures& fixtures) {
  auto catalogue = std::make_unique<Catalogue>();
  auto versions = load_versions(fixtures.versions(), fixtures.payload());
  if (!versions) return std::unexpected(line_of(versions.error()));
  auto hosts = list_host_kinds(fixtures.hosts());
  if (!hosts) return std::unexpected(line_of(hosts.error()));
  catalogue->versions = std::move(*versions);
  for (const DefectRow& row : all_defects()) plant(catalogue->versions, row.defect);
  catalogue->host_kinds = std::move(*hosts);
  catalogue->hosts_folder = fixtures.hosts();
  return catalogue;
}

std::expected<std::unique_ptr<Catalogue>, std::string> load_catalogue(const std::string& given) {
  const auto fixtures = find_fixtures(given);
  if (!fixtures) return std::unexpected(fixtures.error());
  return load_catalogue(*fixtures);
}

KnownNames names_of(const Catalogue& catalogue) {
  KnownNames names;
  for (const HostKind& kind : catalogue.host_kinds) names.hosts.push_back(kind.name);
  for (const auto& [name, version] : catalogue.versions.versions) {
    names.versions.push_back(name);
    names.subjects.push_back(subject_name(*version));
  }
  for (const Invariant& invariant : all_invariants()) names.invariants.emplace_back(invariant.id);
  return names;
}

std::string did_you_mean(std::string_view name, const std::vector<std::string>& known) {
  const std::vector<std::string_view> views(known.begin(), known.end());
  const auto nearest = nearest_name(name, views);
  return nearest ? fmt::format(" (did you mean '{}'?)", *nearest) : "";
}

std::expected<VersionPtr, std::string> choose_subject(const Catalogue& catalogue, const std::string& name) {
  if (VersionPtr subject = find_subject(catalogue.versions, name)) return subject;
  return std::unexpected(fmt::format("unknown subject '{}'{}; barnacle list subjects shows them all", shown(name),
                                     did_you_mean(name, names_of(catalogue).subjects)));
}

std::expected<Loaded, std::string> load_for_replay(const Catalogue& catalogue, const std::string& file,
                                                   const std::string& subject) {
  auto scenario = load_scenario(file, names_of(catalogue));
  if (!scenario) return std::unexpected(scenario.error().text());
  if (const std::string unknown = unknown_names(catalogue, *scenario); !unknown.empty()) {
    const bool numbered = unknown.front() >= '0' && unknown.front() <= '9';
    return std::unexpected(fmt::format("{}:{}{}", file, numbered ? "" : " ", unknown));
  }
  const std::string& own = scenario->subject.empty() ? std::string(kDefaultSubject) : scenario->subject;
  auto chosen = choose_subject(catalogue, subject.empty() ? own : subject);
  if (!chosen) return std::unexpected(chosen.error());
  return Loaded{std::move(*scenario), std::move(*chosen)};
}

}  // namespace barnacle
