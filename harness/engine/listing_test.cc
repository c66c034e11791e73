#include "harness/engine/listing.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/base/sha256.h"

namespace barnacle {
namespace {

std::string file_entry(const std::string& path, const std::string& text) {
  return path + "\tf\t0644\t" + std::to_string(text.size()) + "\t" + sha256_hex(text) + "\n";
}

TEST(Listing, ReadsEntriesOfEveryKind) {
  const auto listing = parse_listing("/opt/kata\td\t0755\t-\t-\n" + file_entry("/opt/kata/VERSION", "3.16.0\n") +
                                     "/opt/kata/link\tl\t-\t-\t-> configuration-qemu.toml\n");
  ASSERT_TRUE(listing) << listing.error();
  ASSERT_EQ(listing->entries.size(), 3U);
  EXPECT_EQ(listing->entries.at("/opt/kata").kind, FileKind::directory);
  EXPECT_EQ(listing->entries.at("/opt/kata").mode, 0755);
  EXPECT_EQ(listing->entries.at("/opt/kata/VERSION").size, 7U);
  EXPECT_EQ(listing->entries.at("/opt/kata/VERSION").sha256, sha256_hex("3.16.0\n"));
  EXPECT_EQ(listing->entries.at("/opt/kata/link").kind, FileKind::symlink);
  EXPECT_EQ(listing->entries.at("/opt/kata/link").target, "configuration-qemu.toml");
}

TEST(Listing, AFileThatQuotesASectionMarkIsNotCutThere) {
  const std::string text = "a\n\n===== /etc/other\nb\n";
  const auto listing = parse_listing(file_entry("/etc/notes", text) + file_entry("/etc/other", "c") +
                                     "\n===== /etc/notes\n" + text + "\n===== /etc/other\nc");
  ASSERT_TRUE(listing) << listing.error();
  EXPECT_EQ(listing->sections.at("/etc/notes"), text);
  EXPECT_EQ(listing->sections.at("/etc/other"), "c");
}

TEST(Listing, NamesTheLineThatIsWrong) {
  const auto error_of = [](std::string_view text) {
    const auto listing = parse_listing(text);
    return listing ? std::string() : listing.error();
  };
  const std::string first = "/etc\td\t0755\t-\t-\n";
  EXPECT_EQ(error_of(first + "etc d\n"), "line 2: is no entry of a listing");
  EXPECT_EQ(error_of(first + first), "line 2: /etc is listed twice");
  EXPECT_EQ(error_of("/etc\tx\t0755\t-\t-\n"), "line 1: unknown kind 'x'");
  EXPECT_EQ(error_of("/etc\td\t0799\t-\t-\n"), "line 1: '0799' is no mode");
  EXPECT_EQ(error_of("/etc/a\tf\t0644\t1\tabc\n"), "line 1: 'abc' is no SHA-256");
  EXPECT_EQ(error_of("/etc/a\tl\t-\t-\tb\n"), "line 1: a link without a target");
  EXPECT_EQ(error_of("===== /etc/a\nb\n"), "line 1: the text of /etc/a, which is not listed");
  EXPECT_EQ(error_of(file_entry("/etc/a", "four") + "===== /etc/a\nthr"), "line 2: the text of /etc/a is cut off");
  EXPECT_EQ(error_of(file_entry("/etc/a", "four") + "===== /etc/a\nfour and more"),
            "line 3: the text of /etc/a is longer than its entry says");
}

constexpr std::string_view kImage = "one\ntwo\nthree\nfour\n";

TEST(Diff, ChangesRemovesAndAddsLines) {
  EXPECT_EQ(apply_diff(kImage, "--- image\n+++ host\n@@ -2 +2 @@\n-two\n+TWO\n"), "one\nTWO\nthree\nfour\n");
  EXPECT_EQ(apply_diff(kImage, "--- image\n+++ host\n@@ -2,2 +1,0 @@\n-two\n-three\n@@ -4,0 +3,2 @@\n+five\n+six\n"),
            "one\nfour\nfive\nsix\n");
  EXPECT_EQ(apply_diff(kImage, "@@ -0,0 +1 @@\n+zero\n"), "zero\none\ntwo\nthree\nfour\n");
  EXPECT_EQ(apply_diff(kImage, "@@ -4 +4 @@\n-four\n+four\n\\ No newline at end of file\n"), "one\ntwo\nthree\nfour");
}

TEST(Diff, IsRefusedWhereTheImageSaysOtherwise) {
  EXPECT_FALSE(apply_diff(kImage, "@@ -2 +2 @@\n-too\n+TWO\n"));
  EXPECT_FALSE(apply_diff(kImage, "@@ -9 +9 @@\n-nine\n+NINE\n"));
  EXPECT_FALSE(apply_diff(kImage, "@@ -3 +3 @@\n-three\n+3\n@@ -1 +1 @@\n-one\n+1\n"));
  EXPECT_FALSE(apply_diff(kImage, "@@ -2 +2 @@\n-two\n"));
  EXPECT_FALSE(apply_diff(kImage, "hunk\n"));
}

TEST(RecordedText, IsBelievedOnlyWithItsChecksum) {
  const std::string entries = file_entry("/etc/a", "one\nTWO\nthree\nfour\n") + file_entry("/etc/b", "text");
  const auto listing =
      parse_listing(entries + "\n===== /etc/a (diff to the image)\n--- image\n+++ host\n@@ -2 +2 @@\n-two\n+TWO\n" +
                    "\n===== /etc/b\nTEXT\n");
  ASSERT_TRUE(listing) << listing.error();
  EXPECT_EQ(recorded_text(*listing, "/etc/a", std::string(kImage)), "one\nTWO\nthree\nfour\n");
  EXPECT_FALSE(recorded_text(*listing, "/etc/a", std::nullopt));
  EXPECT_FALSE(recorded_text(*listing, "/etc/a", "one\ntwo\n"));
  EXPECT_FALSE(recorded_text(*listing, "/etc/b", std::nullopt));
  EXPECT_FALSE(recorded_text(*listing, "/etc/c", std::nullopt));
}

RC_GTEST_PROP(Diff, ReplacingEveryLineGivesTheOtherText, ()) {
  const auto lines =
      *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(std::vector<std::string>{"a\n", "b\n", "\n"}));
  const auto others =
      *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(std::vector<std::string>{"a\n", "c\n", "\n"}));
  std::string image;
  std::string host;
  std::string diff = "@@ -" + std::to_string(lines.empty() ? 0 : 1) + "," + std::to_string(lines.size()) + " +" +
                     std::to_string(others.empty() ? 0 : 1) + "," + std::to_string(others.size()) + " @@\n";
  for (const std::string& line : lines) {
    image += line;
    diff += "-" + line;
  }
  for (const std::string& line : others) {
    host += line;
    diff += "+" + line;
  }
  const auto patched = apply_diff(image, diff);
  RC_ASSERT(patched.has_value());
  RC_ASSERT(*patched == host);
}

}  // namespace
}  // namespace barnacle
