// Effects: the numbered operations through which deploy logic touches the world, reads included. Every effect is a
// place where a program can be cut, failed or (later) interleaved with another.
//
// Granularity: `cp` is a stat and a write per file; `sed -i` and `tomlq -i` a read and an atomic replace; rm -rf one
// removal per entry; kubectl one per API request; one per call to systemd.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/cluster/cluster.h"
#include "sim/host/host.h"

namespace barnacle {

enum class EffectKind : std::uint8_t {
  stat,
  read,
  list,  // look at the host
  write,
  replace,
  touch,
  make_directory,
  make_symlink,
  remove,
  rename,
  chmod,  // change it
  api_get,
  api_get_node,
  api_list,
  api_create,
  api_label,
  api_delete,  // the API server
  systemctl,
  wait_ready,
  lock,  // that one run on a node holds at a time
  part_begin,
  part_end  // no effects: see part.h
};

struct PartKey;
struct PartRecord;

// What deploy logic calls the node that it runs on: its own variable. What is remembered of a run on one node is then
// true of another.
inline constexpr std::string_view kThisNode = "$NODE_NAME";
// The text with the node's name in place of kThisNode, and the other way round.
std::string with_node_name(std::string_view text, std::string_view node);

struct Effect {
  EffectKind kind = EffectKind::stat;
  std::string path;            // on the host; for systemctl: the verb; for the API: the object's name
  std::string other;           // target of a link or rename; the unit; the label's key; api_get_node: of which labels
  const Blob* blob = nullptr;  // for write and replace
  std::optional<Attributes> attributes;  // for replace: the new entry's own (cp -a); otherwise mode 0644, now
  std::uint16_t mode = 0644;             // for write of a new file, make_directory, chmod
  Kind object_kind = Kind::node;
  std::string namespace_;
  std::optional<std::string> value;                            // api_label: none removes the label
  BodyPtr body;                                                // api_create
  const PartKey* part = nullptr;                               // part_begin
  const std::set<std::string, std::less<>>* wanted = nullptr;  // part_end
};

bool changes_host(EffectKind kind);
bool is_api(EffectKind kind);
bool writes_api(EffectKind kind);

// "replace /etc/containerd/config.toml", "delete RuntimeClass kata-qemu", "systemctl restart containerd"
std::string describe(const Effect& effect);

struct EffectResult {
  std::optional<Errno> error;  // of a file operation
  std::optional<ApiError> api_error;
  bool ok() const { return !error && !api_error; }
  const Node* node = nullptr;              // stat (null: nothing there)
  const Blob* blob = nullptr;              // read
  std::vector<std::string> names;          // list, api_list; api_get_node: the labels asked for
  ObjectPtr object;                        // api_get, api_create
  std::string runtime_version;             // api_get_node, as the node's status has it
  bool changed = false;                    // api_label: the label was not so before
  int exit_status = 0;                     // systemctl; wait_ready: 1 when the node will never be Ready by itself
  std::string message;                     // systemctl
  std::shared_ptr<const PartRecord> part;  // part_begin: what it came to, where that is known; part_end: what was noted
};

// Who asks the API server, and from which node.
struct Caller {
  Account account;
  std::string node;
};

// Where effects act: one node's host, the cluster's API, and who asks there.
struct Place {
  Host& host;
  Cluster& cluster;
  Caller caller;
  Time host_now = 0;  // date stamped on files
};

EffectResult perform(const Effect& effect, Place& place);
// The same for an API effect alone.
EffectResult perform_api(const Effect& effect, Cluster& cluster, const Caller& caller);

// All that decides the answer to an API effect, hashed; two worlds with equal views give equal answers.
Hash128 api_view(const Effect& effect, const Cluster& cluster, const Caller& caller);

}  // namespace barnacle
