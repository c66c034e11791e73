// Invariants: named predicates over the world after a step, over the worlds before and after it, or over what happened
// inside it. One function each, one row each in registry.cc.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/engine/simulation.h"

namespace barnacle {

struct Violation {
  std::string node;          // empty: not about one node
  std::string path;          // a host path, or an API object
  std::string detail;        // one sentence
  std::string release = {};  // whom it is about, where that is known
  std::string file = {};     // the file that names `path`, where that is what is wrong
  int line = 0;              // in that file, from 1
};

// What a check has to say about one step.
struct Verdict {
  bool spoke = false;  // what the invariant speaks of was there
  std::vector<Violation> violations;
};

// What was found on a node that looked so.
struct NodeResults;

// One node at rest: its files and what serves there.
struct NodeView {
  Lab& lab;
  const std::string& name;
  const FrozenHost& host;
  const HostPtr& baseline;
  std::vector<const Served*> served;  // that serve, or have served here; of live releases, by namespace and name
  NodeResults& results;               // by all of the above but the name
};

// How a release's pod stands on a node.
enum class Standing : std::uint8_t { absent, settled, refuses, failing };

// A node as the cluster knows it.
struct ClusterNode : NodeView {
  bool labelled = false;             // see is_labelled
  std::vector<Standing> standing{};  // of each in `served`
};

struct CheckContext {
  Lab& lab;
  const World& before;
  const World& after;
  const Step& step;
  const StepRecord& record;
  std::vector<ClusterNode> nodes;  // all of the world after
};
CheckContext make_context(Lab& lab, const World& before, const World& after, const Step& step,
                          const StepRecord& record);

using Check = void (*)(const CheckContext& context, Verdict& verdict);

// A check that looks at one node that serves. Its result is remembered by exactly what the view shows, so that an
// unchanged node costs a look-up.
using NodeCheck = void (*)(const NodeView& node, std::vector<Violation>& violations);

struct Invariant {
  std::string_view id;  // stable: "path.suffix-once"
  std::string_view sentence;
  Check check = nullptr;  // one of the two
  NodeCheck node_check = nullptr;
  bool needs_fault = false;  // speaks only of steps with a fault
};

std::span<const Invariant> all_invariants();
const Invariant* find_invariant(std::string_view id);

// Runs one invariant after a step.
Verdict judge(const Invariant& invariant, const CheckContext& context);

// --- shared by the checks ---

// What a node check finds on this node, remembered; it names no node.
const std::vector<Violation>& look_at(const NodeView& node, NodeCheck check);
// The same as part of a verdict.
void judge_node(const NodeView& node, NodeCheck check, Verdict& verdict);

// The handlers that the node's runtime has loaded and that would not start a container; remembered as well.
const std::vector<BrokenHandler>& broken_handlers_on(const NodeView& node);

// The releases that serve a node now, or have once settled there, and whose DaemonSet is there.
std::vector<const Served*> served_on(const World& world, const std::string& node);

// Whether a node says that it serves the subject's runtime. A subject without such a label says nothing.
std::string_view node_label(const Lab& lab);
bool is_labelled(const Lab& lab, const World& world, const std::string& node);

// Helm knows the object as the release's. What only a failed revision made is in no manifest that Helm compares with or
// deletes later: it has lost it, whatever is deployed, and no chart or script can help it.
bool in_manifest(const RevisionPtr& revision, const Object& object);

// Obs of a host's files.
Hash128 seen_files(Lab& lab, const FileTree& files);

}  // namespace barnacle
