// A node of our own below /tmp, and a sandbox over it that is driven to its end.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "harness/live/sandbox/sandbox.h"

namespace barnacle {

namespace fs = std::filesystem;

inline std::string read_file(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

inline void write_file(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

class SandboxTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto supported = sandbox_supported();
    if (!supported) GTEST_SKIP() << supported.error();
    std::string name = (fs::temp_directory_path() / "barnacle-sandbox-test-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    work = name;
    node = work / "node";
    for (const char* folder : {"etc/containerd", "opt", "usr/local/bin"}) fs::create_directories(node / folder);
    write_file(node / "etc/os-release", "ID=barnacle\n");
  }

  void TearDown() override {
    std::error_code error;
    if (!work.empty()) fs::remove_all(work, error);
  }

  // A shell script in a container that sees the node's /etc/containerd and /opt.
  SandboxSpec shell(const std::string& script) const {
    SandboxSpec spec;
    spec.node = node;
    spec.argv = {"bash", "-c", script};
    spec.mounts = {{.at = "/etc/containerd", .from = node / "etc/containerd"}, {.at = "/opt", .from = node / "opt"}};
    spec.limits.time = std::chrono::seconds(60);
    return spec;
  }

  struct Result {
    Exit exit;
    std::string output;
    std::string trace;
    double slept_s = 0;
    int effects = 0;
  };

  static Result run(const SandboxSpec& spec, const StandIn& stand_in = nullptr) {
    auto sandbox = Sandbox::start(spec);
    if (!sandbox) {
      ADD_FAILURE() << sandbox.error();
      return {};
    }
    while ((*sandbox)->pump(std::chrono::milliseconds(50), stand_in)) continue;
    return {.exit = *(*sandbox)->exit(),
            .output = (*sandbox)->output(),
            .trace = (*sandbox)->trace(),
            .slept_s = (*sandbox)->slept_s(),
            .effects = (*sandbox)->effects()};
  }

  fs::path work;
  fs::path node;
};

}  // namespace barnacle
