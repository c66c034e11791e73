// The tree against the kernel: the same calls in a folder of its own give the same answers and leave the same files.
//
// The kernel resolves below that folder as if it were the root (openat2, RESOLVE_IN_ROOT), so that no link and no ".."
// leads out of it. A call that changes an entry gets the entry's parent that way, and the last name as it is.
#include "sim/host/tree.h"

#include <gtest/gtest.h>

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <random>

#include "sim/host/tree_test_support.h"

namespace barnacle {
namespace {

using tree_test::Act;
using tree_test::Operation;
namespace fs = std::filesystem;

class FileDescriptor {
 public:
  explicit FileDescriptor(int value) : value_(value) {}
  ~FileDescriptor() {
    if (value_ >= 0) close(value_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return value_; }
  bool ok() const { return value_ >= 0; }

 private:
  int value_;
};

// A folder that is there as long as this is, and modes that are what was asked for.
class Sandbox {
 public:
  Sandbox() : umask_(umask(0)), path_((fs::temp_directory_path() / "barnacle-tree-XXXXXX").string()) {
    if (mkdtemp(path_.data()) == nullptr) throw std::runtime_error("no folder to test in");
    chmod(path_.c_str(), 0755);
    root_ = open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  }
  ~Sandbox() {
    close(root_);
    std::error_code ignored;
    fs::remove_all(path_, ignored);
    umask(umask_);
  }
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  const std::string& path() const { return path_; }

  int open_inside(const std::string& path, int flags, unsigned mode = 0) const {
    open_how how{};
    how.flags = static_cast<unsigned>(flags) | O_CLOEXEC;
    how.mode = mode;
    how.resolve = RESOLVE_IN_ROOT;
    int opened = -1;
    do {  // EAGAIN: something was renamed on this machine while a ".." was walked
      opened = static_cast<int>(syscall(SYS_openat2, root_, path.c_str(), &how, sizeof(how)));
    } while (opened < 0 && errno == EAGAIN);
    return opened;
  }

 private:
  mode_t umask_;
  std::string path_;
  int root_ = -1;
};

// The parent as the kernel finds it, and the last name with the slashes behind it.
struct Entry {
  Entry(const Sandbox& sandbox, const std::string& path)
      : name(path.substr(start(path))),
        parent(sandbox.open_inside(path.substr(0, start(path)), O_PATH | O_DIRECTORY)) {}
  static std::size_t start(const std::string& path) { return path.rfind('/', path.find_last_not_of('/')) + 1; }
  std::string name;
  FileDescriptor parent;
};

std::string answer(long status) { return status < 0 ? strerrorname_np(errno) : "ok"; }

std::string kind_of(const Sandbox& sandbox, const std::string& path, int flags) {
  const FileDescriptor file(sandbox.open_inside(path, O_PATH | flags));
  if (!file.ok()) return answer(-1);
  struct stat status{};
  if (fstat(file.get(), &status) < 0) return answer(-1);
  return S_ISDIR(status.st_mode) ? "directory" : S_ISREG(status.st_mode) ? "file" : "symlink";
}

std::string read_text(const Sandbox& sandbox, const std::string& path) {
  const FileDescriptor file(sandbox.open_inside(path, O_RDONLY));
  std::array<char, 4096> bytes{};
  const ssize_t count = file.ok() ? read(file.get(), bytes.data(), bytes.size()) : -1;
  return count < 0 ? answer(-1) : "read " + std::string(bytes.data(), static_cast<std::size_t>(count));
}

std::string write_text(const Sandbox& sandbox, const Operation& operation) {
  const FileDescriptor file(sandbox.open_inside(operation.path, O_WRONLY | O_CREAT | O_TRUNC, operation.mode));
  if (!file.ok()) return answer(-1);
  return answer(::write(file.get(), operation.text.data(), operation.text.size()));
}

std::string change_mode(const Sandbox& sandbox, const Operation& operation) {
  const FileDescriptor file(sandbox.open_inside(operation.path, O_RDONLY));
  return answer(file.ok() ? fchmod(file.get(), operation.mode) : -1);
}

std::string rename_entry(const Sandbox& sandbox, const Operation& operation) {
  const Entry from(sandbox, operation.path);
  if (!from.parent.ok()) return answer(-1);
  const Entry to(sandbox, operation.other);
  if (!to.parent.ok()) return answer(-1);
  return answer(renameat(from.parent.get(), from.name.c_str(), to.parent.get(), to.name.c_str()));
}

std::string play(const Sandbox& sandbox, const Operation& operation) {
  switch (operation.act) {
    case Act::stat: return kind_of(sandbox, operation.path, 0);
    case Act::lstat: return kind_of(sandbox, operation.path, O_NOFOLLOW);
    case Act::read: return read_text(sandbox, operation.path);
    case Act::write: return write_text(sandbox, operation);
    case Act::chmod: return change_mode(sandbox, operation);
    case Act::rename: return rename_entry(sandbox, operation);
    default: break;
  }
  const Entry entry(sandbox, operation.path);
  if (!entry.parent.ok()) return answer(-1);
  const char* name = entry.name.c_str();
  switch (operation.act) {
    case Act::mkdir: return answer(mkdirat(entry.parent.get(), name, operation.mode));
    case Act::symlink: return answer(symlinkat(operation.other.c_str(), entry.parent.get(), name));
    case Act::unlink: return answer(unlinkat(entry.parent.get(), name, 0));
    case Act::rmdir: return answer(unlinkat(entry.parent.get(), name, AT_REMOVEDIR));
    default: throw std::logic_error("the kernel has no such call");
  }
}

std::string line_of(const Sandbox& sandbox, const fs::path& path) {
  const std::string inside = path.string().substr(sandbox.path().size());
  struct stat status{};
  lstat(path.c_str(), &status);
  if (S_ISLNK(status.st_mode)) return inside + " symlink '" + fs::read_symlink(path).string() + "'";
  const std::string mode = tree_test::octal(status.st_mode & 07777U);
  if (S_ISDIR(status.st_mode)) return inside + " directory " + mode;
  return inside + " file " + mode + " '" + read_text(sandbox, inside).substr(5) + "'";
}

void list_below(const Sandbox& sandbox, const fs::path& folder, std::vector<std::string>& lines) {
  std::vector<fs::path> children;
  for (const auto& child : fs::directory_iterator(folder)) children.push_back(child.path());
  std::ranges::sort(children, {}, [](const fs::path& path) { return path.filename().string(); });
  for (const fs::path& child : children) {
    lines.push_back(line_of(sandbox, child));
    if (fs::is_directory(fs::symlink_status(child))) list_below(sandbox, child, lines);
  }
}

std::vector<std::string> listing(const Sandbox& sandbox) {
  std::vector<std::string> lines;
  list_below(sandbox, sandbox.path(), lines);
  return lines;
}

bool kernel_resolves_in_root() {
  const Sandbox sandbox;
  return FileDescriptor(sandbox.open_inside("/", O_PATH)).ok();
}

// Plays both, and stops at the first call that is answered differently.
void expect_alike(const std::vector<Operation>& operations) {
  Store store;
  FileTree tree(store, 0);
  const Sandbox sandbox;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const std::vector<std::string> before = tree_test::listing(tree);
    const std::string wanted = play(sandbox, operations[i]);
    ASSERT_EQ(tree_test::play(tree, operations[i]), wanted) << "call " << i << ": " << operations[i] << "\nin\n"
                                                            << testing::PrintToString(before);
  }
  EXPECT_EQ(tree_test::listing(tree), listing(sandbox));
}

class TreeAndKernel : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    if (!kernel_resolves_in_root()) GTEST_SKIP() << "this kernel has no openat2";
  }
};

// Few names make calls meet; many of the calls have to succeed, or nothing is compared but ENOENT.
TEST_P(TreeAndKernel, AnswerAlikeAndLeaveTheSameFiles) {
  std::mt19937 random(static_cast<std::uint32_t>(GetParam()));
  const tree_test::Pick pick = [&](std::size_t bound) { return random() % bound; };
  std::vector<Operation> operations;
  for (int i = 0; i < 400; ++i)
    operations.push_back(tree_test::random_operation(pick, tree_test::kKernelActs, {"a", "b", "c"}));
  expect_alike(operations);
}
INSTANTIATE_TEST_SUITE_P(Seeds, TreeAndKernel, testing::Range(1, 41));

Operation make(Act act, std::string path, std::string other = "", std::string text = "") {
  return {.act = act, .path = std::move(path), .other = std::move(other), .text = std::move(text)};
}

class TreeAndKernelAgree : public testing::Test {
 protected:
  void SetUp() override {
    if (!kernel_resolves_in_root()) GTEST_SKIP() << "this kernel has no openat2";
    setup_ = {make(Act::mkdir, "/d"),
              make(Act::mkdir, "/d/sub"),
              make(Act::mkdir, "/empty"),
              make(Act::write, "/f", "", "f"),
              make(Act::write, "/d/f", "", "d/f"),
              make(Act::symlink, "/to-d", "d"),
              make(Act::symlink, "/to-f", "f"),
              make(Act::symlink, "/to-none", "none"),
              make(Act::symlink, "/loop", "loop"),
              make(Act::symlink, "/to-slash", "f/"),
              make(Act::symlink, "/up", "d/..")};
  }
  // Each of them on the same small tree.
  void each(const std::vector<Operation>& operations) {
    for (const Operation& operation : operations) {
      std::vector<Operation> all = setup_;
      all.push_back(operation);
      expect_alike(all);
    }
  }
  std::vector<std::string> paths_ = {"/d",
                                     "/d/",
                                     "/d/.",
                                     "/d/..",
                                     "/d/sub",
                                     "/d/f",
                                     "/d/sub/..",
                                     "/empty",
                                     "/empty/",
                                     "/f",
                                     "/f/",
                                     "/f/.",
                                     "/f/x",
                                     "/to-d",
                                     "/to-d/",
                                     "/to-d/.",
                                     "/to-d/f",
                                     "/to-d/new",
                                     "/to-f",
                                     "/to-f/",
                                     "/to-none",
                                     "/to-none/",
                                     "/loop",
                                     "/loop/",
                                     "/loop/x",
                                     "/to-slash",
                                     "/up",
                                     "/up/f",
                                     "/up/new",
                                     "/new",
                                     "/new/",
                                     "/new/.",
                                     "/new/x",
                                     "/" + std::string(255, 'n'),
                                     "/" + std::string(256, 'n')};
  std::vector<Operation> setup_;
};

TEST_F(TreeAndKernelAgree, OnRenamingAnythingToAnything) {
  for (const std::string& from : paths_) {
    for (const std::string& to : paths_) each({make(Act::rename, from, to)});
  }
}

TEST_F(TreeAndKernelAgree, OnEveryOtherCallForEveryPath) {
  for (const std::string& path : paths_) {
    each({make(Act::stat, path), make(Act::lstat, path), make(Act::read, path), make(Act::write, path, "", "new"),
          make(Act::mkdir, path), make(Act::symlink, path, "target"), make(Act::unlink, path), make(Act::rmdir, path),
          make(Act::chmod, path)});
  }
}

TEST_F(TreeAndKernelAgree, OnHowManyLinksAPathMayFollow) {
  std::vector<Operation> operations = {make(Act::write, "/0", "", "end")};
  for (int i = 1; i <= 42; ++i)
    operations.push_back(make(Act::symlink, "/" + std::to_string(i), std::to_string(i - 1)));
  for (int i = 38; i <= 42; ++i) operations.push_back(make(Act::read, "/" + std::to_string(i)));
  expect_alike(operations);
}

TEST(TreeSandbox, LeavesNothingBehind) {
  std::string path;
  {
    const Sandbox sandbox;
    path = sandbox.path();
    ASSERT_TRUE(fs::create_directories(path + "/a/b"));
  }
  EXPECT_FALSE(fs::exists(path));
}

}  // namespace
}  // namespace barnacle
