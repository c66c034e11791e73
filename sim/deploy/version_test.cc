#include "sim/deploy/version.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <set>

#include "sim/base/dates.h"

namespace barnacle {
namespace {

const std::string kVersions = std::string(BARNACLE_SOURCE_DIR) + "/fixtures/versions";
const std::string kPayload = std::string(BARNACLE_SOURCE_DIR) + "/fixtures/payload/image";

const VersionLibrary& library() {
  static const VersionLibrary loaded = [] {
    auto versions = load_versions(kVersions, kPayload);
    if (!versions)
      throw std::runtime_error(versions.error().file + ":" + std::to_string(versions.error().line) + ": " +
                               versions.error().what);
    return std::move(*versions);
  }();
  return loaded;
}

bool covers(const DefectRow& row, const std::string& version) {
  return !row.since.empty() && compare_versions(row.since, version) <= 0 && compare_versions(version, row.until) <= 0;
}

TEST(Versions, EveryReleaseOfTheScriptHasAPreset) {
  for (int minor = 12; minor <= 24; ++minor) {
    const std::string name = "3." + std::to_string(minor) + ".0";
    const VersionPtr version = library().find(name);
    ASSERT_TRUE(version) << name;
    EXPECT_EQ(version->deploy.version, name);
    EXPECT_NE(version->title.find(name), std::string::npos);
    // Since 3.23.0 the values list every shim with a switch of its own, and name none: all of them.
    EXPECT_EQ(version->chart_facts.shims.empty(), minor >= 23) << name;
    EXPECT_FALSE(version->deploy.payload->entries.empty()) << name;
    EXPECT_TRUE(version->chart) << name;
  }
  EXPECT_FALSE(library().find("3.11.0"));
}

// The table of defects and the presets say the same thing twice; they must agree in both directions.
TEST(Versions, PresetsHaveTheDefectsThatLivedInTheirVersion) {
  for (const auto& [name, version] : library().versions) {
    if (!std::isdigit(static_cast<unsigned char>(name[0]))) continue;
    for (const DefectRow& row : all_defects()) {
      const bool expected = row.id == "strip" ? name.ends_with("-strip") : covers(row, version->deploy.version);
      EXPECT_EQ(version->deploy.defects.has(row.defect), expected) << name << " " << row.id;
    }
  }
}

TEST(Versions, TheReferenceLogicHasNoDefects) {
  EXPECT_TRUE(library().find("kata")->deploy.defects.none());
  EXPECT_TRUE(library().find("kata-older")->deploy.defects.none());
  EXPECT_TRUE(library().find("kata")->chart_facts.clean_every_node);
  EXPECT_FALSE(library().find("3.16.0")->chart_facts.clean_every_node);
}

TEST(Versions, NewerVersionsHaveNewerPayloads) {
  const Version* before = nullptr;
  for (int minor = 12; minor <= 24; ++minor) {
    const VersionPtr version = library().find("3." + std::to_string(minor) + ".0");
    if (before != nullptr) {
      EXPECT_LT(before->date, version->date) << version->name;
    }
    EXPECT_EQ(version->deploy.payload->date, version->date);
    before = version.get();
  }
  EXPECT_TRUE(std::ranges::is_sorted(library().payload_dates));
}

TEST(Versions, NoTwoShareAHash) {
  std::set<Hash128> hashes;
  for (const auto& [name, version] : library().versions)
    EXPECT_TRUE(hashes.insert(version->deploy.hash).second) << name;
}

TEST(Versions, AFilesDateIsThatOfTheNewestPayloadBeforeIt) {
  const Time old = library().find("3.12.0")->date;
  const Time next = library().find("3.13.0")->date;
  EXPECT_EQ(library().file_date(old), old);
  EXPECT_EQ(library().file_date(next - 1), old);
  EXPECT_EQ(library().file_date(next), next);
  EXPECT_EQ(library().file_date(1), 1);
}

// As the script of 3.15.0 and before puts it together; a file's name is the same either way, a text's bytes are not.
TEST(Versions, ConfigPathOnceHadTwoSlashesBehindKataContainers) {
  const auto config_path = [](const std::string& version, const std::string& shim) {
    return read_settings(library().find(version)->deploy, {{"SHIMS", shim}}, {}).config_path(shim);
  };
  const std::string folder = "/opt/kata/share/defaults/kata-containers";
  EXPECT_EQ(config_path("3.15.0", "qemu"), folder + "//configuration-qemu.toml");
  EXPECT_EQ(config_path("3.15.0", "dragonball"), folder + "//runtime-rs/configuration-dragonball.toml");
  EXPECT_EQ(config_path("3.16.0", "qemu"), folder + "/configuration-qemu.toml");
  EXPECT_EQ(config_path("3.16.0", "dragonball"), folder + "/runtime-rs/configuration-dragonball.toml");
}

// A folder with one preset in it, gone at the end of the test.
VersionError error_of(const std::string& preset) {
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "barnacle-presets";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "9.9.9.toml", std::ios::binary) << preset;
  const auto loaded = load_versions(folder.string(), kPayload);
  std::filesystem::remove_all(folder);
  return loaded ? VersionError{"", -1, "loads"} : loaded.error();
}

TEST(Versions, ErrorsInAPresetSayWhereAndWhat) {
  struct Case {
    std::string_view preset;
    int line;
    std::string_view what;
  };
  constexpr Case kCases[] = {
      {"version = \"9.9.9\"\ndate = \"2025-01-01\"\n", -1, "loads"},
      {"date = \"2025-01-01\"\nversoin = \"1\"\n", 2, "unknown key 'versoin'"},
      {"date = \"2025-13-01\"\n", 0, "has no valid date"},
      {"date = \"2025-01-01\"\ndefects = [\n\"Z01\",\n\"Z1\",\n]\n", 4, "unknown defect"},
      {"date = \"2025-01-01\"\ndefects = \"Z01\"\n", 2, "'defects' is no list"},
      {"date = \"2025-01-01\"\n[chart]\nshims = [1]\n", 3, "'shims' holds something that is no string"},
      {"date = \"2025-01-01\"\n[deploy]\n\nguest_pull = 1\n", 4, "'guest_pull' is no boolean"},
      {"date = \"2025-01-01\"\n[deploy]\nqemu_share = []\n", 3, "'qemu_share' is no table"},
      {"date = \"2025-01-01\"\nchart = 3\n", 2, "'chart' is no table"},
      {"date = \n", 1, ""},
  };
  for (const Case& one : kCases) {
    const VersionError error = error_of(std::string(one.preset));
    EXPECT_EQ(error.line, one.line) << one.preset << error.what;
    EXPECT_NE(error.what.find(one.what), std::string::npos) << one.preset << error.what;
  }
  EXPECT_FALSE(load_versions("no-such-folder", kPayload));
}

TEST(CompareVersions, GoesByNumbers) {
  EXPECT_LT(compare_versions("3.9.0", "3.12.0"), 0);
  EXPECT_GT(compare_versions("3.12.0", "3.9.0"), 0);
  EXPECT_EQ(compare_versions("3.12.0", "3.12.0"), 0);
  EXPECT_LT(compare_versions("3.12.9", "3.13.0"), 0);
  EXPECT_LT(compare_versions("3.12", "3.12.1"), 0);
}

TEST(Dates, AreReadWithAndWithoutATime) {
  EXPECT_EQ(parse_date("1970-01-02"), 86400);
  EXPECT_EQ(parse_date("2025-05-01"), 1746057600);
  EXPECT_EQ(parse_date("2025-05-01T10:00:00Z"), 1746093600);
  EXPECT_EQ(parse_date("2025-05-01 10:00:00+02:00"), 1746086400);
  EXPECT_EQ(parse_date("2024-02-29"), 1709164800);
  for (const std::string_view wrong :
       {"", "2025", "2025-02-29", "2025-13-01", "2025-05-01T24:00:00Z", "1969-12-31", "2025-05-01x"}) {
    EXPECT_EQ(parse_date(wrong), std::nullopt) << wrong;
  }
}

}  // namespace
}  // namespace barnacle
