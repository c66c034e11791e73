#include "sim/deploy/text_edit.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace barnacle {
namespace {

std::string edited(std::string_view text, const TextEdit& edit) {
  Store store;
  return apply_edit(store, store.intern(text), edit)->bytes;
}

TEST(TextEdits, SubstituteEveryOccurrenceOrTheFirstOfEachLine) {
  EXPECT_EQ(edited("a/opt a/opt\n/opt", substitute_all("/opt", "/srv")), "a/srv a/srv\n/srv");
  EXPECT_EQ(edited("a/opt a/opt\n/opt", substitute_first_per_line("/opt", "/srv")), "a/srv a/opt\n/srv");
  EXPECT_EQ(edited("x.y xzy", substitute_all("x.y", "")), " xzy");  // a dot is a dot
}

// kata-containers#11187: what was substituted once is there to be substituted again.
TEST(TextEdits, SubstitutingAgainPutsTheSuffixTwice) {
  const TextEdit edit = substitute_all("/opt/kata", "/opt/kata-cicd");
  const std::string once = edited("path = \"/opt/kata/bin/qemu\"\n", edit);
  EXPECT_EQ(once, "path = \"/opt/kata-cicd/bin/qemu\"\n");
  EXPECT_EQ(edited(once, edit), "path = \"/opt/kata-cicd-cicd/bin/qemu\"\n");
}

TEST(TextEdits, RelocationMovesPathsAndNotNamesThatBeginAlike) {
  const TextEdit edit = relocate_paths("/opt/kata", "/opt/kata-cicd");
  EXPECT_EQ(edited("/opt/kata/bin:/opt/kata\n", edit), "/opt/kata-cicd/bin:/opt/kata-cicd\n");
  EXPECT_EQ(edited("\"/opt/kata-cicd/bin\" /opt/katana /srv/opt/kata //opt/kata/x", edit),
            "\"/opt/kata-cicd/bin\" /opt/katana /srv/opt/kata //opt/kata/x");
  EXPECT_EQ(edited("['/opt/kata','/opt/kata/*']", edit), "['/opt/kata-cicd','/opt/kata-cicd/*']");
}

TEST(TextEdits, AppendToStringReachesOnlyLinesOfTheKey) {
  const TextEdit edit = append_to_string("kernel_params", " agent.log=debug");
  EXPECT_EQ(
      edited("kernel_params = \"quiet\"\n# kernel_params = \"\"\n  kernel_params = \"\"\nkernel_params_x = \"\"\n",
             edit),
      "kernel_params = \"quiet agent.log=debug\"\n# kernel_params = \"\"\n  kernel_params = \"\"\nkernel_params_x = "
      "\"\"\n");
  EXPECT_EQ(edited("kernel_params = 3\n", edit), "kernel_params = 3\n");
}

TEST(TextEdits, AppendUnlessItIsThere) {
  const TextEdit edit = append_to_string("kernel_params", " agent.https_proxy=a", "agent.https_proxy");
  const std::string once = edited("kernel_params = \"\"", edit);
  EXPECT_EQ(once, "kernel_params = \" agent.https_proxy=a\"");
  EXPECT_EQ(edited(once, edit), once);
}

TEST(TextEdits, ListsAreAppendedToAndSet) {
  EXPECT_EQ(edited("enable_annotations = [\"a\"] # x\n", append_to_list("enable_annotations", "\"b\"")),
            "enable_annotations = [\"a\", \"b\"] # x\n");
  EXPECT_EQ(edited("enable_annotations = []\n", append_to_list("enable_annotations", "\"b\"")),
            "enable_annotations = [, \"b\"]\n");
  EXPECT_EQ(edited("imports = [\"a\"]\n", set_list("imports", "")), "imports = []\n");
  EXPECT_EQ(edited("imports = [\n", set_list("imports", "")), "imports = [\n");
  EXPECT_EQ(edited("#imports = [\"a\"]\n", set_list("imports", "\"b\"")), "#imports = [\"a\"]\n");
}

TEST(TextEdits, LinesAreSetCommentedOutOrNot) {
  const std::string text = "#enable_debug = true\nenable_debug = false\n# enable_debug = true\n";
  EXPECT_EQ(edited(text, set_line("enable_debug", "true", Commented::only)),
            "enable_debug = true\nenable_debug = false\n# enable_debug = true\n");
  EXPECT_EQ(edited(text, set_line("enable_debug", "true", Commented::never)),
            "#enable_debug = true\nenable_debug = true\n# enable_debug = true\n");
  EXPECT_EQ(edited(text, set_line("enable_debug", "1", Commented::also)),
            "enable_debug = 1\nenable_debug = 1\n# enable_debug = true\n");
}

TEST(TextEdits, ValuesAreSetByPathAndTheFileIsLaidOutAnew) {
  EXPECT_EQ(edited("# by hand\n[hypervisor.qemu]\npath  =  '/usr/bin/qemu'\n",
                   set_value({"hypervisor", "qemu", "path"}, toml_string("/opt/kata/bin/qemu"))),
            "[hypervisor.qemu]\npath = \"/opt/kata/bin/qemu\"\n");
  EXPECT_EQ(edited("this is no toml", set_value({"a"}, toml_bool(true))), "this is no toml");
}

TEST(TextEdits, AnEditIsRememberedAndEditsThatDifferAreNotMixedUp) {
  Store store;
  const Blob* before = store.intern("key = \"a\"\n");
  const Blob* after = apply_edit(store, before, append_to_string("key", "b"));
  TextEdit same = append_to_string("key", "b");
  same.apply = [](Store&, const Blob*) -> const Blob* { throw std::logic_error("asked again"); };
  EXPECT_EQ(apply_edit(store, before, same), after);
  EXPECT_NE(apply_edit(store, before, append_to_string("key", "c")), after);
  EXPECT_NE(apply_edit(store, before, append_to_string("key", "b", "a")), after);
  EXPECT_NE(substitute_all("ab", "c").id, substitute_all("a", "bc").id);
  EXPECT_NE(set_line("a", "b", Commented::only).id, set_line("a", "b", Commented::also).id);
}

TEST(TextEdits, HasLineAsksEveryLine) {
  const auto is_b = [](std::string_view line) { return line == "b"; };
  EXPECT_TRUE(has_line("a\nb", is_b));
  EXPECT_TRUE(has_line("b\na\n", is_b));
  EXPECT_FALSE(has_line("ab\n b\n", is_b));
  EXPECT_FALSE(has_line("", is_b));
}

std::string arbitrary_text() {
  const auto pieces = *rc::gen::container<std::vector<std::string>>(
      rc::gen::element<std::string>("/opt/kata", "/opt/kata-a", "/bin", "key = \"", "key = [", "\"", "]", "#", "key",
                                    " = ", "\n", "a", "-", "=", " "));
  std::string text;
  for (const std::string& piece : pieces) text += piece;
  return text;
}

// None of them adds or loses a line, nor the newline at the end.
RC_GTEST_PROP(TextEditLaws, EditsOfLinesKeepTheLines, ()) {
  const std::string text = arbitrary_text();
  const TextEdit edits[] = {substitute_all("/opt/kata", "/x"),
                            substitute_first_per_line("/opt/kata", "/x"),
                            append_to_string("key", "+"),
                            append_to_list("key", "\"+\""),
                            set_list("key", "1"),
                            set_line("key", "1", Commented::also),
                            relocate_paths("/opt/kata", "/opt/kata-a")};
  for (const TextEdit& edit : edits) {
    const std::string after = edited(text, edit);
    RC_ASSERT(std::ranges::count(after, '\n') == std::ranges::count(text, '\n'));
    RC_ASSERT(after.ends_with('\n') == text.ends_with('\n'));
    RC_ASSERT(after.empty() == text.empty());
  }
}

RC_GTEST_PROP(TextEditLaws, RelocatingAndSettingTwiceIsAsGoodAsOnce, ()) {
  const std::string text = arbitrary_text();
  for (const TextEdit& edit :
       {relocate_paths("/opt/kata", "/opt/kata-a"), set_list("key", "1"), set_line("key", "1", Commented::also)}) {
    const std::string once = edited(text, edit);
    RC_ASSERT(edited(once, edit) == once);
  }
}

}  // namespace
}  // namespace barnacle
