#include "sim/host/tree.h"

#include <gtest/gtest.h>

#include <random>

#include "sim/host/tree_path.h"
#include "sim/host/tree_test_support.h"

namespace barnacle {
namespace {

constexpr Time kWritten = 1'750'000'000;

class Tree : public testing::Test {
 protected:
  Store store;
  FileTree tree{store, kWritten};

  void folder(std::string_view path) { ASSERT_TRUE(tree.make_directories(path, kWritten)); }
  void file(std::string_view path, std::string_view bytes, std::uint16_t mode = 0644) {
    ASSERT_TRUE(tree.make_directories(parent_path(path), kWritten));
    ASSERT_TRUE(tree.write(path, bytes, kWritten, mode));
  }
  void link(std::string_view path, std::string_view target) {
    ASSERT_TRUE(tree.make_directories(parent_path(path), kWritten));
    ASSERT_TRUE(tree.make_symlink(path, target, kWritten));
  }
  std::string text(std::string_view path) const {
    const auto blob = tree.read(path);
    return blob ? (*blob)->bytes : std::string(name(blob.error()));
  }
  Attributes attributes(std::string_view path) const { return tree.find(path, Follow::no).value()->attributes; }

  // The write fails so, and the tree is what it was.
  void expect_refused(Errno error, const std::function<FsResult<void>(FileTree&)>& write) {
    const FileTree before = tree;
    const FsResult<void> done = write(tree);
    ASSERT_FALSE(done);
    EXPECT_EQ(name(done.error()), name(error));
    EXPECT_TRUE(tree == before);
  }
};

TEST_F(Tree, BeginsAsAnEmptyFolder) {
  EXPECT_TRUE(tree.is_directory("/"));
  EXPECT_EQ(tree.list("/").value(), std::vector<std::string>{});
  EXPECT_EQ(tree.root()->attributes.mode, 0755);
  EXPECT_EQ(tree.root()->total_bytes, 0U);
}

TEST_F(Tree, AFullDiskLeavesEverythingAsItWas) {
  file("/opt/kata/vmlinux", "1234567890");
  tree.set_capacity(12);
  expect_refused(Errno::enospc, [](FileTree& t) { return t.write("/opt/kata/initrd", "abc", kWritten); });
  expect_refused(Errno::enospc, [](FileTree& t) { return t.write("/opt/kata/vmlinux", "1234567890abc", kWritten); });
  expect_refused(Errno::enospc, [&](FileTree& t) { return t.put("/opt/kata/initrd", store.intern("abc"), {}); });
  expect_refused(Errno::enospc,
                 [](FileTree& t) { return t.graft("/opt/kata-2", t.find("/opt/kata").value(), kWritten); });
  EXPECT_TRUE(tree.write("/opt/kata/initrd", "ab", kWritten));
}

// A disk that was filled beyond what it is now said to hold still takes what makes it emptier.
TEST_F(Tree, AnOverfullDiskTakesSmallerFilesAndRemovals) {
  file("/data", "1234567890");
  tree.set_capacity(4);
  EXPECT_TRUE(tree.write("/data", "123456789", kWritten));
  expect_refused(Errno::enospc, [](FileTree& t) { return t.write("/data", "1234567890", kWritten); });
  EXPECT_TRUE(tree.make_directory("/empty", kWritten));
  EXPECT_TRUE(tree.unlink("/data", kWritten));
  EXPECT_EQ(tree.root()->total_bytes, 0U);
}

TEST_F(Tree, BytesAreCountedOnceForEveryFileAlsoWhereTwoAreEqual) {
  file("/a/x", "12345");
  file("/b/x", "12345");
  EXPECT_EQ(tree.root()->total_bytes, 10U);
  EXPECT_EQ(tree.find("/a").value()->total_bytes, 5U);
  ASSERT_TRUE(tree.remove_all("/a", kWritten));
  EXPECT_EQ(tree.root()->total_bytes, 5U);
}

TEST_F(Tree, LinksThatGoInACircleEndAfterForty) {
  link("/a", "/b");
  link("/b", "a");
  expect_refused(Errno::eloop, [](FileTree& t) { return t.write("/a", "x", kWritten); });
  EXPECT_EQ(text("/a"), "ELOOP");
  EXPECT_EQ(text("/a/below"), "ELOOP");
  EXPECT_TRUE(tree.find("/a", Follow::no));
  EXPECT_TRUE(tree.unlink("/a", kWritten));
}

TEST_F(Tree, FortyLinksInARowStillResolveAndOneMoreDoesNot) {
  file("/0", "end");
  for (int i = 1; i <= 41; ++i) link("/" + std::to_string(i), std::to_string(i - 1));
  EXPECT_EQ(text("/40"), "end");
  EXPECT_EQ(text("/41"), "ELOOP");
}

TEST_F(Tree, LinksResolveInsideTheTree) {
  file("/opt/kata-cicd/bin/qemu", "program");
  link("/opt/kata", "kata-cicd");
  link("/etc/absolute", "/opt/kata/bin");
  link("/etc/out", "../../../../opt/kata/../kata/bin/qemu");
  EXPECT_EQ(text("/opt/kata/bin/qemu"), "program");
  EXPECT_EQ(text("/etc/absolute/qemu"), "program");
  EXPECT_EQ(text("/etc/out"), "program");
  EXPECT_EQ(text("/etc/absolute/../out"), "ENOENT");  // ".." is taken behind the link: /opt/kata-cicd/out
  EXPECT_EQ(text("/etc/absolute/../../kata-cicd/bin/qemu"), "program");
}

TEST_F(Tree, WritingThroughALinkWithoutATargetMakesTheTarget) {
  folder("/etc");
  link("/etc/config.toml", "/etc/real.toml");
  ASSERT_TRUE(tree.write("/etc/config.toml", "x", kWritten));
  EXPECT_EQ(text("/etc/real.toml"), "x");
  EXPECT_EQ(tree.find("/etc/config.toml", Follow::no).value()->kind, FileKind::symlink);
}

TEST_F(Tree, OverwritingKeepsModeAndOwnerAndReplacingDoesNot) {
  file("/opt/run.sh", "one", 0750);
  ASSERT_TRUE(tree.set_owner("/opt/run.sh", 7, 8));
  ASSERT_TRUE(tree.write("/opt/run.sh", "two", kWritten + 5, 0600));
  EXPECT_EQ(attributes("/opt/run.sh"), (Attributes{.mode = 0750, .uid = 7, .gid = 8, .mtime = kWritten + 5}));
  ASSERT_TRUE(tree.put("/opt/run.sh", store.intern("three"), {.mode = 0600, .mtime = kWritten + 9}));
  EXPECT_EQ(attributes("/opt/run.sh"), (Attributes{.mode = 0600, .mtime = kWritten + 9}));
  EXPECT_EQ(text("/opt/run.sh"), "three");
}

// `cp -au` compares the time of the file on the host with the payload's: whatever wrote last must show, a chmod must
// not.
TEST_F(Tree, ModificationTimesAreWhatCpNeeds) {
  ASSERT_TRUE(tree.put("/configuration.toml", store.intern("payload"), {.mode = 0644, .mtime = 100}));
  ASSERT_TRUE(tree.set_mode("/configuration.toml", 0600));
  EXPECT_EQ(attributes("/configuration.toml").mtime, 100);
  ASSERT_TRUE(tree.rename("/configuration.toml", "/moved.toml", 300));
  EXPECT_EQ(attributes("/moved.toml").mtime, 100);
  ASSERT_TRUE(tree.write("/moved.toml", "payload", 200));
  EXPECT_EQ(attributes("/moved.toml").mtime, 200);  // the same bytes, but written
  ASSERT_TRUE(tree.set_mtime("/moved.toml", 50));
  EXPECT_EQ(attributes("/moved.toml").mtime, 50);
}

TEST_F(Tree, TheTimeOfALinkIsItsOwn) {
  file("/target", "x");
  link("/link", "target");
  ASSERT_TRUE(tree.set_mtime("/link", 5));
  EXPECT_EQ(attributes("/link").mtime, 5);
  EXPECT_EQ(attributes("/target").mtime, kWritten);
}

TEST_F(Tree, RenameTakesTheTargetsPlaceAtOnce) {
  file("/etc/new", "new", 0600);
  file("/etc/old", "old", 0644);
  ASSERT_TRUE(tree.rename("/etc/new", "/etc/old", kWritten));
  EXPECT_EQ(text("/etc/old"), "new");
  EXPECT_EQ(attributes("/etc/old").mode, 0600);
  EXPECT_EQ(text("/etc/new"), "ENOENT");
}

TEST_F(Tree, RenameMovesAFolderWithAllThatIsInIt) {
  file("/a/deep/x", "1");
  folder("/b");
  ASSERT_TRUE(tree.rename("/a/deep", "/b/deep", kWritten));
  EXPECT_EQ(text("/b/deep/x"), "1");
  EXPECT_EQ(tree.list("/a").value(), std::vector<std::string>{});
}

TEST_F(Tree, RenameRefusesWhatTheKernelRefuses) {
  file("/dir/sub/file", "1");
  file("/file", "2");
  folder("/empty");
  expect_refused(Errno::einval, [](FileTree& t) { return t.rename("/dir", "/dir/sub/dir", kWritten); });
  expect_refused(Errno::einval, [](FileTree& t) { return t.rename("/dir", "/dir/sub", kWritten); });
  expect_refused(Errno::enotempty, [](FileTree& t) { return t.rename("/empty", "/dir", kWritten); });
  expect_refused(Errno::enotempty, [](FileTree& t) { return t.rename("/dir/sub", "/dir", kWritten); });
  expect_refused(Errno::enotempty, [](FileTree& t) { return t.rename("/dir/sub/file", "/dir", kWritten); });
  expect_refused(Errno::enotdir, [](FileTree& t) { return t.rename("/dir", "/file", kWritten); });
  expect_refused(Errno::eisdir, [](FileTree& t) { return t.rename("/file", "/empty", kWritten); });
  expect_refused(Errno::enoent, [](FileTree& t) { return t.rename("/nothing", "/file", kWritten); });
  expect_refused(Errno::enoent, [](FileTree& t) { return t.rename("/file", "/nothing/file", kWritten); });
  expect_refused(Errno::enotdir, [](FileTree& t) { return t.rename("/empty", "/file/below", kWritten); });
  expect_refused(Errno::ebusy, [](FileTree& t) { return t.rename("/", "/empty", kWritten); });
  EXPECT_TRUE(tree.rename("/dir", "/empty", kWritten));
}

TEST_F(Tree, RenamingSomethingToItselfDoesNothing) {
  file("/x", "1");
  link("/same", "/");
  const FileTree before = tree;
  EXPECT_TRUE(tree.rename("/x", "/x", kWritten + 1));
  EXPECT_TRUE(tree.rename("/x", "/same/x", kWritten + 1));
  EXPECT_TRUE(tree == before);
}

TEST_F(Tree, RenameMovesALinkAndNotItsTarget) {
  file("/target", "t");
  link("/link", "target");
  folder("/sub");
  ASSERT_TRUE(tree.rename("/link", "/sub/link", kWritten));
  EXPECT_TRUE(tree.is_file("/target"));
  EXPECT_EQ(text("/sub/link"), "ENOENT");  // its text still says "target", which is not in /sub
}

TEST_F(Tree, RemoveAllIsRmRf) {
  file("/opt/kata/bin/qemu", "1");
  file("/opt/other", "2");
  link("/opt/link", "kata");
  EXPECT_TRUE(tree.remove_all("/opt/link", kWritten));  // the link alone
  EXPECT_TRUE(tree.exists("/opt/kata/bin/qemu"));
  EXPECT_TRUE(tree.remove_all("/opt/kata", kWritten));
  EXPECT_FALSE(tree.exists("/opt/kata"));
  EXPECT_TRUE(tree.exists("/opt/other"));
  const FileTree before = tree;
  EXPECT_TRUE(tree.remove_all("/opt/kata", kWritten));
  EXPECT_TRUE(tree.remove_all("/no/such/folder", kWritten));
  EXPECT_TRUE(tree.remove_all("/opt/other/below", kWritten));
  EXPECT_TRUE(tree == before);
}

TEST_F(Tree, FoldersAreRemovedOnlyWhenEmpty) {
  file("/a/b/c", "1");
  expect_refused(Errno::enotempty, [](FileTree& t) { return t.remove_directory("/a/b", kWritten); });
  expect_refused(Errno::eisdir, [](FileTree& t) { return t.unlink("/a/b", kWritten); });
  expect_refused(Errno::enotdir, [](FileTree& t) { return t.remove_directory("/a/b/c", kWritten); });
  ASSERT_TRUE(tree.unlink("/a/b/c", kWritten));
  EXPECT_TRUE(tree.remove_directory("/a/b", kWritten));
  expect_refused(Errno::ebusy, [](FileTree& t) { return t.remove_directory("/", kWritten); });
}

TEST_F(Tree, MakingFoldersOnTheWayFailsAsAWholeWhereAFileStands) {
  file("/a/file", "1");
  expect_refused(Errno::enotdir, [](FileTree& t) { return t.make_directories("/a/file/b/c", kWritten); });
  expect_refused(Errno::eexist, [](FileTree& t) { return t.make_directories("/a/file", kWritten); });
  link("/a/dangling", "nowhere");
  expect_refused(Errno::eexist, [](FileTree& t) { return t.make_directories("/new/../a/dangling", kWritten); });
  EXPECT_TRUE(tree.make_directories("/a/b/c/", kWritten));
  EXPECT_TRUE(tree.is_directory("/a/b/c"));
}

TEST_F(Tree, NamesAndPathsHaveTheirLimits) {
  const std::string longest(255, 'n');
  EXPECT_TRUE(tree.write("/" + longest, "x", kWritten));
  expect_refused(Errno::enametoolong, [&](FileTree& t) { return t.write("/n" + longest, "x", kWritten); });
  std::string deep;
  while (deep.size() < 4096) deep += "/..";
  EXPECT_EQ(tree.find(deep).error(), Errno::enametoolong);
  EXPECT_EQ(tree.find(deep.substr(0, 4094)).value(), tree.root());
  EXPECT_EQ(tree.find("relative").error(), Errno::einval);
}

// Most paths are looked up without their directories being noted; what is found may not depend on that.
TEST_F(Tree, NamesThatDifferInOneByteAreTwoAtEveryLength) {
  std::vector<std::string> names = {"a", "b"};
  for (std::size_t next = 0; names[next].size() < 9; ++next) {
    for (const char last : {'a', 'b'}) names.push_back(names[next] + last);
  }
  for (const std::string& name : names) {
    EXPECT_FALSE(tree.exists("/bin/" + name)) << name;
    file("/bin/" + name, name);
  }
  for (const std::string& name : names) EXPECT_EQ(text("/bin/" + name), name);
}

TEST_F(Tree, FindsWhatAWalkThatNotesEveryDirectoryFinds) {
  const std::vector<std::string> names = {"a", "b", "link", "file", "folder-with-a-long-name"};
  std::mt19937 random(1);
  const tree_test::Pick pick = [&](std::size_t below) { return random() % below; };
  for (int i = 0; i < 20'000; ++i) {
    (void)tree_test::play(tree, tree_test::random_operation(pick, tree_test::kActs, names));
    const std::string path = tree_test::random_path(pick, names).substr(pick(40) == 1 ? 1 : 0);
    for (const Follow follow : {Follow::yes, Follow::no}) {
      const auto place = resolve_existing(tree.root(), path, follow == Follow::yes ? Last::follow : Last::keep);
      const auto found = tree.find(path, follow);
      ASSERT_EQ(tree_test::outcome(found), tree_test::outcome(place)) << path;
      ASSERT_EQ(found.value_or(nullptr), place ? place->entry : nullptr) << path;
    }
  }
}

TEST_F(Tree, UndoingAnEditGivesTheSameRootPointer) {
  file("/etc/containerd/config.toml", "before");
  const Node* before = tree.root();
  ASSERT_TRUE(tree.write("/etc/containerd/config.toml", "after", kWritten + 60));
  ASSERT_TRUE(tree.make_directories("/opt/kata/bin", kWritten + 60));
  EXPECT_NE(tree.root(), before);
  ASSERT_TRUE(tree.remove_all("/opt", kWritten + 120));
  ASSERT_TRUE(tree.write("/etc/containerd/config.toml", "before", kWritten));
  EXPECT_EQ(tree.root(), before);
}

TEST_F(Tree, EqualTreesBuiltInAnotherOrderAreOne) {
  FileTree other(store, kWritten);
  file("/a/x", "1");
  file("/b/y", "2");
  ASSERT_TRUE(other.make_directories("/b", kWritten));
  ASSERT_TRUE(other.write("/b/y", "2", kWritten));
  ASSERT_TRUE(other.make_directories("/a", kWritten));
  ASSERT_TRUE(other.write("/a/x", "1", kWritten));
  EXPECT_EQ(other.root(), tree.root());
}

TEST_F(Tree, AnEmptiedFolderIsOneThatWasNeverFilled) {
  file("/emptied/a", "A");
  ASSERT_TRUE(tree.set_mode("/emptied", 0700));
  ASSERT_TRUE(tree.unlink("/emptied/a", kWritten));
  ASSERT_TRUE(tree.make_directory("/empty", kWritten, 0700));
  EXPECT_EQ(tree.find("/emptied").value(), tree.find("/empty").value());
}

TEST_F(Tree, StatesOfAFolderShareTheirNames) {
  file("/etc/a", "A");
  file("/etc/b", "B");
  const Node* before = tree.find("/etc").value();
  file("/etc/a", "other");
  EXPECT_EQ(&tree.find("/etc").value()->children.names(), &before->children.names());
  ASSERT_TRUE(tree.unlink("/etc/a", kWritten));
  file("/etc/a", "A");
  EXPECT_EQ(tree.find("/etc").value(), before);
  EXPECT_EQ(before->children.find("a"), tree.find("/etc/a").value());
  EXPECT_EQ(before->children.find("c"), nullptr);
}

TEST_F(Tree, ACopyIsNotTouchedByWhatHappensToTheOriginal) {
  file("/a", "1");
  const FileTree copy = tree;
  ASSERT_TRUE(tree.write("/a", "2", kWritten));
  EXPECT_EQ((*copy.read("/a"))->bytes, "1");
}

TEST_F(Tree, GraftPutsAWholeTreeAndReplacesNothing) {
  file("/payload/bin/qemu", "1", 0755);
  folder("/opt");
  const Node* payload = tree.find("/payload").value();
  ASSERT_TRUE(tree.graft("/opt/kata", payload, kWritten));
  EXPECT_EQ(tree.find("/opt/kata").value(), payload);
  expect_refused(Errno::eexist, [&](FileTree& t) { return t.graft("/opt/kata", payload, kWritten); });
  expect_refused(Errno::enoent, [&](FileTree& t) { return t.graft("/srv/kata", payload, kWritten); });
}

std::vector<std::string> lines(const std::vector<TreeChange>& changes) {
  std::vector<std::string> text;
  for (const TreeChange& change : changes)
    text.push_back(std::string(1, "+-~"[static_cast<int>(change.what)]) + change.path);
  return text;
}

TEST_F(Tree, DiffListsWhatCameWentAndChanged) {
  file("/etc/keep", "1");
  file("/etc/edit", "1");
  file("/opt/kata/bin/qemu", "1");
  const FileTree before = tree;
  ASSERT_TRUE(tree.write("/etc/edit", "2", kWritten));
  ASSERT_TRUE(tree.remove_all("/opt/kata", kWritten));
  file("/opt/new/file", "1");
  ASSERT_TRUE(tree.set_mode("/etc", 0700));
  EXPECT_EQ(lines(diff(before, tree, Compare::state)),
            (std::vector<std::string>{"~/etc", "~/etc/edit", "-/opt/kata", "-/opt/kata/bin", "-/opt/kata/bin/qemu",
                                      "+/opt/new", "+/opt/new/file"}));
  EXPECT_TRUE(diff(tree, tree, Compare::state).empty());
}

TEST_F(Tree, DiffOfWhatIsSeenLeavesOutTimesBackupsAndComments) {
  file("/etc/config.toml", "a = 1\n");
  file("/etc/other", "1");
  const FileTree before = tree;
  ASSERT_TRUE(tree.write("/etc/config.toml", "# by hand\na = 1\n", kWritten + 9));
  file("/etc/config.toml.bak", "a = 1\n");
  ASSERT_TRUE(tree.write("/etc/other", "2", kWritten));
  EXPECT_EQ(lines(diff(before, tree, Compare::seen)), std::vector<std::string>{"~/etc/other"});
  EXPECT_EQ(lines(diff(before, tree, Compare::state)),
            (std::vector<std::string>{"~/etc/config.toml", "+/etc/config.toml.bak", "~/etc/other"}));
}

TEST_F(Tree, DiffShowsAFileThatBecameAFolderAndBack) {
  file("/x", "1");
  const FileTree before = tree;
  ASSERT_TRUE(tree.unlink("/x", kWritten));
  file("/x/below", "1");
  EXPECT_EQ(lines(diff(before, tree, Compare::state)), (std::vector<std::string>{"~/x", "+/x/below"}));
  EXPECT_EQ(lines(diff(tree, before, Compare::state)), (std::vector<std::string>{"~/x", "-/x/below"}));
}

TEST_F(Tree, WalkVisitsInByteOrderOfNames) {
  file("/b", "1");
  file("/a/z", "1");
  file("/a-b", "1");
  std::vector<std::string> visited;
  walk(tree.root(), [&](const std::string& path, const Node&) { visited.push_back(path); });
  EXPECT_EQ(visited, (std::vector<std::string>{"/a", "/a/z", "/a-b", "/b"}));
}

TEST(TreePaths, AreTakenApartAndJoined) {
  EXPECT_EQ(parent_path("/a/b"), "/a");
  EXPECT_EQ(parent_path("/a"), "/");
  EXPECT_EQ(base_name("/a/b"), "b");
  EXPECT_EQ(join("/", "a"), "/a");
  EXPECT_EQ(join("/a", "b"), "/a/b");
}

TEST(TreeErrors, AreNamedAsTheSystemNamesThem) {
  EXPECT_EQ(name(Errno::enospc), "ENOSPC");
  EXPECT_EQ(message(Errno::enospc), "No space left on device");
  EXPECT_EQ(message(Errno::eloop), "Too many levels of symbolic links");
}

}  // namespace
}  // namespace barnacle
