#include "harness/live/tier/tomlq_cache.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdlib>

namespace barnacle {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFile =
    "imports = [\"/etc/a.toml\"]\n\n[hypervisor.qemu]\npath = \"/opt/kata/bin/qemu\" # its place\n";

struct TomlqCacheTest : ::testing::Test {
  TomlqCacheTest() {
    std::string name = (fs::temp_directory_path() / "barnacle-tomlq-XXXXXX").string();
    folder = ::mkdtemp(name.data());
    const char* given = std::getenv("BARNACLE_LIVE_TOOLS");
    venv =
        (given != nullptr && *given != '\0' ? fs::path(given) : fs::path(BARNACLE_SOURCE_DIR) / "build/live") / "venv";
  }
  void SetUp() override {
    if (!fs::exists(venv / "bin/tomlq")) GTEST_SKIP() << "there is no tomlq: run ci/setup-live";
  }
  ~TomlqCacheTest() override { fs::remove_all(folder); }

  TomlqCache cache() const { return {venv, folder / "cache", folder / "scratch"}; }
  // A cache whose tomlq is gone knows what is on disk, and nothing else.
  std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder / "cache"), fs::directory_iterator()));
  }

  fs::path folder;
  fs::path venv;
};

StandInCall call(std::vector<std::string> argv) {
  const std::string file = argv.back();
  return {.argv = std::move(argv), .cwd = "/", .files = {{file, kFile}}};
}

TEST_F(TomlqCacheTest, AnEditIsWhatTomlqMakesOfItAndIsKeptOnDisk) {
  TomlqCache first = cache();
  const auto edited = first.answer(call({"tomlq", "-i", "-t", ".hypervisor.qemu.path = \"/x\"", "/etc/kata.toml"}));
  ASSERT_TRUE(edited);
  EXPECT_EQ(edited->exit, 0) << edited->err;
  EXPECT_EQ(edited->write, "/etc/kata.toml");
  EXPECT_EQ(edited->contents, "imports = [\"/etc/a.toml\"]\n\n[hypervisor.qemu]\npath = \"/x\"\n");
  EXPECT_EQ(entries(), 1U);
  TomlqCache second = cache();
  const auto again = second.answer(call({"tomlq", "-i", "-t", ".hypervisor.qemu.path = \"/x\"", "/other/place.toml"}));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->contents, edited->contents);
  EXPECT_EQ(again->write, "/other/place.toml");
  EXPECT_EQ(entries(), 1U);
}

TEST_F(TomlqCacheTest, AQuestionWritesNothing) {
  const auto said = cache().answer(call({"tomlq", "-r", ".imports[]", "/etc/kata.toml"}));
  ASSERT_TRUE(said);
  EXPECT_EQ(said->out, "/etc/a.toml\n");
  EXPECT_EQ(said->write, "");
}

TEST_F(TomlqCacheTest, AFilterThatIsWrongFailsAsItDoesWithTomlq) {
  const auto said = cache().answer(call({"tomlq", "-i", "-t", ".a = ", "/etc/kata.toml"}));
  ASSERT_TRUE(said);
  EXPECT_NE(said->exit, 0);
  EXPECT_NE(said->err, "");
  EXPECT_EQ(said->write, "");
}

TEST_F(TomlqCacheTest, WhatLooksOutsideTheFileIsLeftToTheRealOne) {
  for (const char* filter : {".a = env.HOME", ".a = $ENV.HOME", ".a = now", "input"})
    EXPECT_FALSE(cache().answer(call({"tomlq", "-t", filter, "/etc/kata.toml"}))) << filter;
  EXPECT_FALSE(cache().answer(call({"tomlq", "--slurp", ".", "/etc/kata.toml"})));
  EXPECT_FALSE(cache().answer({.argv = {"tomlq", ".a", "/etc/missing.toml"}, .cwd = "/", .files = {}}));
}

}  // namespace
}  // namespace barnacle
