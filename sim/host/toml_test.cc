#include "sim/host/toml.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include "sim/host/toml_guard.h"
#include "sim/host/toml_plain.h"

namespace barnacle {
namespace {

std::string repeat(std::string_view text, std::size_t times) {
  std::string repeated;
  for (std::size_t i = 0; i < times; ++i) repeated += text;
  return repeated;
}

TomlValue parsed(std::string_view text) {
  auto value = parse_toml(text);
  if (!value) throw std::runtime_error(std::to_string(value.error().line) + ": " + value.error().what);
  return std::move(*value);
}

void expect_refused(std::string_view text, int line, std::string_view what) {
  const auto value = parse_toml(text);
  ASSERT_FALSE(value) << text.substr(0, 80);
  EXPECT_EQ(value.error().line, line) << value.error().what;
  EXPECT_NE(value.error().what.find(what), std::string::npos) << value.error().what;
  EXPECT_EQ(value.error().what.find('\n'), std::string::npos) << value.error().what;
}

TEST(TomlParse, KeepsTheOrderOfTheFileAndTheLineOfEveryKey) {
  const TomlValue value = parsed("zebra = 1\n\n# a remark\n[b]\ny = [\n  'one',\n  'two',\n]\n[a]\nx.deep = true\n");
  ASSERT_EQ(value.table().size(), 3U);
  EXPECT_EQ(value.table()[0].first, "zebra");
  EXPECT_EQ(value.table()[1].first, "b");
  EXPECT_EQ(value.table()[2].first, "a");
  EXPECT_EQ(value.get("zebra")->line, 1);
  EXPECT_EQ(value.get("b")->line, 4);
  EXPECT_EQ(value.at({"b", "y"})->line, 5);
  EXPECT_EQ(value.at({"b", "y"})->array()[1].line, 7);
  EXPECT_EQ(value.at({"a", "x", "deep"})->line, 10);
}

TEST(TomlParse, ReadsEveryKindOfValue) {
  const TomlValue value = parsed(
      "b = true\ni = 0xff\nn = 1_000\nd = 2.5\ns = \"\\u00e9\\n\"\nt = 1979-05-27T07:32:00Z\n"
      "a = [1, \"x\", [true]]\no = {k = 'v'}\n");
  EXPECT_TRUE(std::get<bool>(value.get("b")->value));
  EXPECT_EQ(std::get<std::int64_t>(value.get("n")->value), 1000);
  EXPECT_EQ(std::get<double>(value.get("d")->value), 2.5);
  EXPECT_EQ(value.get("s")->string(), "\xC3\xA9\n");
  EXPECT_EQ(std::get<TomlDate>(value.get("t")->value).text, "1979-05-27T07:32:00Z");
  EXPECT_EQ(value.get("a")->array().size(), 3U);
  EXPECT_EQ(value.at({"o", "k"})->string(), "v");
  EXPECT_EQ(value.at({"o", "none"}), nullptr);
  EXPECT_EQ(value.at({"s", "none"}), nullptr);
}

TEST(TomlParse, SaysInOneLineWhatIsWrongAndWhere) {
  expect_refused("a = 1\na = 2\n", 2, "already exists");
  expect_refused("[a]\nx = 1\n[b]\n[a]\n", 4, "already exists");
  expect_refused("a.b = 1\n[a]\nc = 2\n", 2, "already exists");
  expect_refused("ok = 1\n\nthis is prose\n", 3, "missing key-value separator");
  expect_refused("a = 1 2\n", 1, "expected newline");
  expect_refused("x = yes\n", 1, "unknown value");
  expect_refused("a = [1\n,\n2\n,\nx]\n", 5, "invalid format");
  expect_refused("a = \"abc\nb = 1\n", 1, "string is not closed");
  expect_refused("\n\na = '''abc\n\n", 3, "string is not closed");
  expect_refused("\na = [1, 2\nb = 3\n", 2, "array is not closed");
  expect_refused("a = 1 # \x01\n", 1, "control character 0x01");
  expect_refused(std::string_view("a = 1\nb = \"\0\"\n", 13), 2, "control character 0x00");
  expect_refused("a = 1\rb = 2\n", 1, "control character 0x0d");
  expect_refused("a = \"\xff\"\n", 1, "not valid utf-8");
}

// Where toml11 3.7.1 reads what is no TOML, or worse: it takes the last element of an empty array.
TEST(TomlParse, RefusesWhatToml11LetsThrough) {
  expect_refused("a = []\n[a.b]\nx = 1\n", 2, "array that has no tables");
  expect_refused("x = 1\na = []\na.b = 1\n", 3, "array that has no tables");
  expect_refused("a = [{x = 1}]\n\n[a.b]\ny = 1\n", 3, "inline table that is closed");
  expect_refused("a = 99999999999999999999\n", 1, "out of range");
  expect_refused("a = 0xfffffffffffffffff\n", 1, "out of range");
  EXPECT_EQ(std::get<std::int64_t>(parsed("a = -9223372036854775808\n").get("a")->value),
            std::numeric_limits<std::int64_t>::min());
}

TEST(TomlGuard, RefusesHostileShapesBeforeToml11SeesThem) {
  expect_refused("a = " + repeat("[", 16384), 1, "nests deeper than 64");
  expect_refused("a = " + repeat("{a = ", 65) + "1" + repeat("}", 65), 1, "nests deeper than 64");
  expect_refused("ok = 1\n[" + repeat("a.", 64) + "a]\n", 2, "nests deeper than 64");
  expect_refused(repeat("a.", 65) + "a = 1\n", 1, "nests deeper than 64");
  expect_refused("a = {" + repeat("a.", 65) + "a = 1}\n", 1, "nests deeper than 64");
  expect_refused(repeat("[", 16384), 1, "");
  std::string table;
  for (int i = 0; i < 75'000; ++i) table += "k" + std::to_string(i) + "=1\n";
  expect_refused(table, 4097, "more than 4096 keys");
  expect_refused("a = 1\nb = [\n" + repeat("1,\n", 4097) + "]\n", 2, "more than 4096 elements");
  expect_refused(repeat("[[a]]\n", 4097), 4097, "more than 4096 tables");
  expect_refused("\n" + repeat("[", 16'000), 2, "'[[[' begins no table");
  expect_refused(repeat("#", (1U << 20U) + 1), 0, "larger than 1048576 bytes");
  expect_refused("a = [" + repeat("\"" + repeat("x", 200) + "\",", 4000) + "]\n", 1, "lines this long");
}

TEST(TomlGuard, LetsThroughWhatIsJustWithinTheLimits) {
  EXPECT_TRUE(parse_toml("a = " + repeat("[", 64) + repeat("]", 64) + "\n"));
  EXPECT_TRUE(parse_toml("a = [\n" + repeat("1,\n", 4096) + "]\n"));
  EXPECT_TRUE(parse_toml("a = [" + repeat("1,", 4096) + "]\n"));
  EXPECT_TRUE(parse_toml(repeat("#", 1U << 20U)));
}

TEST(TomlGuard, IsNotFooledByStringsAndComments) {
  const std::string brackets = repeat("[", 200);
  EXPECT_TRUE(parse_toml("a = \"" + brackets + "\"\n"));
  EXPECT_TRUE(parse_toml("a = \"\\\"" + brackets + "\"\n"));
  EXPECT_TRUE(parse_toml("a = '" + brackets + "\\'\n"));
  EXPECT_TRUE(parse_toml("a = \"\"\"\n\"\" " + brackets + "\n\"\"\"\"\"\nb = 1\n"));
  EXPECT_TRUE(parse_toml("a = '''\n'' " + brackets + "\n'''\n"));
  EXPECT_TRUE(parse_toml("# " + brackets + "\na = 1 # " + brackets + "\n"));
  EXPECT_TRUE(parse_toml("a = [ # " + brackets + "\n1 ]\n"));
  EXPECT_TRUE(parse_toml("[\"" + repeat("a.", 100) + "\"]\n'" + repeat("b.", 100) + "' = 1.5\n"));
  expect_refused("a = \"\"\"x\"\"\"\nb = " + brackets, 2, "nests deeper");
}

// `tomlq -i -t` of a drop-in with two handlers, as it was recorded on a host.
TEST(TomlWrite, LaysOutTablesAsTomlqDoes) {
  constexpr std::string_view kRewritten =
      R"([plugins."io.containerd.cri.v1.runtime".containerd.runtimes]
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.kata-clh-cicd]
runtime_type = "io.containerd.kata-clh-cicd.v2"
privileged_without_host_devices = true
pod_annotations = ["io.katacontainers.*"]

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.kata-clh-cicd.options]
ConfigPath = "/opt/kata-cicd/share/defaults/kata-containers/configuration-clh.toml"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.kata-qemu-cicd]
runtime_type = "io.containerd.kata-qemu-cicd.v2"

[debug]
level = "debug"
)";
  EXPECT_EQ(write_toml(parsed(kRewritten)), kRewritten);
}

TEST(TomlWrite, DropsCommentsAndRespacesAnOperatorsFile) {
  EXPECT_EQ(write_toml(parsed("# by hand\n[b]\n  x = [ 'a',\n 'b' ] # two\n  [b.c]\n")),
            "[b]\nx = [\"a\", \"b\"]\n\n[b.c]\n");
  EXPECT_EQ(write_toml(parsed("a = {b = {c = 1}}\n")), "[a.b]\nc = 1\n");
  EXPECT_EQ(write_toml(parsed("f = 100000.0\ng = 1e300\nh = inf\n")), "f = 100000.0\ng = 1e+300\nh = inf\n");
}

TEST(TomlValueSet, MakesTablesOnTheWayAndAppendsNewKeys) {
  TomlValue value = toml_table();
  value.set({"plugins", "io.x", "runtimes", "kata"}, toml_string("a"));
  value.set({"imports"}, toml_array({"/b"}));
  value.set({"plugins", "io.x", "runtimes", "kata"}, toml_string("b"));
  EXPECT_EQ(write_toml(value), "imports = [\"/b\"]\n\n[plugins.\"io.x\".runtimes]\nkata = \"b\"\n");
}

TEST(TomlIntern, TheWrittenFileIsKnownWithoutParsing) {
  Store store;
  TomlValue value = toml_table();
  value.set({"a"}, toml_bool(true));
  const Blob* blob = intern_toml(store, value);
  EXPECT_EQ(blob->bytes, "a = true\n");
  const auto& known = parse_toml(store, blob);
  ASSERT_TRUE(known);
  EXPECT_TRUE(known->equals(value));
  EXPECT_EQ(&known, &parse_toml(store, blob));
}

std::string arbitrary_key() {
  return *rc::gen::weightedOneOf<std::string>(
      {{5, rc::gen::element<std::string>("a", "b", "kata-qemu", "imports", "io.containerd.cri.v1.runtime")},
       {1, rc::gen::container<std::string>(rc::gen::inRange<char>(0, 127))}});
}

TomlValue arbitrary_value(int depth);

TomlValue arbitrary_table(int depth) {
  TomlValue table = toml_table();
  const int size = *rc::gen::inRange(0, 5);
  for (int i = 0; i < size; ++i) {
    const std::string key = arbitrary_key();
    if (table.get(key) == nullptr) table.set({key}, arbitrary_value(depth - 1));
  }
  return table;
}

TomlValue arbitrary_value(int depth) {
  TomlArray items;
  switch (*rc::gen::inRange(0, depth > 0 ? 8 : 5)) {
    case 0: return toml_bool(*rc::gen::arbitrary<bool>());
    case 1: return {*rc::gen::arbitrary<std::int64_t>(), 0};
    case 2: return {*rc::gen::element(0.0, -0.5, 1.0, 1e16, 3.14159, 1e-5, 123456789.0, 5e-324, INFINITY), 0};
    case 3: return toml_string(*rc::gen::container<std::string>(rc::gen::inRange<char>(0, 127)));
    case 4: return {TomlDate{"1979-05-27T07:32:00Z"}, 0};
    case 5:
      for (int i = *rc::gen::inRange(0, 4); i > 0; --i) items.push_back(arbitrary_value(depth - 1));
      return {std::move(items), 0};
    case 6:
      for (int i = *rc::gen::inRange(0, 3); i > 0; --i) items.push_back(arbitrary_table(depth - 1));
      return {std::move(items), 0};
    default: return arbitrary_table(depth);
  }
}

RC_GTEST_PROP(TomlLaws, WrittenAndReadAgainIsTheSameValue, ()) {
  const TomlValue value = arbitrary_table(3);
  const std::string text = write_toml(value);
  const auto again = parse_toml(text);
  RC_ASSERT(again.has_value());
  RC_ASSERT(again->equals(value));
  RC_ASSERT(hash_of(*again) == hash_of(value));
  RC_ASSERT(write_toml(*again) == text);
}

RC_GTEST_PROP(TomlLaws, TheOrderOfKeysDoesNotCountButTheirValuesDo, ()) {
  const TomlValue value = arbitrary_table(2);
  TomlValue reversed = value;
  std::reverse(reversed.table().begin(), reversed.table().end());
  RC_ASSERT(reversed.equals(value));
  RC_ASSERT(hash_of(reversed) == hash_of(value));
  reversed.set({"one more"}, toml_bool(true));
  RC_ASSERT(!reversed.equals(value));
  RC_ASSERT(!(hash_of(reversed) == hash_of(value)));
}

// Bytes that look like TOML, to reach deep into the parser.
RC_GTEST_PROP(TomlLaws, AnyTextIsReadOrRefusedInOneLine, ()) {
  const auto pieces = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
      "a", "b.c", " = ", "[", "]", "[[", "]]", "{", "}", ",", "\n", "\r\n", "\"", "'", "\"\"\"", "'''", "#", "1", "-",
      "1.5e3", "2024-01-01", "0x", "\\", "\\u12", "true", ".", " ", "\t", "\xC3\xA9", "\xFF", "[a]\n", "[a.b]\n",
      "a = []\n", "a = 1\n", "[[a]]\n", "a = {b = 1}\n"));
  std::string text;
  for (const std::string& piece : pieces) text += piece;
  const auto value = parse_toml(text);
  if (value) {
    RC_ASSERT(parse_toml(write_toml(*value)).has_value());
  } else {
    RC_ASSERT(!value.error().what.empty());
    RC_ASSERT(value.error().what.find('\n') == std::string::npos);
    RC_ASSERT(value.error().line >= 1);
    RC_ASSERT(value.error().line <= 1 + std::count(text.begin(), text.end(), '\n'));
  }
}

// Everything of a value, in its order, with its lines.
void describe(const TomlValue& value, std::string& text) {
  text += "@" + std::to_string(value.line);
  if (value.is_table()) {
    text += "{";
    for (const auto& [key, item] : value.table()) {
      text += key + "=";
      describe(item, text);
    }
    text += "}";
  } else if (value.is_array()) {
    text += "[";
    for (const TomlValue& item : value.array()) describe(item, text);
    text += "]";
  } else {
    TomlValue one = toml_table();
    one.set({"x"}, value);
    text += write_toml(one);
  }
}

std::string described(const std::expected<TomlValue, TomlError>& value) {
  if (!value) return "line " + std::to_string(value.error().line) + ": " + value.error().what;
  std::string text;
  describe(*value, text);
  return text;
}

// Whether it was plain. None where the guard refuses the text, so that nobody reads it.
std::optional<bool> read_plainly_as_toml11_reads(std::string_view text) {
  if (refuse_toml(text, {})) return std::nullopt;
  const auto plain = read_plain_toml(text);
  if (plain) {
    EXPECT_EQ(described(*plain), described(read_whole_toml(text))) << text;
  }
  return plain.has_value();
}

TEST(TomlPlain, IsMostOfAConfigurationFile) {
  EXPECT_EQ(read_plainly_as_toml11_reads(
                "# by hand\nversion = 2 # two\n[plugins.\"io.x\".'y'.kata-qemu]\n  path=\"/opt/\xC3\xA9\"\n\n"
                "\tannotations = [ \"enable_iommu\", 'x' ]#all\nnone = []\non = true\ncpus = -1\n\n"
                "[plugins.other]\nz = 0"),
            true);
  EXPECT_EQ(read_plainly_as_toml11_reads(""), true);
}

TEST(TomlPlain, LeavesAllElseToToml11) {
  for (const char* text : {"a.b = 1",
                           "\"a\" = 1",
                           "a = 1\na = 2",
                           "[a]\n[a]",
                           "[a.b]\n[a]",
                           "a = 1\n[a]",
                           "a = 1\n[a.b]",
                           "[[a]]",
                           "[a]\nb = 1\n[a.b]",
                           "a = \"\\n\"",
                           "a = '''x'''",
                           "a = {b = 1}",
                           "a = 1.5",
                           "a = 0x1f",
                           "a = 01",
                           "a = +1",
                           "a = -0",
                           "a = 1_000",
                           "a = 1979-05-27",
                           "a = [1]",
                           "a = ['x',]",
                           "a = [\n'x']",
                           "a =",
                           "a",
                           "a = 1 2",
                           "[ a ]",
                           "[a] x",
                           "[]",
                           "[a.]",
                           "a = true1",
                           "a = 1\r\n",
                           "a = 9223372036854775808"}) {
    EXPECT_NE(read_plainly_as_toml11_reads(text), true) << text;
  }
}

// A value, and every text in it: payloads hold whole configurations.
void read_every_text(const TomlValue& value, int& plain) {
  if (value.is_string()) plain += read_plainly_as_toml11_reads(value.string()).value_or(false) ? 1 : 0;
  if (value.is_array()) {
    for (const TomlValue& item : value.array()) read_every_text(item, plain);
  }
  if (value.is_table()) {
    for (const auto& [key, item] : value.table()) read_every_text(item, plain);
  }
}

TEST(TomlPlain, IsReadAlikeInEveryFixture) {
  int plain = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(BARNACLE_SOURCE_DIR "/fixtures")) {
    if (!entry.is_regular_file()) continue;
    std::ostringstream bytes;
    bytes << std::ifstream(entry.path()).rdbuf();
    const std::string text = bytes.str();
    plain += read_plainly_as_toml11_reads(text).value_or(false) ? 1 : 0;
    if (entry.path().extension() != ".toml") continue;
    const auto value = parse_toml(text);
    ASSERT_TRUE(value) << entry.path();
    read_every_text(*value, plain);
  }
  EXPECT_GT(plain, 10);
}

// Lines that are plain, nearly plain, and not.
RC_GTEST_PROP(TomlLaws, APlainTextIsWhatToml11MakesOfIt, ()) {
  const auto keys = rc::gen::element<std::string>("a", "b", "a-b", "1", "true", "a", "b", "a.b", "\"a\"", "'b'");
  const auto values = rc::gen::weightedOneOf<std::string>(
      {{3, rc::gen::element<std::string>("true", "false", "0", "1", "-1", "\"x\"", "'x'", "\"\"", "''", "\"'\"", "'\"'",
                                         "\"a#b\"", "\"\xC3\xA9\"", "[]", "[ ]", "['x']", "[ \"x\" , 'y' ]",
                                         "9223372036854775807", "-9223372036854775808")},
       {1, rc::gen::element<std::string>("true1", "-0", "+1", "01", "1_0", "0x1", "1.5", "1e3", "9223372036854775808",
                                         "1979-05-27", "\"\t\"", "\"\\u00e9\"", "'\\'", "\"\"\"x\"\"\"", "'''\nx'''",
                                         "\"\"\"\"", "['x',]", "['x' 'y']", "['x', 1]", "[[]]", "[\n'x']",
                                         "['x' # y\n]", "{}", "{a = 1}", "", "x")}});
  const auto spaces = rc::gen::element<std::string>("", "", "", " ", " ", "\t");
  const auto endings =
      rc::gen::weightedOneOf<std::string>({{30, rc::gen::element<std::string>("\n", "\n\n", "# [x]\n", "#\xC3\xA9\n")},
                                           {1, rc::gen::element<std::string>("\r\n", "", "x\n", "\xFF\n", "#\x01\n")}});
  std::string text;
  for (int i = *rc::gen::inRange(0, 8); i > 0; --i) {
    const std::string key = *keys;
    switch (*rc::gen::inRange(0, 9)) {
      case 0: text += "[" + key + "]"; break;
      case 1: text += "[" + key + "." + *keys + "]"; break;
      case 2: text += *spaces + "[" + key + ".\"" + *rc::gen::element<std::string>("a", "x.y", "") + "\"]"; break;
      case 3: text += *rc::gen::element<std::string>("# x", "", "[[a]]", "[[a.b]]", "[ a ]", "[]", "[a.]", "a"); break;
      default: text += *spaces + key + *spaces + "=" + *spaces + *values;
    }
    text += *spaces + *endings;
  }
  if (refuse_toml(text, {})) return;
  const auto plain = read_plain_toml(text);
  RC_CLASSIFY(plain.has_value());
  if (plain) RC_ASSERT(described(*plain) == described(read_whole_toml(text)));
}

}  // namespace
}  // namespace barnacle
