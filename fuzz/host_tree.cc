// Operations on a host's file tree, played against a plain map as well: the same answers, the same files, and what the
// hash-consing promises (equal trees are one, a difference names what differs).
#include "sim/host/tree.h"

#include <set>

#include "fuzz/plain_tree.h"
#include "fuzz/target.h"
#include "harness/scenario/choices.h"
#include "sim/host/tree_test_support.h"

namespace barnacle::fuzz {
namespace {

using tree_test::Act;
using tree_test::Operation;
using tree_test::outcome;

constexpr int kMostOperations = 64;
constexpr std::array<std::string_view, 4> kNames{"a", "b", "c.toml", "d.bak"};
constexpr std::array<std::string_view, 6> kTexts{"", "x", "a = 1\n", "a=1 # the same\n", "[", "imports = ['p', 'q']\n"};
constexpr std::array<std::string_view, 7> kTargets{"a", "/b", "../a", "a/b", "/a/b", "/", ".."};
constexpr std::array<std::uint16_t, 3> kModes{0700, 0755, 0600};

std::string draw_path(Choices& choices) {
  std::string path;
  for (int names = choices.between(1, 3); names > 0; --names) {
    if (names > 1 && choices.chance(1, 16)) path += "/..";
    path += "/" + std::string(choices.pick_from(kNames));
  }
  return path;
}

Operation draw_operation(Choices& choices) {
  Operation operation;
  operation.act = static_cast<Act>(choices.pick(tree_test::kActs));
  operation.path = draw_path(choices);
  if (operation.act == Act::rename) operation.other = draw_path(choices);
  if (operation.act == Act::symlink) operation.other = choices.pick_from(kTargets);
  operation.text = choices.pick_from(kTexts);
  operation.mode = choices.pick_from(kModes);
  operation.now = choices.between(0, 2);
  return operation;
}

// What tree_test::play does and says, on the plain tree.
std::string play_plain(PlainTree& tree, const Operation& operation) {
  const auto& [act, path, other, text, mode, now] = operation;
  const auto change = [&](Follow follow, const auto& set) {
    const auto attributes = tree.attributes(path, follow);
    if (attributes) set(**attributes);
    return outcome(attributes);
  };
  switch (act) {
    case Act::stat:
    case Act::lstat: {
      const auto found = tree.find(path, act == Act::stat ? Follow::yes : Follow::no);
      return found ? tree_test::words_of((*found)->kind) : outcome(found);
    }
    case Act::read: {
      const auto read = tree.read(path);
      return read ? "read " + *read : outcome(read);
    }
    case Act::write: return outcome(tree.write(path, text, now, mode));
    case Act::mkdir: return outcome(tree.make_directory(path, now, mode));
    case Act::symlink: return outcome(tree.make_symlink(path, other, now));
    case Act::rename: return outcome(tree.rename(path, other));
    case Act::unlink: return outcome(tree.unlink(path));
    case Act::rmdir: return outcome(tree.remove_directory(path));
    case Act::chmod: return change(Follow::yes, [&](Attributes& attributes) { attributes.mode = mode; });
    case Act::put: return outcome(tree.put(path, text, {.mode = mode, .mtime = now}));
    case Act::mkdir_p: return outcome(tree.make_directories(path, now, mode));
    case Act::rm_rf: return outcome(tree.remove_all(path));
    case Act::chown:
      return change(Follow::yes, [&](Attributes& attributes) { attributes.uid = attributes.gid = mode; });
    case Act::set_mtime: return change(Follow::no, [&](Attributes& attributes) { attributes.mtime = now; });
  }
  return "";
}

std::string line_of(std::string_view path, FileKind kind, const Attributes& attributes, std::string_view text) {
  return fmt::format("{} {} {:o} {}:{} {} '{}'\n", path, tree_test::words_of(kind), attributes.mode, attributes.uid,
                     attributes.gid, attributes.mtime, text);
}

// The root's own attributes count too; walk() leaves it out.
std::string listing(const FileTree& tree) {
  std::set<std::string> lines{line_of("/", FileKind::directory, tree.root()->attributes, "")};
  walk(tree.root(), [&](const std::string& path, const Node& node) {
    lines.insert(line_of(path, node.kind, node.attributes, node.blob == nullptr ? "" : node.blob->bytes));
  });
  return fmt::format("{}", fmt::join(lines, ""));
}

std::string listing(const PlainTree& tree) {
  std::set<std::string> lines;
  for (const auto& [path, entry] : tree.entries()) {
    lines.insert(line_of(path.empty() ? "/" : path, entry.kind, entry.attributes, entry.text));
  }
  return fmt::format("{}", fmt::join(lines, ""));
}

// The same entries put one after the other, last names first where that goes, give the same node.
void check_one_node(Store& store, const FileTree& tree, const PlainTree& plain) {
  FileTree rebuilt(store, 0);
  for (const auto& [path, entry] : plain.entries()) {
    if (path.empty()) continue;
    const auto& [kind, attributes, text] = entry;
    if (kind == FileKind::directory) (void)rebuilt.make_directory(path, attributes.mtime, attributes.mode);
    if (kind == FileKind::file) (void)rebuilt.put(path, store.intern(text), attributes);
    if (kind == FileKind::symlink) (void)rebuilt.make_symlink(path, text, attributes.mtime);
    if (kind == FileKind::directory) (void)rebuilt.set_owner(path, attributes.uid, attributes.gid);
  }
  const Attributes& root = plain.entries().at("").attributes;
  (void)rebuilt.set_mode("/", root.mode);
  (void)rebuilt.set_owner("/", root.uid, root.gid);
  (void)rebuilt.set_mtime("/", root.mtime);
  require(rebuilt == tree, "equal trees are one node:\n{}\n--- rebuilt\n{}", listing(tree), listing(rebuilt));
}

// Whether a directory's own attributes, or a file's, differ; a directory's modification time is not compared.
bool differs(const PlainEntry& before, const PlainEntry& after) {
  if (before.kind != after.kind || before.text != after.text) return true;
  Attributes old = before.attributes;
  if (before.kind == FileKind::directory) old.mtime = after.attributes.mtime;
  return !(old == after.attributes);
}

void check_diff(const FileTree& before, const FileTree& after, const PlainTree& old, const PlainTree& now) {
  std::set<std::string> expected;
  for (const auto& [path, entry] : old.entries()) {
    const auto there = now.entries().find(path);
    if (there == now.entries().end() || differs(entry, there->second)) expected.insert(path);
  }
  for (const auto& [path, entry] : now.entries()) {
    if (!old.entries().contains(path)) expected.insert(path);
  }
  std::set<std::string> found;
  for (const TreeChange& change : diff(before, after, Compare::state)) found.insert(change.path);
  expected.erase("");
  found.erase("/");
  require(found == expected, "a difference names what differs: {} instead of {}", fmt::join(found, " "),
          fmt::join(expected, " "));
}

std::string text_of(const Operation& operation) {
  std::ostringstream text;
  text << operation;
  return text.str();
}

void check_operations(Choices& choices, const BytesChoices& bytes) {
  Store store;
  FileTree tree(store, 0);
  PlainTree plain;
  if (choices.chance(1, 4)) {
    const auto capacity = static_cast<std::uint64_t>(choices.between(0, 32));
    tree.set_capacity(capacity);
    plain.set_capacity(capacity);
  }
  std::string history;
  for (int i = 0; i < kMostOperations && !bytes.exhausted(); ++i) {
    const Operation operation = draw_operation(choices);
    const FileTree before = tree;
    const PlainTree old = plain;
    history += text_of(operation) + "\n";
    const std::string answer = tree_test::play(tree, operation);
    const std::string expected = play_plain(plain, operation);
    require(answer == expected, "the answer is '{}' instead of '{}':\n{}", answer, expected, history);
    require(listing(tree) == listing(plain), "the trees differ:\n{}{}--- instead of\n{}", history, listing(tree),
            listing(plain));
    require(tree.root()->total_bytes == plain.total_bytes(), "{} bytes instead of {}:\n{}", tree.root()->total_bytes,
            plain.total_bytes(), history);
    check_diff(before, tree, old, plain);
  }
  check_one_node(store, tree, plain);
}

}  // namespace
}  // namespace barnacle::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  barnacle::BytesChoices choices({data, size});
  barnacle::fuzz::check_operations(choices, choices);
  return 0;
}
