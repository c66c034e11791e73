// Operations on a file tree as values: made at random, shown, and played against a FileTree. What the tests beside this
// play them against is up to each of them: a model, or the kernel.
#pragma once

#include <array>
#include <functional>
#include <iomanip>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

#include "sim/host/tree.h"

namespace barnacle::tree_test {

enum class Act : std::uint8_t {
  stat,
  lstat,
  read,
  write,
  mkdir,
  symlink,
  rename,
  unlink,
  rmdir,
  chmod,  // the kernel's
  put,
  mkdir_p,
  rm_rf,
  chown,
  set_mtime,  // a tree's own
};
constexpr std::size_t kKernelActs = 10;
constexpr std::size_t kActs = 15;
constexpr std::array<const char*, kActs> kActNames = {"stat",    "lstat",    "read",   "write", "mkdir",
                                                      "symlink", "rename",   "unlink", "rmdir", "chmod",
                                                      "put",     "mkdir -p", "rm -rf", "chown", "set_mtime"};

struct Operation {
  Act act = Act::stat;
  std::string path;
  std::string other;  // a rename's new path, a link's target
  std::string text;   // a file's contents
  std::uint16_t mode = 0755;
  Time now = 0;
};

inline std::ostream& operator<<(std::ostream& out, const Operation& operation) {
  out << kActNames[static_cast<std::size_t>(operation.act)] << ' ' << operation.path.substr(0, 80);
  if (!operation.other.empty()) out << " -> " << operation.other.substr(0, 80);
  return out << " (mode " << std::oct << operation.mode << std::dec << ", now " << operation.now << ", "
             << operation.text.size() << " bytes)";
}

// A number below its argument.
using Pick = std::function<std::size_t(std::size_t)>;

inline std::string random_path(const Pick& pick, const std::vector<std::string>& names) {
  static const std::string kTooLong(256, 'n');
  std::string path;
  const std::size_t depth = 1 + pick(3);
  for (std::size_t i = 0; i < depth; ++i) {
    const std::size_t odd = pick(60);
    path += odd == 1 ? "//" : "/";
    path += odd == 2 ? ".." : odd == 3 ? "." : odd == 4 ? kTooLong : names[pick(names.size())];
  }
  if (pick(12) == 1) path += "/";
  return path;
}

inline std::string random_target(const Pick& pick, const std::vector<std::string>& names) {
  const std::string& name = names[pick(names.size())];
  switch (pick(9)) {
    case 0: return name;
    case 1: return "/" + name;
    case 2: return "../" + name;
    case 3: return name + "/" + names[pick(names.size())];
    case 4: return "/" + name + "/" + names[pick(names.size())];
    case 5: return name + "/";
    case 6: return "..";
    case 7: return ".";
    default: return "/";
  }
}

inline Operation random_operation(const Pick& pick, std::size_t acts, const std::vector<std::string>& names) {
  static const std::vector<std::string> kTexts = {
      "", "x", "a = 1\n", "a=1 # the same\n", "[", "imports = ['p', 'q']\n", "imports = ['q', 'p', 'q']\n"};
  static constexpr std::array<std::uint16_t, 4> kModes = {0700, 0755, 0750, 0711};  // the owner has to get in
  Operation operation;
  operation.act = static_cast<Act>(pick(acts));
  operation.path = random_path(pick, names);
  if (operation.act == Act::rename) operation.other = random_path(pick, names);
  if (operation.act == Act::symlink) operation.other = random_target(pick, names);
  operation.text = kTexts[pick(kTexts.size())];
  operation.mode = kModes[pick(kModes.size())];
  operation.now = static_cast<Time>(pick(3));
  return operation;
}

inline std::string words_of(FileKind kind) {
  return kind == FileKind::directory ? "directory" : kind == FileKind::file ? "file" : "symlink";
}

template <class T>
std::string outcome(const FsResult<T>& result) {
  return result ? "ok" : std::string(name(result.error()));
}

// What the operation answered: "ok", an error's name, a kind, or "read TEXT".
inline std::string play(FileTree& tree, const Operation& operation) {
  const auto& [act, path, other, text, mode, now] = operation;
  switch (act) {
    case Act::stat:
    case Act::lstat: {
      const auto found = tree.find(path, act == Act::stat ? Follow::yes : Follow::no);
      return found ? words_of((*found)->kind) : outcome(found);
    }
    case Act::read: {
      const auto blob = tree.read(path);
      return blob ? "read " + (*blob)->bytes : outcome(blob);
    }
    case Act::write: return outcome(tree.write(path, text, now, mode));
    case Act::mkdir: return outcome(tree.make_directory(path, now, mode));
    case Act::symlink: return outcome(tree.make_symlink(path, other, now));
    case Act::rename: return outcome(tree.rename(path, other, now));
    case Act::unlink: return outcome(tree.unlink(path, now));
    case Act::rmdir: return outcome(tree.remove_directory(path, now));
    case Act::chmod: return outcome(tree.set_mode(path, mode));
    case Act::put: return outcome(tree.put(path, tree.store().intern(text), {.mode = mode, .mtime = now}));
    case Act::mkdir_p: return outcome(tree.make_directories(path, now, mode));
    case Act::rm_rf: return outcome(tree.remove_all(path, now));
    case Act::chown: return outcome(tree.set_owner(path, mode, mode));
    case Act::set_mtime: return outcome(tree.set_mtime(path, now));
  }
  return "";
}

inline std::string octal(unsigned mode) {
  std::ostringstream text;
  text << std::oct << mode;
  return text.str();
}

// One line for each entry: path, kind, mode (not a link's), contents or target.
inline std::vector<std::string> listing(const FileTree& tree) {
  std::vector<std::string> lines;
  walk(tree.root(), [&](const std::string& path, const Node& node) {
    std::string line = path + " " + words_of(node.kind);
    if (node.kind != FileKind::symlink) line += " " + octal(node.attributes.mode);
    if (node.blob != nullptr) line += " '" + node.blob->bytes + "'";
    lines.push_back(line);
  });
  return lines;
}

}  // namespace barnacle::tree_test
