#include "sim/host/runtime.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "sim/host/toml.h"

namespace barnacle {
namespace {

constexpr RuntimeVersion kContainerd17{RuntimeFamily::containerd, 1, 7, 27};
constexpr RuntimeVersion kContainerd20{RuntimeFamily::containerd, 2, 0, 4};
constexpr RuntimeVersion kCrio{RuntimeFamily::crio, 1, 32, 1};

constexpr const char* kMain = "/etc/containerd/config.toml";
constexpr const char* kDropIn = "/opt/kata/containerd/config.d/kata-deploy.toml";
constexpr const char* kVersion2 = "io.containerd.grpc.v1.cri";
constexpr const char* kVersion3 = "io.containerd.cri.v1.runtime";

// A machine of which only the files matter.
struct Machine {
  Store store;
  FileTree files{store, 0};

  Machine& put(std::string_view path, std::string_view text, std::uint16_t mode = 0644) {
    (void)files.make_directories(parent_path(path), 0);
    EXPECT_TRUE(files.write(path, text, 0, mode)) << path;
    return *this;
  }
  std::expected<LoadedConfigPtr, LoadError> load(const RuntimeVersion& version) const {
    return load_runtime_configuration(files, version);
  }
  LoadedConfig loaded(const RuntimeVersion& version) const {
    const auto config = load(version);
    EXPECT_TRUE(config) << config.error().what;
    return config ? **config : LoadedConfig();
  }
  LoadError refused(const RuntimeVersion& version) const {
    const auto config = load(version);
    EXPECT_FALSE(config);
    return config ? LoadError() : config.error();
  }
};

std::vector<std::string> names(const LoadedConfig& config) {
  std::vector<std::string> all;
  for (const Handler& handler : config.handlers) all.push_back(handler.name);
  return all;
}

Handler handler(const LoadedConfig& config, std::string_view name) {
  const auto found = std::ranges::find(config.handlers, name, &Handler::name);
  return found == config.handlers.end() ? Handler() : *found;
}

std::string runtime_table(std::string_view plugin, std::string_view name, std::string_view keys) {
  std::string text = "[plugins.\"";
  return text.append(plugin).append("\".containerd.runtimes.").append(name).append("]\n").append(keys).append("\n");
}

using Names = std::vector<std::string>;

TEST(RuntimeVersionText, RoundTripsAndRefusesTheRest) {
  for (const char* text : {"containerd://2.0.4", "containerd://1.7.27", "cri-o://1.32.1"}) {
    const auto version = RuntimeVersion::parse(text);
    ASSERT_TRUE(version) << text;
    EXPECT_EQ(version->text(), text);
  }
  EXPECT_EQ(RuntimeVersion::parse("cri-o://1.32.1")->unit(), "crio");
  for (const char* text :
       {"", "containerd", "containerd://", "containerd://2", "containerd://2.0.-1", "docker://20.10.1"}) {
    EXPECT_FALSE(RuntimeVersion::parse(text)) << text;
  }
}

TEST(Containerd, WithoutConfigurationOffersRuncOnly) {
  const Machine machine;
  const LoadedConfig config = machine.loaded(kContainerd20);
  EXPECT_EQ(names(config), Names{"runc"});
  EXPECT_EQ(handler(config, "runc").runtime_type, "io.containerd.runc.v2");
  EXPECT_TRUE(config.files.empty());
  EXPECT_TRUE(broken_handlers(machine.files, config).empty());
}

TEST(Containerd, ReadsAHandlerWithAllThatTheKubeletNeedsToKnow) {
  Machine machine;
  machine.put(kMain, std::string("version = 3\nimports = [\"") + kDropIn + "\"]\n");
  machine.put(kDropIn,
              runtime_table(kVersion3, "kata-qemu",
                            "runtime_type = \"io.containerd.kata-qemu.v2\"\nruntime_path = \"/opt/kata/shim\"\n"
                            "snapshotter = \"nydus\"\noptions.ConfigPath = \"/opt/kata/c.toml\"") +
                  "[debug]\nlevel = \"debug\"\n");
  const LoadedConfig config = machine.loaded(kContainerd20);
  EXPECT_EQ(handler(config, "kata-qemu"), (Handler{.name = "kata-qemu",
                                                   .runtime_type = "io.containerd.kata-qemu.v2",
                                                   .runtime_path = "/opt/kata/shim",
                                                   .config_path = "/opt/kata/c.toml",
                                                   .snapshotter = "nydus",
                                                   .file = kDropIn,
                                                   .shims = {"/opt/kata/shim"}}));
  EXPECT_EQ(config.log_level, "debug");
  EXPECT_EQ(config.files, (Names{kMain, kDropIn}));
}

TEST(Containerd, ADropInReplacesTheWholePluginSectionOn17AndMergesOn20) {
  Machine machine;
  const std::string own = "[plugins.\"io.containerd.grpc.v1.cri\"]\nsandbox_image = \"pause\"\n";
  machine.put(kMain, "version = 2\nimports = [\"/etc/kata.toml\"]\n" + own +
                         runtime_table(kVersion2, "gvisor", "runtime_type = \"io.containerd.runsc.v1\""));
  machine.put("/etc/kata.toml",
              "version = 2\n" + runtime_table(kVersion2, "kata", "runtime_type = \"io.containerd.kata.v2\""));
  EXPECT_EQ(names(machine.loaded(kContainerd17)), (Names{"kata", "runc"}));
  EXPECT_EQ(names(machine.loaded(kContainerd20)), (Names{"gvisor", "kata", "runc"}));
}

TEST(Containerd, ADropInWithoutVersionIsReadWithThatOfTheMainFile) {
  Machine machine;
  machine.put("/etc/kata.toml", runtime_table(kVersion3, "kata", "runtime_type = \"io.containerd.kata.v2\""));
  machine.put(kMain, "version = 3\nimports = [\"/etc/kata.toml\"]\n");
  EXPECT_EQ(names(machine.loaded(kContainerd20)), (Names{"kata", "runc"}));
  machine.put(kMain, "version = 2\nimports = [\"/etc/kata.toml\"]\n");
  EXPECT_EQ(names(machine.loaded(kContainerd20)), Names{"runc"}) << "a version 3 table in a version 2 file";
  machine.put("/etc/kata.toml", runtime_table("cri", "kata", "runtime_type = \"io.containerd.kata.v2\""));
  machine.put(kMain, "imports = [\"/etc/kata.toml\"]\n");
  EXPECT_EQ(names(machine.loaded(kContainerd17)), (Names{"kata", "runc"}));
}

TEST(Containerd, RefusesAVersionItDoesNotKnow) {
  Machine machine;
  machine.put(kMain, "version = 3\n");
  EXPECT_EQ(machine.refused(kContainerd17).what,
            "expected containerd config version equal to or less than `2`, got `3`");
  EXPECT_TRUE(machine.load(kContainerd20));
  machine.put(kMain, "version = \"3\"\n");
  EXPECT_NE(machine.refused(kContainerd20).what.find("version: expected an integer, got a string"), std::string::npos);
}

// Z20: the release's file is gone, the operator's import of it is not.
TEST(Containerd, ImportOfADeletedFileStopsIt) {
  Machine machine;
  machine.put(kMain, std::string("version = 3\nimports = [\"") + kDropIn + "\"]\n").put(kDropIn, "");
  EXPECT_TRUE(machine.load(kContainerd20));
  ASSERT_TRUE(machine.files.unlink(kDropIn, 0));
  const LoadError error = machine.refused(kContainerd20);
  EXPECT_EQ(error.file, kDropIn);
  EXPECT_EQ(error.what, std::string("failed to load TOML: ") + kDropIn + ": no such file or directory");
}

TEST(Containerd, AGlobThatMatchesNothingIsNoErrorAndMatchesAreSorted) {
  Machine machine;
  machine.put(kMain, "version = 3\nimports = [\"conf.d/*.toml\", \"/opt/*/[ab]?.toml\"]\n");
  EXPECT_EQ(machine.loaded(kContainerd20).files, Names{kMain});
  machine.put("/etc/containerd/conf.d/20.toml", "").put("/etc/containerd/conf.d/10.toml", "");
  machine.put("/etc/containerd/conf.d/off.bak", "[")
      .put("/opt/z/a1.toml", "")
      .put("/opt/k/b2.toml", "")
      .put("/opt/k/c2.toml", "[");
  EXPECT_EQ(machine.loaded(kContainerd20).files,
            (Names{kMain, "/etc/containerd/conf.d/10.toml", "/etc/containerd/conf.d/20.toml", "/opt/k/b2.toml",
                   "/opt/z/a1.toml"}));
}

TEST(Containerd, FollowsImportsOfImportsAndEachFileOnce) {
  Machine machine;
  machine.put(kMain, "version = 3\nimports = [\"a.toml\", \"./a.toml\", \"/etc/containerd/sub/../a.toml\"]\n");
  machine.put("/etc/containerd/a.toml", "imports = [\"sub/b.toml\"]\n");
  machine.put("/etc/containerd/sub/b.toml", "imports = [\"../a.toml\", \"/etc/containerd/config.toml\"]\n");
  EXPECT_EQ(machine.loaded(kContainerd20).files,
            (Names{kMain, "/etc/containerd/a.toml", "/etc/containerd/sub/b.toml"}));
}

TEST(Containerd, NamesTheFileAndTheLineOfASyntaxError) {
  Machine machine;
  machine.put(kMain, "version = 3\nimports = [\"b.toml\"]\n").put("/etc/containerd/b.toml", "\n[debug\n");
  const LoadError error = machine.refused(kContainerd20);
  EXPECT_EQ(error.file, "/etc/containerd/b.toml");
  EXPECT_NE(error.what.find("line 2"), std::string::npos) << error.what;
}

TEST(Containerd, WrongTypesInWhatTheCriPluginDecodesStopIt) {
  struct Case {
    std::string text;
    const char* what;
  };
  const Case cases[] = {
      {"imports = \"x\"\n", "imports: expected an array of strings, got a string"},
      {"imports = [1]\n", "imports: expected an array of strings, got an array"},
      {"plugins = 1\n", "plugins: expected a table, got an integer"},
      {"[debug]\nlevel = 7\n", "debug.level: expected a string, got an integer"},
      {runtime_table(kVersion3, "kata", "privileged_without_host_devices = \"yes\""),
       "containerd.runtimes.kata.privileged_without_host_devices: expected a bool, got a string"},
      {runtime_table(kVersion3, "kata", "runtime_type = true"), "runtime_type: expected a string, got a bool"},
      {runtime_table(kVersion3, "kata", "pod_annotations = [1]"), "pod_annotations: expected an array of strings"},
      {runtime_table(kVersion3, "kata", "options = \"x\""), "options: expected a table, got a string"},
      {runtime_table(kVersion3, "kata", "options.ConfigPath = 1"), "kata.options.ConfigPath: expected a string"},
      {"[plugins.\"io.containerd.cri.v1.runtime\".containerd]\ndefault_runtime_name = []\n", "got an array"},
      {"[plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes]\nkata = 1\n", "runtimes.kata: expected a table"},
      {"[plugins.\"io.containerd.cri.v1.runtime\".containerd]\ndefault_runtime_name = \"gone\"\n",
       "no corresponding runtime"},
  };
  for (const Case& one : cases) {
    Machine machine;
    machine.put(kMain, "version = 3\n" + one.text);
    const LoadError error = machine.refused(kContainerd20);
    EXPECT_EQ(error.file, kMain);
    EXPECT_NE(error.what.find(one.what), std::string::npos) << error.what;
  }
}

TEST(Containerd, BlamesTheDropInForItsOwnWrongType) {
  Machine machine;
  machine.put(kMain, std::string("version = 3\nimports = [\"") + kDropIn + "\"]\n" +
                         runtime_table(kVersion3, "runc", "runtime_type = \"io.containerd.runc.v2\""));
  machine.put(kDropIn, runtime_table(kVersion3, "kata", "snapshotter = false"));
  EXPECT_EQ(machine.refused(kContainerd20).file, kDropIn);
}

TEST(Containerd, TheHashIsOfValuesNotOfLayout) {
  Machine one;
  Machine other;
  one.put(kMain, "version = 3\n" + runtime_table(kVersion3, "kata", "runtime_type = \"t\"\nruntime_path = \"p\""));
  other.put(kMain, "# by hand\nversion = 3\nimports = ['kata.toml']\n");
  other.put("/etc/containerd/kata.toml",
            runtime_table(kVersion3, "kata", "  runtime_path = 'p' # path\n  runtime_type = 't'"));
  EXPECT_EQ(one.loaded(kContainerd20).hash, other.loaded(kContainerd20).hash);
  other.put("/etc/containerd/kata.toml", runtime_table(kVersion3, "kata", "runtime_path = 'q'\nruntime_type = 't'"));
  EXPECT_NE(one.loaded(kContainerd20).hash, other.loaded(kContainerd20).hash);
}

TEST(Containerd, LoadingTheSameFilesAgainIsTheSameObject) {
  Machine machine;
  machine.put(kMain, "version = 3\n");
  const LoadedConfigPtr first = *machine.load(kContainerd20);
  machine.put("/etc/unrelated", "x");
  EXPECT_EQ(first, *machine.load(kContainerd20));
  machine.put(kMain, "version = 3\n\n");
  EXPECT_NE(first, *machine.load(kContainerd20));
}

TEST(BrokenHandlers, NameTheMissingShimAndConfiguration) {
  Machine machine;
  machine.put(kMain, "version = 3\n" +
                         runtime_table(kVersion3, "by-path",
                                       "runtime_type = \"io.containerd.a.v2\"\nruntime_path = \"/opt/shim\"\n"
                                       "options.ConfigPath = \"/opt/c.toml\"") +
                         runtime_table(kVersion3, "by-type", "runtime_type = \"io.containerd.runsc.v1\""));
  const auto broken = [&] {
    Names paths;
    for (const BrokenHandler& one : broken_handlers(machine.files, machine.loaded(kContainerd20)))
      paths.push_back(one.path);
    return paths;
  };
  EXPECT_EQ(broken(), (Names{"/opt/shim", "/opt/c.toml", "/usr/bin/containerd-shim-runsc-v1"}));
  machine.put("/opt/shim", "", 0644).put("/opt/c.toml", "").put("/usr/local/bin/containerd-shim-runsc-v1", "", 0755);
  EXPECT_EQ(broken(), Names{"/opt/shim"}) << "it is there, but nobody may execute it";
  ASSERT_TRUE(machine.files.set_mode("/opt/shim", 0755));
  EXPECT_EQ(broken(), Names{});
}

TEST(Crio, LaterDropInsWinInByteOrderOfTheirNames) {
  Machine machine;
  machine.put("/etc/crio/crio.conf", "[crio.runtime]\nlog_level = \"warn\"\n");
  machine.put("/etc/crio/crio.conf.d/100-debug", "[crio.runtime]\nlog_level = \"debug\"\n");
  machine.put("/etc/crio/crio.conf.d/99-kata-deploy",
              "[crio.runtime.runtimes.kata-qemu]\nruntime_path = \"/opt/kata/shim\"\nruntime_type = \"vm\"\n"
              "runtime_config_path = \"/opt/kata/c.toml\"\n");
  const LoadedConfig config = machine.loaded(kCrio);
  EXPECT_EQ(config.log_level, "debug");
  EXPECT_EQ(config.files,
            (Names{"/etc/crio/crio.conf", "/etc/crio/crio.conf.d/100-debug", "/etc/crio/crio.conf.d/99-kata-deploy"}));
  EXPECT_EQ(names(config), Names{"kata-qemu"});
  EXPECT_EQ(handler(config, "kata-qemu").config_path, "/opt/kata/c.toml");
  EXPECT_EQ(handler(config, "kata-qemu").file, "/etc/crio/crio.conf.d/99-kata-deploy");
  machine.put("/etc/crio/crio.conf.d/999-quiet", "[crio.runtime]\nlog_level = \"error\"\n");
  EXPECT_EQ(machine.loaded(kCrio).log_level, "error");
}

TEST(Crio, ADropInThatDoesNotDecodeStopsIt) {
  Machine machine;
  machine.put("/etc/crio/crio.conf.d/50-own", "[crio.runtime.runtimes.x]\nruntime_path = 7\n");
  EXPECT_EQ(machine.refused(kCrio).file, "/etc/crio/crio.conf.d/50-own");
  // Z75: tables written twice.
  machine.put("/etc/crio/crio.conf.d/50-own", "[crio.runtime.runtimes.x]\n[crio.runtime.runtimes.x]\n");
  EXPECT_NE(machine.refused(kCrio).what.find("already exists"), std::string::npos);
  machine.put("/etc/crio/crio.conf.d/50-own", "");
  EXPECT_TRUE(machine.loaded(kCrio).handlers.empty());
}

// All that a machine could tell of a load, as text.
std::string told(const std::expected<LoadedConfigPtr, LoadError>& config, const FileTree& files) {
  if (!config) return config.error().file + ": " + config.error().what;
  std::string text = to_hex((*config)->hash) + to_hex((*config)->contents);
  for (const std::string& file : (*config)->files) text += " " + file;
  for (const std::string& path : (*config)->needed) text += " " + path;
  for (const BrokenHandler& broken : broken_handlers(files, **config)) text += " !" + broken.path;
  return text;
}

// A store remembers what loads have looked at; a machine with a new one has nothing to remember.
RC_GTEST_PROP(RuntimeMemory, SaysWhatAMachineSaysThatNeverLoadedBefore, ()) {
  const std::vector<std::string> paths = {kMain,
                                          "/etc/containerd/conf.d/1.toml",
                                          "/etc/containerd/conf.d/2.toml",
                                          "/etc/containerd/conf.d",
                                          "/etc/crio/crio.conf",
                                          "/etc/crio/crio.conf.d/10-own",
                                          "/etc/crio/crio.conf.d/sub/20-own",
                                          "/etc/crio/crio.conf.d",
                                          "/etc/one.toml"};
  const std::vector<std::string> texts = {"",
                                          "[",
                                          "imports = ['conf.d/*.toml']\n",
                                          "imports = ['conf.d/1.toml', '/etc/one.toml']\n",
                                          "version = 2\n",
                                          runtime_table(kVersion3, "kata", "runtime_type = 'io.containerd.kata.v2'"),
                                          "[crio.runtime.runtimes.kata]\nruntime_path = '/etc/one.toml'\n"};
  Machine machine;
  for (int i = *rc::gen::inRange(1, 40); i > 0; --i) {
    const std::string path = *rc::gen::elementOf(paths);
    const Time now = *rc::gen::inRange(0, 3);
    switch (*rc::gen::inRange(0, 6)) {
      case 0: (void)machine.files.remove_all(path, now); break;
      case 1: (void)machine.files.make_symlink(path, *rc::gen::elementOf(paths), now); break;
      case 2: (void)machine.files.make_directories(path, now); break;
      default:
        (void)machine.files.make_directories(parent_path(path), now);
        (void)machine.files.write(path, *rc::gen::elementOf(texts), now, 0755);
    }
    Machine other;
    walk(machine.files.root(), [&](const std::string& at, const Node& node) {
      if (node.kind == FileKind::directory) (void)other.files.make_directory(at, 0);
      if (node.kind == FileKind::file) (void)other.files.put(at, other.store.intern(node.blob->bytes), node.attributes);
      if (node.kind == FileKind::symlink) (void)other.files.make_symlink(at, node.blob->bytes, 0);
    });
    for (const RuntimeVersion& version : {kContainerd17, kContainerd20, kCrio})
      RC_ASSERT(told(machine.load(version), machine.files) == told(other.load(version), other.files));
  }
}

// What is loaded does not depend on how the same tables are spread over files (2.0).
RC_GTEST_PROP(ContainerdLaws, SplittingAConfigurationOverImportsChangesNothing, ()) {
  const auto places = *rc::gen::container<std::vector<int>>(6, rc::gen::inRange(0, 3));
  Machine whole;
  Machine split;
  TomlValue all = toml_table();
  TomlValue parts[3] = {toml_table(), toml_table(), toml_table()};
  for (std::size_t i = 0; i < places.size(); ++i) {
    const std::vector<std::string> keys = {"plugins",
                                           kVersion3,
                                           "containerd",
                                           "runtimes",
                                           "k" + std::to_string(i / 2),
                                           i % 2 == 0 ? "runtime_type" : "runtime_path"};
    all.set(keys, toml_string("/v" + std::to_string(i)));
    parts[places[i]].set(keys, toml_string("/v" + std::to_string(i)));
  }
  whole.put(kMain, "version = 3\n\n" + write_toml(all));
  split.put(kMain, "version = 3\nimports = [\"conf.d/*.toml\"]\n\n" + write_toml(parts[0]));
  split.put("/etc/containerd/conf.d/1.toml", write_toml(parts[1]))
      .put("/etc/containerd/conf.d/2.toml", write_toml(parts[2]));
  RC_ASSERT(whole.loaded(kContainerd20).hash == split.loaded(kContainerd20).hash);
  RC_ASSERT(names(whole.loaded(kContainerd20)) == names(split.loaded(kContainerd20)));
}

}  // namespace
}  // namespace barnacle
