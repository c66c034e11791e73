#include "harness/live/subject/kata_subject.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include "harness/live/subject/subject.h"
#include "harness/live/subject/template_values.h"
#include "sim/base/dates.h"

namespace barnacle {
namespace {

namespace fs = std::filesystem;

const fs::path kFixtures = fs::path(BARNACLE_SOURCE_DIR) / "fixtures";
const fs::path kChart = "tools/packaging/kata-deploy/helm-chart/kata-deploy";

std::string text_of(const fs::path& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

const VersionLibrary& presets() {
  static const VersionLibrary library =
      load_versions((kFixtures / "versions").string(), (kFixtures / "payload/image").string()).value();
  return library;
}

// A made-up checkout: as little as a subject can be made from.
class KataSubjectTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "barnacle-subject-test-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    work = name;
    checkout("VERSION", "3.17.0\n");
    checkout("tools/packaging/kata-deploy/scripts/kata-deploy.sh", "#!/usr/bin/env bash\nsleep infinity\n");
    fs::permissions(source() / "tools/packaging/kata-deploy/scripts/kata-deploy.sh", fs::perms::owner_all);
    checkout("tools/packaging/kata-deploy/runtimeclasses/kata-qemu.yaml", "kind: RuntimeClass\n");
    checkout(kChart / "Chart.yaml", "apiVersion: v2\nname: kata-deploy\nversion: 3.17.0\n");
    checkout(kChart / "templates/kata-deploy.yaml", "kind: DaemonSet\n");
    checkout("src/runtime/config/configuration-qemu.toml.in",
             "# from @CONFIG_QEMU_IN@ and @NOBODY_KNOWS@, someone@example\npath = \"@QEMUPATH@\"\n");
    checkout("src/runtime-rs/config/configuration-dragonball.toml.in", "virtio = \"@DBSHAREDFS@\"\n");
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(work, ignored);
  }

  fs::path source() const { return work / "checkout"; }
  fs::path out() const { return work / "subject"; }
  fs::path artefact(const fs::path& path) const { return out() / "image" / kArtefacts / path; }

  void checkout(const fs::path& path, const std::string& text) const {
    fs::create_directories((source() / path).parent_path());
    std::ofstream(source() / path) << text;
  }

  KataSubjectOptions options() const {
    return {.source = source(),
            .version = "3.17.0",
            .out = out(),
            .payload = {},
            .date = std::nullopt,
            .variables = kFixtures / "kata/variables.toml",
            .stand_ins = kFixtures / "payload/image"};
  }
  std::expected<KataSubject, std::string> make() const { return make_kata_subject(options(), presets()); }

  // It is refused with these words, and nothing is left.
  void expect_refused(const std::expected<KataSubject, std::string>& made, const std::string& words) const {
    ASSERT_FALSE(made.has_value());
    EXPECT_NE(made.error().find(words), std::string::npos) << made.error();
    EXPECT_EQ(made.error().find('\n'), std::string::npos);
    for (const fs::directory_entry& entry : fs::directory_iterator(work))
      EXPECT_EQ(entry.path().filename().string().find(".part-"), std::string::npos) << entry.path();
  }

  fs::path work;
};

TEST_F(KataSubjectTest, ACheckoutBecomesASubjectThatLoads) {
  const auto made = make();
  ASSERT_TRUE(made.has_value()) << made.error();
  EXPECT_EQ(made->version, "3.17.0");
  EXPECT_EQ(made->settings, "3.17.0");
  EXPECT_EQ(made->configurations, 2);
  EXPECT_GT(made->stand_ins, 10);

  const auto subject = load_live_subject(out());
  ASSERT_TRUE(subject.has_value()) << subject.error();
  EXPECT_EQ(subject->version, "3.17.0");
  EXPECT_EQ(date_text(subject->date), "2025-05-21");
  EXPECT_EQ(text_of(artefact("runtimeclasses/kata-qemu.yaml")), "kind: RuntimeClass\n");
  EXPECT_EQ(text_of(artefact("opt/kata/VERSION")), "3.17.0\n");
  EXPECT_EQ(text_of(out() / "chart/templates/kata-deploy.yaml"), "kind: DaemonSet\n");
}

TEST_F(KataSubjectTest, TemplatesAreFilledInAndWhatHasNoValueStays) {
  ASSERT_TRUE(make().has_value());
  const fs::path configurations = artefact("opt/kata/share/defaults/kata-containers");
  EXPECT_EQ(text_of(configurations / "configuration-qemu.toml"),
            "# from config/configuration-qemu.toml.in and @NOBODY_KNOWS@, someone@example\n"
            "path = \"/opt/kata/bin/qemu-system-x86_64\"\n");
  EXPECT_EQ(text_of(configurations / "runtime-rs/configuration-dragonball.toml"), "virtio = \"inline-virtio-fs\"\n");
  EXPECT_EQ(fs::read_symlink(configurations / "configuration.toml"), "configuration-qemu.toml");
  EXPECT_FALSE(fs::exists(configurations / "configuration-clh.toml"));  // the checkout has no such template
}

TEST_F(KataSubjectTest, ModesAndDatesAreTheImagesOwnWhateverTheCheckoutsAre) {
  ASSERT_TRUE(make().has_value());
  for (const auto& [path, mode] : {std::pair{"scripts/kata-deploy.sh", 0755U},
                                   {"opt/kata/VERSION", 0644U},
                                   {"opt/kata/bin/qemu-system-x86_64", 0755U},
                                   {"opt/kata/bin", 0755U}}) {
    struct ::stat status{};
    ASSERT_EQ(::stat(artefact(path).c_str(), &status), 0) << path;
    EXPECT_EQ(status.st_mode & 07777U, mode) << path;
    EXPECT_EQ(date_text(status.st_mtime), "2025-05-21") << path;
  }
}

TEST_F(KataSubjectTest, AValueIsThatOfTheVersion) {
  const auto older = TemplateValues::load(kFixtures / "kata/variables.toml", "3.16.0");
  const auto newer = TemplateValues::load(kFixtures / "kata/variables.toml", "3.17.0");
  ASSERT_TRUE(older.has_value() && newer.has_value());
  EXPECT_EQ(older->fill("@TDXCPUFEATURES@", TemplateTree::go), "-vmx-rdseed-exit,pmu=off");
  EXPECT_EQ(newer->fill("@TDXCPUFEATURES@", TemplateTree::go), "pmu=off");
  EXPECT_EQ(newer->fill("@TDXCPUFEATURES@@", TemplateTree::rust), "@TDXCPUFEATURES@@");
  EXPECT_EQ(newer->fill("@PIPESIZE@@PROJECT_TYPE@ @", TemplateTree::rust), "1kata @");
}

TEST_F(KataSubjectTest, ADependencyThatTheChartOnlyNamesIsThereAndEmpty) {
  checkout(kChart / "Chart.yaml",
           "apiVersion: v2\nname: kata-deploy\nversion: 3.17.0\ndependencies:\n"
           "- {name: node-feature-discovery, version: ~0.18.0, repository: 'https://example.org'}\n");
  ASSERT_TRUE(make().has_value());
  EXPECT_EQ(text_of(out() / "chart/charts/node-feature-discovery/Chart.yaml"),
            "apiVersion: v2\nname: node-feature-discovery\nversion: 0.18.0\n");
}

TEST_F(KataSubjectTest, AReadyPayloadTakesThePlaceOfTemplatesAndStandIns) {
  fs::create_directories(work / "ready/opt/kata/bin");
  std::ofstream(work / "ready/opt/kata/bin/kata-runtime") << "#!/bin/sh\n";
  KataSubjectOptions given = options();
  given.payload = work / "ready";
  const auto made = make_kata_subject(given, presets());
  ASSERT_TRUE(made.has_value()) << made.error();
  EXPECT_EQ(made->stand_ins, 0);
  EXPECT_EQ(text_of(artefact("opt/kata/bin/kata-runtime")), "#!/bin/sh\n");
  EXPECT_FALSE(fs::exists(artefact("opt/kata/share")));
}

TEST_F(KataSubjectTest, WhatIsNoCheckoutOrAnotherVersionIsRefused) {
  checkout("VERSION", "3.16.0\n");
  expect_refused(make(), "the checkout is of version '3.16.0', and not of 3.17.0");
  checkout("VERSION", "3.26.0\n");
  KataSubjectOptions any = options();
  any.version.clear();
  expect_refused(make_kata_subject(any, presets()), "is no version from 3.12.0 to before 3.26.0");
  fs::remove(source() / kChart / "Chart.yaml");
  expect_refused(make(), "is no checkout of kata-containers");
  EXPECT_FALSE(fs::exists(out()));
}

TEST_F(KataSubjectTest, AFolderWithSomethingInItIsLeftAlone) {
  fs::create_directories(out());
  std::ofstream(out() / "mine") << "keep";
  expect_refused(make(), "is there already, and not an empty folder");
  EXPECT_EQ(text_of(out() / "mine"), "keep");
  fs::remove(out() / "mine");
  EXPECT_TRUE(make().has_value());  // an empty one will do
}

TEST_F(KataSubjectTest, AnErrorHalfWayLeavesNothing) {
  fs::remove(source() / "tools/packaging/kata-deploy/runtimeclasses/kata-qemu.yaml");
  ASSERT_EQ(::mkfifo((source() / "tools/packaging/kata-deploy/runtimeclasses/pipe").c_str(), 0600), 0);
  expect_refused(make(), "runtimeclasses/pipe");
  EXPECT_FALSE(fs::exists(out()));
}

// Over real checkouts, which nobody has to have: BARNACLE_KATA_SOURCE names a folder with VERSION/ in it.
TEST_F(KataSubjectTest, RealCheckoutsLeaveNoValueOpen) {
  const char* folder = std::getenv("BARNACLE_KATA_SOURCE");
  if (folder == nullptr) GTEST_SKIP() << "BARNACLE_KATA_SOURCE names no folder with checkouts of kata-containers";
  int made_of = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (!fs::exists(entry.path() / "VERSION")) continue;
    KataSubjectOptions given = options();
    given.source = entry.path();
    given.version.clear();
    given.out = work / entry.path().filename();
    const auto made = make_kata_subject(given, presets());
    ASSERT_TRUE(made.has_value()) << made.error();
    ASSERT_TRUE(load_live_subject(given.out).has_value());
    EXPECT_GT(made->configurations, 10);
    ++made_of;
    for (const fs::directory_entry& file :
         fs::recursive_directory_iterator(given.out / "image" / kArtefacts / "opt/kata/share/defaults")) {
      if (!file.is_regular_file()) continue;
      std::istringstream lines(text_of(file.path()));
      for (std::string line; std::getline(lines, line);) {
        const bool open = !line.starts_with("#") && line.find("\"@") != std::string::npos;
        EXPECT_FALSE(open) << file.path() << ": " << line;
      }
    }
  }
  EXPECT_GT(made_of, 0);
}

}  // namespace
}  // namespace barnacle
