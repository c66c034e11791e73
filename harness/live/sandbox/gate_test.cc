#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>

#include "harness/live/sandbox/sandbox_test_support.h"

namespace barnacle {

namespace {

class GateTest : public SandboxTest {
 protected:
  void SetUp() override {
    SandboxTest::SetUp();
    if (IsSkipped()) return;
    const auto supported = gate_supported();
    if (!supported) GTEST_SKIP() << supported.error();
  }

  // Runs a script with the gate and tells its numbered effects, as "number call path [path2]".
  std::vector<std::string> effects_of(const std::string& script, const GateHandler& handler = nullptr) {
    std::vector<std::string> told;
    SandboxSpec spec = shell(script);
    spec.gate = true;
    spec.host_pid = true;
    spec.on_effect = [&](const StoppedEffect& effect) {
      if (effect.number > 0) {
        told.push_back(std::to_string(effect.number) + " " + effect.call + " " + effect.path +
                       (effect.path2.empty() ? "" : " " + effect.path2));
      }
      return handler ? handler(effect) : Ruling{};
    };
    last = run(spec);
    return told;
  }

  Result last;
};

using Lines = std::vector<std::string>;

TEST_F(GateTest, EffectsAreNumberedByWhatTheyChangeOnTheNode) {
  EXPECT_EQ(
      effects_of(
          "mkdir /opt/kata; cd /opt/kata; echo x > file; chmod 600 file; mv file other; ln -s other link;"
          "ln other hard; echo no-effect > /tmp/scratch; cat other > /dev/null; touch -d @1000000000 link; rm hard"),
      (Lines{"1 mkdir /opt/kata", "2 open /opt/kata/file", "3 chmod /opt/kata/file",
             "4 rename /opt/kata/file /opt/kata/other", "5 symlink /opt/kata/link other",
             "6 link /opt/kata/other /opt/kata/hard", "7 open /opt/kata/other", "8 utime /opt/kata/other",
             "9 unlink /opt/kata/hard"}));
}

TEST_F(GateTest, APathIsTheNodesHoweverItIsReached) {
  fs::create_directories(node / "opt/real");
  fs::create_symlink("real", node / "opt/link");
  EXPECT_EQ(
      effects_of("echo > /opt/link/b; cd /opt/link; echo > ../c;"
                 "ln -s /opt/d e; echo > e; echo > /proc/1/root/opt/f"),
      (Lines{"1 open /opt/real/b", "2 open /opt/c", "3 symlink /opt/real/e /opt/d", "4 open /opt/d", "5 open /opt/f"}));
  EXPECT_EQ(effects_of("nsenter --target 1 --mount bash -c 'echo > /etc/containerd/a; echo > /tmp/b'"),
            (Lines{"1 open /etc/containerd/a"}));
}

TEST_F(GateTest, TheSameScriptHasTheSameNumbersInTwentyRuns) {
  write_file(work / "payload/bin/tool", "binary\n");
  write_file(work / "payload/share/configuration.toml", "path = /opt/kata\n");
  Lines first;
  for (int i = 0; i < 20; ++i) {
    SandboxSpec spec = shell(
        "cp -a /payload/. /opt/kata-x; sed -i s,/opt/kata,/opt/kata-x, /opt/kata-x/share/configuration.toml;"
        "mkdir -p /etc/containerd/conf.d; ln -sf ../tool /opt/kata-x/bin/link; cat /opt/kata-x/share/* | sort | tee "
        "/etc/containerd/conf.d/kata.toml; rm -rf /opt/kata-x");
    spec.image = {work / "payload-root"};
    fs::create_directories(work / "payload-root");
    spec.mounts.push_back({.at = "/payload", .from = work / "payload", .read_only = true});
    spec.gate = true;
    Lines told;
    spec.on_effect = [&](const StoppedEffect& effect) {
      // sed names its temporary file by chance.
      const std::size_t chance = effect.path.find("/sed");
      told.push_back(std::to_string(effect.number) + " " + effect.call + " " + effect.path.substr(0, chance));
      return Ruling{};
    };
    EXPECT_EQ(run(spec).output, "path = /opt/kata-x\n");
    if (i == 0) first = told;
    EXPECT_EQ(told, first);
  }
  EXPECT_GT(first.size(), 15U);
}

TEST_F(GateTest, AnEffectCanFailAsOnAFullDisk) {
  effects_of("cp /etc/hosts /opt/a; cp /etc/hosts /opt/b; cp /etc/hosts /opt/c", [](const StoppedEffect& effect) {
    return effect.number == 2 ? Ruling{.kind = Ruling::Kind::fail, .error = ENOSPC} : Ruling{};
  });
  EXPECT_EQ(last.output, "cp: cannot create regular file '/opt/b': No space left on device\n");
  EXPECT_TRUE(fs::exists(node / "opt/a"));
  EXPECT_FALSE(fs::exists(node / "opt/b"));
  EXPECT_TRUE(fs::exists(node / "opt/c"));
}

TEST_F(GateTest, ACutAfterTheSecondEffectDoesTwoAndNoThird) {
  effects_of("(sleep infinity) & for i in 1 2 3 4; do echo $i > /opt/$i; done", [](const StoppedEffect& effect) {
    return effect.number == 3 ? Ruling{.kind = Ruling::Kind::kill} : Ruling{};
  });
  EXPECT_TRUE(last.exit.terminated);
  EXPECT_EQ(last.exit.status, 137);
  EXPECT_EQ(read_file(node / "opt/2"), "2\n");
  EXPECT_FALSE(fs::exists(node / "opt/3"));
}

TEST_F(GateTest, WhoConnectsAndWhoWroteIsTold) {
  StoppedEffect connect;
  StoppedEffect write;
  SandboxSpec spec = shell("exec 3<>/dev/tcp/127.0.0.1/6443; tee /opt/file < /dev/null");
  spec.gate = true;
  spec.api_port = 6443;
  spec.on_effect = [&](const StoppedEffect& effect) {
    (effect.call == "connect" ? connect : write) = effect;
    return Ruling{};
  };
  run(spec);
  EXPECT_EQ(connect.path, "127.0.0.1:6443");
  EXPECT_EQ(connect.number, 0);
  EXPECT_EQ(connect.program, "bash");
  EXPECT_EQ(write.path, "/opt/file");
  EXPECT_EQ(write.program, "tee");
  EXPECT_EQ(write.flags, "write create truncate");
}

TEST_F(GateTest, ReadsAreToldOnDemandAndNotNumbered) {
  write_file(node / "etc/containerd/config.toml", "x\n");
  Lines read;
  SandboxSpec spec = shell("cat /etc/containerd/config.toml");
  spec.gate = spec.gate_reads = true;
  spec.on_effect = [&](const StoppedEffect& effect) {
    read.push_back(std::to_string(effect.number) + " " + effect.path + " " + effect.flags);
    return Ruling{};
  };
  run(spec);
  EXPECT_EQ(read, (Lines{"0 /etc/containerd/config.toml read"}));
}

// Statically linked on every machine that has a C++ compiler: nothing of it passes through a libc that could be
// wrapped.
TEST_F(GateTest, AStaticProgramIsStoppedToo) {
  if (std::system("c++ --version >/dev/null 2>&1") != 0)
    GTEST_SKIP() << "no C++ compiler to make a static program with";
  write_file(work / "image/program.cc",
             "#include <fcntl.h>\n#include <unistd.h>\n"
             "int main() { return write(open(\"/opt/x\", O_CREAT | O_WRONLY, 0600), \"x\", 1) == 1 ? 0 : 1; }\n");
  const std::string command = "cd " + (work / "image").string() + " && c++ -static -o program program.cc";
  ASSERT_EQ(std::system(command.c_str()), 0);
  SandboxSpec spec = shell("");
  spec.image = {work / "image"};
  spec.argv = {"/program"};
  spec.gate = true;
  Lines told;
  spec.on_effect = [&](const StoppedEffect& effect) {
    told.push_back(effect.call + " " + effect.path);
    return Ruling{};
  };
  EXPECT_EQ(run(spec).exit.status, 0);
  EXPECT_EQ(told, (Lines{"open /opt/x"}));
}

}  // namespace

}  // namespace barnacle
