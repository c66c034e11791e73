#include "sim/deploy/runtime_text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/host/toml.h"

namespace barnacle {
namespace {

constexpr std::string_view kPath = "/opt/kata/containerd/config.d/kata-deploy.toml";
constexpr std::string_view kOther = "/opt/kata-cicd/containerd/config.d/kata-deploy.toml";

std::string with(std::string_view text, std::string_view path = kPath) {
  const auto added = add_import(text, path);
  return added ? *added : "refused";
}

TEST(AddImport, GoesToTheEndOfTheOperatorsList) {
  EXPECT_EQ(with("imports = [\"/etc/a.toml\"]  # mine\n", "/b"), "imports = [\"/etc/a.toml\", \"/b\"]  # mine\n");
  EXPECT_EQ(with("imports = []\n", "/b"), "imports = [\"/b\"]\n");
  EXPECT_EQ(with("imports = [\n  \"/a\",  # one\n  \"/b\",  # two\n]\n", "/c"),
            "imports = [\n  \"/a\",  # one\n  \"/b\", \"/c\",  # two\n]\n");
}

TEST(AddImport, AFileWithoutImportsGetsAMarkedLineAtTheTop) {
  const std::string text = "version = 3\n[plugins]\nimports = [\"not ours\"]\n";
  EXPECT_EQ(with(text, "/b"), "imports = [\"/b\"]  # kata-deploy\n" + text);
  EXPECT_EQ(with("", "/b"), "imports = [\"/b\"]  # kata-deploy\n");
  EXPECT_EQ(remove_import(with("", "/b"), "/b"), "");
}

TEST(AddImport, RefusesImportsThatAreNoList) {
  EXPECT_FALSE(add_import("imports = \"/a\"\n", "/b"));
  EXPECT_FALSE(add_import("imports = [\"/a\"\n", "/b"));
}

TEST(AddImport, DoesNothingWhereThePathIsListed) {
  const std::string text = "imports = [\"/b\", \"/a\"]\n";
  EXPECT_EQ(with(text, "/b"), text);
}

// A path in a comment, or in another key's value, is not listed.
TEST(AddImport, IsNotFooledByCommentsAndOtherKeys) {
  EXPECT_EQ(with("imports = [ # \"/b\"\n]\n", "/b"), "imports = [\"/b\" # \"/b\"\n]\n");
  EXPECT_EQ(with("required_plugins = [\"/b\"]\n", "/b"),
            "imports = [\"/b\"]  # kata-deploy\nrequired_plugins = [\"/b\"]\n");
  EXPECT_EQ(with("# imports = [\"/b\"]\n", "/b"), "imports = [\"/b\"]  # kata-deploy\n# imports = [\"/b\"]\n");
  EXPECT_EQ(with("imports_of_mine = [\"/b\"]\n", "/b"),
            "imports = [\"/b\"]  # kata-deploy\nimports_of_mine = [\"/b\"]\n");
}

// containerd refuses a file that says `imports` twice.
TEST(AddImport, FindsImportsBehindNestedListsAndLongStringsAndInQuotes) {
  EXPECT_EQ(with("x = [\n[1],\n]\nimports = []\n", "/b"), "x = [\n[1],\n]\nimports = [\"/b\"]\n");
  EXPECT_EQ(with("x = \"\"\"\nimports = [1]\n\"\"\"\nimports = []\n", "/b"),
            "x = \"\"\"\nimports = [1]\n\"\"\"\nimports = [\"/b\"]\n");
  EXPECT_EQ(with("\"imports\" = []\n", "/b"), "\"imports\" = [\"/b\"]\n");
}

TEST(RemoveImport, LeavesWhatIsNotOurs) {
  EXPECT_EQ(remove_import("imports = [\"/a\"]\n", "/b"), "imports = [\"/a\"]\n");
  EXPECT_EQ(remove_import("imports = [\"/b\"]\n", "/b"), "imports = []\n");  // the operator's own line stays
  EXPECT_EQ(remove_import("# \"/b\"\n", "/b"), "# \"/b\"\n");
  EXPECT_EQ(remove_import("imports = [ # \"/b\"\n\"/a\"]\n", "/b"), "imports = [ # \"/b\"\n\"/a\"]\n");
}

TEST(Blocks, StandBetweenMarkersAtTheEnd) {
  EXPECT_EQ(put_block("a = 1\n", "kata", "[b]\n"), "a = 1\n# BEGIN kata\n[b]\n# END kata\n");
  EXPECT_EQ(put_block("", "kata", "[b]\n"), "# BEGIN kata\n[b]\n# END kata\n");
  EXPECT_EQ(remove_block("a = 1\n", "kata"), "a = 1\n");
}

TEST(Blocks, AnUnclosedBlockStays) {
  const std::string text = "# BEGIN kata\n[b]\n";
  EXPECT_EQ(remove_block(text, "kata"), text);
}

// The first release leaves while the second one's block follows: the operator's last line must not run into it.
TEST(Blocks, TheFirstOneMayGoFirstFromATextWithoutALastNewline) {
  const std::string both = put_block(put_block("a = 1", "one", "[b]\n"), "two", "[c]\n");
  const std::string left = remove_block(both, "one");
  EXPECT_TRUE(parse_toml(left)) << left;
  EXPECT_EQ(remove_block(left, "two"), "a = 1");
}

TEST(MadeFiles, GoWhenNothingElseIsInThem) {
  const std::string made = made_file(3);
  EXPECT_EQ(parse_toml(made).value().get("version")->line, 2);
  EXPECT_EQ(unmake_file(made), std::nullopt);
  EXPECT_EQ(unmake_file("version = 3\n"), "version = 3\n");
  EXPECT_EQ(unmake_file(""), "");
  EXPECT_EQ(unmake_file(remove_import(with(made), kPath)), std::nullopt);
}

// What an operator wrote into the file that was made for a release stays.
TEST(MadeFiles, KeepWhatAnOperatorAdded) {
  const auto left = unmake_file(made_file(3) + "[debug]\nlevel = \"debug\"\n");
  ASSERT_TRUE(left);
  EXPECT_NE(left->find("[debug]\nlevel = \"debug\"\n"), std::string::npos);
}

std::string blanks() { return *rc::gen::element<std::string>("", " ", "  ", "\t"); }
std::string comment() { return *rc::gen::element<std::string>("", "", "  # it's \"mine\", [really]", "#"); }

// One line of a file's top level.
std::string arbitrary_line() {
  return *rc::gen::element<std::string>("version = 3", "# imports = [\"/x\"]", "",
                                        "  root = '/var/lib/containerd'  # \"]\"", "disabled_plugins = [\"imports\"]",
                                        "oom_score = -999", "# kata-deploy", "list = [\n  [1], # one\n  [2]\n]",
                                        "text = '''\nimports = [\n'''");
}

// An `imports` list as somebody may have written it.
std::string arbitrary_imports() {
  std::string text = blanks() + "imports" + blanks() + "=" + blanks() + "[";
  const int items = *rc::gen::inRange(0, 4);
  for (int i = 0; i < items; ++i) {
    const bool new_line = *rc::gen::arbitrary<bool>();
    if (new_line) text += comment() + "\n" + blanks();
    text += blanks() + *rc::gen::element<std::string>("\"/etc/containerd/conf.d/*.toml\"", "'/etc/a, b.toml'",
                                                      "\"/a]\"", "\"/a#b\"", "\"\\\"\"");
    const bool last = i + 1 == items;
    if (!last || *rc::gen::arbitrary<bool>()) text += blanks() + ",";
  }
  if (*rc::gen::arbitrary<bool>()) text += comment() + "\n";
  return text + blanks() + "]" + comment();
}

std::string arbitrary_file() {
  std::string text;
  const int imports_at = *rc::gen::inRange(-2, 4);  // below zero: none
  for (int i = 0; i < 4; ++i)
    text +=
        (i == imports_at ? arbitrary_imports() : arbitrary_line()) + *rc::gen::element<std::string>("\n", "\n", "\r\n");
  if (*rc::gen::arbitrary<bool>()) text += "[plugins.\"io.containerd.cri.v1.runtime\"]\n  imports = [\"no\"]\n";
  if (*rc::gen::arbitrary<bool>()) text.pop_back();
  return text;
}

// The strings of `imports`, or what is wrong with the file.
std::vector<std::string> imports_of(std::string_view text) {
  const auto parsed = parse_toml(text);
  if (!parsed) return {parsed.error().what};
  std::vector<std::string> imports;
  const TomlValue* list = parsed->get("imports");
  if (list == nullptr) return imports;
  for (const TomlValue& item : list->array()) imports.push_back(item.string());
  return imports;
}

RC_GTEST_PROP(ImportLaws, RemovingWhatWasAddedGivesTheFileByteForByte, ()) {
  const std::string text = arbitrary_file();
  const auto added = add_import(text, kPath);
  RC_ASSERT(added.has_value());
  RC_ASSERT(remove_import(*added, kPath) == text);
  RC_ASSERT(with(*added) == *added);
}

RC_GTEST_PROP(ImportLaws, TheRuntimeSeesThePathBehindAllOthers, ()) {
  const std::string text = arbitrary_file();
  RC_PRE(parse_toml(text).has_value());
  std::vector<std::string> expected = imports_of(text);
  expected.emplace_back(kPath);
  RC_ASSERT(imports_of(with(text)) == expected);
}

RC_GTEST_PROP(ImportLaws, TwoReleasesMayLeaveInAnyOrder, ()) {
  const std::string text = arbitrary_file();
  const std::string both = with(with(text), kOther);
  RC_ASSERT(remove_import(remove_import(both, kPath), kOther) == text);
  RC_ASSERT(remove_import(remove_import(both, kOther), kPath) == text);
  RC_ASSERT(remove_import(both, kOther) == with(text));
}

RC_GTEST_PROP(BlockLaws, RemovingWhatWasPutGivesTheFileByteForByte, ()) {
  const std::string text = arbitrary_file();
  const std::string put = put_block(text, "kata", "[a]\nb = 1\n");
  RC_ASSERT(remove_block(put, "kata") == text);
  RC_ASSERT(put_block(put, "kata", "[a]\nb = 1\n") == put);
  RC_ASSERT(remove_block(put_block(put, "kata", "[a]\nb = 2\n"), "kata") == text);
}

RC_GTEST_PROP(BlockLaws, TwoReleasesMayLeaveInAnyOrder, ()) {
  const std::string text = arbitrary_file();
  const std::string both = put_block(put_block(text, "kata", "[a]\nb = 1\n"), "kata-cicd", "[c]\nd = 1\n");
  RC_ASSERT(remove_block(remove_block(both, "kata"), "kata-cicd") == text);
  RC_ASSERT(remove_block(remove_block(both, "kata-cicd"), "kata") == text);
  RC_ASSERT(!remove_block(both, "kata").contains("[a]"));
  RC_ASSERT(remove_block(both, "kata").contains("[c]"));
}

}  // namespace
}  // namespace barnacle
