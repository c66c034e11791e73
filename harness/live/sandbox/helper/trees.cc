#include "harness/live/sandbox/helper/trees.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "harness/live/sandbox/helper/system.h"

namespace barnacle::helper {

namespace {

class TreeOpener {
 public:
  TreeOpener(const SandboxSpec& spec, int user_namespace) : spec_(spec), user_namespace_(user_namespace) {}

  bool open_all(Trees& trees) {
    node_ = open_folder(spec_.node);
    trees.node = copy(node_, {}, false, spec_.node);
    for (const std::filesystem::path& layer : spec_.image) {
      trees.image.push_back(copy_and_close(open_folder(layer), {.read_only = true}, false, layer));
    }
    for (const BindMount& mount : spec_.mounts) open_mount(mount, trees);
    if (spec_.machine_tools || spec_.host_pid) open_tools(trees);
    close(node_);
    return mapped_;
  }

 private:
  static int open_folder(const std::filesystem::path& path) {
    const int descriptor = open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    check(descriptor >= 0, "opening the folder " + path.string());
    return descriptor;
  }

  int copy(int descriptor, Attributes attributes, bool recursive, const std::string& what) {
    const int tree = copy_tree(descriptor, recursive, what);
    attributes.user_namespace = user_namespace_;
    if (!set_attributes(tree, attributes, recursive)) {
      check(user_namespace_ >= 0, "setting mount attributes of " + what);
      mapped_ = false;
    }
    return tree;
  }

  int copy_and_close(int descriptor, Attributes attributes, bool recursive, const std::string& what) {
    const int tree = copy(descriptor, attributes, recursive, what);
    close(descriptor);
    return tree;
  }

  void open_mount(const BindMount& mount, Trees& trees) {
    // Links below the node are the node's: followed with its folder as the root, they cannot lead out of it.
    const std::filesystem::path inside =
        mount.from.lexically_normal().lexically_relative(spec_.node.lexically_normal());
    const bool below_node = !inside.empty() && *inside.begin() != "..";
    const int descriptor =
        below_node ? open_below(node_, inside.string(), O_PATH) : open(mount.from.c_str(), O_PATH | O_CLOEXEC);
    check(descriptor >= 0, "opening " + mount.from.string() + " for " + mount.at);
    struct stat status{};
    check(fstat(descriptor, &status) == 0, "looking at " + mount.from.string());
    trees.mount_is_folder.push_back(S_ISDIR(status.st_mode));
    trees.mounts.push_back(copy_and_close(descriptor, {.read_only = mount.read_only}, false, mount.from));
  }

  void open_tools(Trees& trees) {
    for (const char* name : {"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"}) {
      const std::string path = std::string("/") + name;
      if (is_real_folder(path)) trees.tools.push_back({.name = name, .tree = open_tool(path)});
    }
    if (is_real_folder("/etc/alternatives")) trees.alternatives = open_tool("/etc/alternatives");
  }

  // Where the owners of tools cannot be mapped, they are left: nobody, seen from inside.
  int open_tool(const std::string& path) const {
    const int descriptor = open_folder(path);
    const int tree = copy_tree(descriptor, true, path);
    const bool mapped =
        user_namespace_ >= 0 && set_attributes(tree, {.read_only = true, .user_namespace = user_namespace_}, true);
    check(mapped || set_attributes(tree, {.read_only = true}, true), "setting mount attributes of " + path);
    close(descriptor);
    return tree;
  }

  const SandboxSpec& spec_;
  int user_namespace_;
  int node_ = -1;
  bool mapped_ = true;
};

}  // namespace

bool open_trees(const SandboxSpec& spec, int user_namespace, Trees& trees) {
  return TreeOpener(spec, user_namespace).open_all(trees);
}

}  // namespace barnacle::helper
