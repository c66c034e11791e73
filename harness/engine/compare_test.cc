#include "harness/engine/compare.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/engine/replay.h"
#include "harness/scenario/scenario_toml.h"

namespace barnacle {
namespace {

constexpr const char* kFolder = BARNACLE_SOURCE_DIR "/fixtures";

Catalogue fixtures() {
  const std::string folder = kFolder;
  return {load_versions(folder + "/versions", folder + "/payload/image").value(), folder + "/hosts",
          list_host_kinds(folder + "/hosts").value()};
}

Scenario scenario(const std::string& steps) {
  return parse_scenario("[[node]]\nname = \"node-a\"\nhost = \"ubuntu-24.04-containerd-2.0\"\n" + steps, "test.toml")
      .value();
}

const std::string kInstall = R"(
[[step]]
do = "install"
release = "kata-deploy"
values = { env = { shims = "qemu", multiInstallSuffix = "cicd" } }
)";
const std::string kRestart = "\n[[step]]\ndo = \"restart-pod\"\nrelease = \"kata-deploy\"\n";

std::vector<Difference> compare_models(const std::string& subject, const std::string& against,
                                       const std::string& steps) {
  Catalogue catalogue = fixtures();
  share_payload(catalogue, subject, against);
  Lab lab(catalogue);
  return compare(lab, catalogue.versions.find(subject), catalogue.versions.find(against), scenario(steps)).value();
}

bool speaks_of(const std::vector<Difference>& differences, const std::string& words) {
  return std::ranges::any_of(differences,
                             [&](const Difference& one) { return one.where.find(words) != std::string::npos; });
}

TEST(Comparison, ASubjectAgreesWithItself) {
  EXPECT_TRUE(compare_models("3.16.0", "3.16.0", kInstall + kRestart + kRestart).empty());
}

TEST(Comparison, TheSuffixThatIsPutInAgainPartsTheOldLogicFromOneWithoutThatDefect) {
  Catalogue catalogue = fixtures();
  plant(catalogue.versions, Defect::suffix_reapplied);
  share_payload(catalogue, "kata+Z01", "kata");
  Lab lab(catalogue);
  const auto found =
      compare(lab, catalogue.versions.find("kata+Z01"), catalogue.versions.find("kata"), scenario(kInstall + kRestart))
          .value();
  ASSERT_FALSE(found.empty());
  const auto file = std::ranges::find_if(
      found, [](const Difference& one) { return one.where.find("configuration-qemu.toml") != std::string::npos; });
  ASSERT_NE(file, found.end());
  EXPECT_EQ(file->step, 2);  // they agree on the install
  EXPECT_NE(file->left.find("/opt/kata-cicd-cicd"), std::string::npos) << file->left;
  EXPECT_EQ(file->right.find("/opt/kata-cicd-cicd"), std::string::npos) << file->right;
}

TEST(Comparison, OnlyTheFirstStepThatDiffersIsTold) {
  const auto found = compare_models("3.16.0", "kata", kInstall + kRestart);
  ASSERT_FALSE(found.empty());
  for (const Difference& one : found) EXPECT_EQ(one.step, found.front().step) << one.where;
}

// A pod that goes round in a crash loop on one side shows as starts that the other side has not.
TEST(Comparison, OutcomesAreComparedAsWellAsFiles) {
  const auto found = compare_models("3.16.0", "3.17.0", kInstall + kRestart);
  ASSERT_FALSE(found.empty());
  EXPECT_TRUE(speaks_of(found, "on node-a, start")) << found.front().where;
}

}  // namespace
}  // namespace barnacle
