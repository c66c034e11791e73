#include "sim/base/check.h"
#include "sim/host/observe.h"
#include "sim/host/tree.h"

namespace barnacle {
namespace {

using What = TreeChange::What;

void walk_below(const Node& directory, const std::string& path,
                const std::function<void(const std::string&, const Node&)>& visit) {
  for (const Child& child : directory.children) {
    const std::string here = path + "/" + *child.name;
    visit(here, *child.node);
    if (child.node->kind == FileKind::directory) walk_below(*child.node, here, visit);
  }
}

bool is_directory(const Node& node) { return node.kind == FileKind::directory; }

// Two directories whose difference, if any, lies in their children or in what nobody compares.
bool equal_directories(const Node& a, const Node& b) {
  return is_directory(a) && is_directory(b) && a.attributes.mode == b.attributes.mode &&
         a.attributes.uid == b.attributes.uid && a.attributes.gid == b.attributes.gid;
}

class Differ {
 public:
  Differ(Store& store, Compare compare) : store_(store), compare_(compare) {}

  void compare_pair(std::string_view name, const Node* before, const Node* after) {
    if (same(name, before, after)) return;
    if (!equal_directories(*before, *after)) {
      changes_.push_back({What::changed, path_.empty() ? "/" : path_, before, after});
    }
    if (is_directory(*before) && is_directory(*after)) return compare_children(*before, *after);
    list_children(*before, What::removed);
    list_children(*after, What::added);
  }

  std::vector<TreeChange> take() { return std::move(changes_); }

 private:
  bool same(std::string_view name, const Node* before, const Node* after) const {
    if (before == after) return true;
    if (compare_ == Compare::state) return before->state == after->state;
    return seen_hash(store_, name, before) == seen_hash(store_, name, after);
  }

  bool hides(const std::string& name) const { return compare_ == Compare::seen && is_backup(name); }

  void compare_children(const Node& before, const Node& after) {
    auto left = before.children.begin();
    auto right = after.children.begin();
    while (left != before.children.end() && right != after.children.end()) {
      const std::string* ours = (*left).name;
      const std::string* theirs = (*right).name;
      const int order = ours == theirs ? 0 : ours->compare(*theirs);
      if (order < 0) list(*left++, What::removed);
      else if (order > 0) list(*right++, What::added);
      else compare_entries(*left++, *right++);
    }
    while (left != before.children.end()) list(*left++, What::removed);
    while (right != after.children.end()) list(*right++, What::added);
  }

  void compare_entries(const Child& before, const Child& after) {
    if (before.node == after.node || hides(*before.name)) return;
    enter(*before.name);
    compare_pair(*before.name, before.node, after.node);
    leave(*before.name);
  }

  // An entry that is on one side only, with all that is in it.
  void list(const Child& child, What what) {
    if (hides(*child.name)) return;
    enter(*child.name);
    const bool added = what == What::added;
    changes_.push_back({what, path_, added ? nullptr : child.node, added ? child.node : nullptr});
    list_children(*child.node, what);
    leave(*child.name);
  }

  void list_children(const Node& node, What what) {
    for (const Child& child : node.children) list(child, what);
  }

  void enter(const std::string& name) { path_.append("/").append(name); }
  void leave(const std::string& name) { path_.resize(path_.size() - name.size() - 1); }

  Store& store_;
  Compare compare_;
  std::string path_;  // of the pair that is compared; empty for the root, so that "/" can follow it
  std::vector<TreeChange> changes_;
};

}  // namespace

void walk(const Node* root, const std::function<void(const std::string& path, const Node& node)>& visit) {
  walk_below(*root, "", visit);
}

std::vector<TreeChange> diff(const FileTree& before, const FileTree& after, Compare compare) {
  check(&before.store() == &after.store(), "only trees of one store are compared");
  Differ differ(before.store(), compare);
  differ.compare_pair("", before.root(), after.root());
  return differ.take();
}

}  // namespace barnacle
