// One run of kata-deploy on one node, in the parts it is made of. Each part is a program of effects and reads from top
// to bottom like the work it does; where an upstream version did otherwise, the line asks for the Defect.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "sim/deploy/part.h"
#include "sim/deploy/settings.h"
#include "sim/deploy/shell.h"

namespace barnacle {

// Paths below the destination that belong to the installation.
struct Wanted {
  std::set<std::string, std::less<>> own;
  std::vector<PartPtr> parts;  // and those that remembered parts of the run have noted

  void insert(std::string path) { own.insert(std::move(path)); }
  void insert(std::initializer_list<std::string> paths) { own.insert(paths); }
  bool contains(std::string_view path) const;
  Hash128 hash() const;
};
Hash128 hash_of_paths(const std::set<std::string, std::less<>>& paths);

// What the run has found out about its node, and what it has to remember between its parts.
struct Deployment {
  const Settings& settings;
  Shell& shell;

  std::string runtime = {};          // "containerd", "crio"; anything else: nothing is done
  std::string runtime_version = {};  // "containerd://2.0.4"
  bool uses_drop_in = false;         // containerd 2 and newer
  bool runtime_files_changed = false;
  Wanted wanted = {};

  bool has(Defect defect) const { return settings.has(defect); }
  bool containerd() const { return runtime == "containerd"; }
};

// The three actions.
Work install(Deployment& deployment);
Work cleanup(Deployment& deployment);
Work reset(Deployment& deployment);

// part.cc: runs the part, or takes over what an equal one came to.
Work remembered(Deployment& deployment, PartKey key, Work (*part)(Deployment&));

// node.cc
Work detect_runtime(Deployment& deployment);
Work check_values(Deployment& deployment);  // may refuse
Work label_node(Deployment& deployment);
Work unlabel_node(Deployment& deployment);
Work restart_runtime(Deployment& deployment);
Work wait_until_ready(Deployment& deployment);

// artifacts.cc
Work copy_artifacts(Deployment& deployment);
Work prune_artifacts(Deployment& deployment);
Work remove_artifacts(Deployment& deployment);
Work remove_tree(Deployment& deployment, std::string path);

// shim_configuration.cc
Work configure_shims(Deployment& deployment);
// True when configurations are edited where they stand on the host, as upstream does, and not rendered from the
// payload.
bool edits_in_place(const Settings& settings);

// qemu_wrapper.cc
struct WrapperNames {
  std::string binary;  // the QEMU that the configuration names
  std::string script;  // the wrapper that takes its place
};
bool has_wrapper(const Settings& settings, const std::string& shim);
std::string wrapper_text(const Settings& settings, const std::string& shim, const std::string& binary);

// containerd.cc
Work prepare_containerd(Deployment& deployment);
Work configure_containerd(Deployment& deployment);
Work unconfigure_containerd(Deployment& deployment);

// crio.cc
Work configure_crio(Deployment& deployment);
Work unconfigure_crio(Deployment& deployment);

// runtime_classes.cc
Work create_runtime_classes(Deployment& deployment);
Work delete_runtime_classes(Deployment& deployment);

// Replaces a file of the runtime's configuration if its contents differ, and notes that a restart is due.
Work sync_runtime_file(Deployment& deployment, std::string path, const Blob* text);
Work remove_runtime_file(Deployment& deployment, std::string path);
Work note_runtime_change(Deployment& deployment);
// The text of a file; null where it is not there. A file that is there and cannot be read is no missing one.
Task<const Blob*> read_if_there(Deployment& deployment, std::string path);
// A restart that is due survives a kill of the run: /run keeps it until the runtime has been restarted.

}  // namespace barnacle
