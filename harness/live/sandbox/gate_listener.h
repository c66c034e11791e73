// The driver's end of the effect gate: takes stopped calls, says what they would do on the node, and rules on them.
#pragma once

#include <linux/seccomp.h>

#include "harness/live/sandbox/sandbox.h"

namespace barnacle {

class GateListener {
 public:
  // listener: from the helper; node_view: see Launched.
  GateListener(int listener, std::string node_view, const SandboxSpec& spec);
  ~GateListener();
  GateListener(const GateListener&) = delete;
  GateListener& operator=(const GateListener&) = delete;

  // Rules on what is stopped; false once the handler has asked for the end of all.
  bool serve();
  int descriptor() const { return listener_; }
  int effects() const { return numbered_; }

 private:
  struct Mount {
    std::string at;
    std::string on_node;  // "/etc/containerd"; empty: shows no part of the node
  };
  std::string path_on_node(const std::string& view, const std::string& path) const;
  std::string path_in_node_view(const std::string& path) const;
  bool rule_on(const seccomp_notif& stopped);

  int listener_;
  std::string node_view_;
  std::filesystem::path node_;
  std::vector<Mount> mounts_;  // innermost first
  bool reads_;
  GateHandler handler_;
  int numbered_ = 0;
};

}  // namespace barnacle
