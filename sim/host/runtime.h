// Container runtimes that really load their configuration: what a restart of containerd or CRI-O would do with the
// files on this host.
//
// containerd 1.x: an import replaces a whole plugin section ([plugins."<id>"]) of what came before; 2.x merges tables.
// Both refuse what the real one refuses: syntax, an import without a match that is no glob pattern, and wrong types in
// what the CRI plugin decodes (measured on containerd 1.6.20: privileged_without_host_devices = "yes" stops it).
// CRI-O reads /etc/crio/crio.conf, then crio.conf.d/* in byte order of their names; later files win key by key.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/host/tree.h"

namespace barnacle {

enum class RuntimeFamily : std::uint8_t { containerd, crio };

struct RuntimeVersion {
  RuntimeFamily family = RuntimeFamily::containerd;
  int major_version = 2;
  int minor_version = 0;
  int patch_version = 4;
  bool operator==(const RuntimeVersion&) const = default;

  // "containerd://2.0.4", "cri-o://1.32.1": the node's status.nodeInfo.containerRuntimeVersion.
  std::string text() const;
  // The systemd unit: "containerd", "crio".
  std::string unit() const;
  static std::optional<RuntimeVersion> parse(std::string_view text);
};

// What `containerd config default` prints, as far as anything here reads it.
std::string default_containerd_configuration(int major_version);

// One runtime handler as the runtime offers it to the kubelet.
struct Handler {
  std::string name;          // "kata-qemu-cicd"
  std::string runtime_type;  // "io.containerd.kata-qemu-cicd.v2"; CRI-O: "vm", "oci"
  std::string runtime_path;  // empty: looked up by runtime_type in the runtime's PATH
  std::string config_path;   // ConfigPath, or CRI-O's runtime_config_path; may be empty
  std::string snapshotter;   // may be empty
  std::string file;          // which file defined it last
  // Where the runtime looks for its shim, in that order; none where the shim comes with the distribution.
  std::vector<std::string> shims = {};
  bool operator==(const Handler&) const = default;
};

// What a running runtime has loaded. Compared and hashed by value, not by the layout of the files.
struct LoadedConfig {
  std::vector<Handler> handlers;    // sorted by name
  std::string log_level;            // empty: the default
  std::vector<std::string> files;   // every file read, in order
  std::vector<std::string> needed;  // every path at which broken_handlers looks
  Hash128 hash;                     // of the whole merged configuration by value
  Hash128 contents;                 // of every file read, by its path and parsed value: what a restart would read anew
};
using LoadedConfigPtr = std::shared_ptr<const LoadedConfig>;

struct LoadError {
  std::string file;  // the one that stopped it
  std::string what;  // one line, as the runtime's log would say it
};

// Loads as a restart would; remembered in the tree's Store by all that is read. A missing
// /etc/containerd/config.toml is no error (defaults).
const std::expected<LoadedConfigPtr, LoadError>& load_runtime_configuration(const FileTree& files,
                                                                            const RuntimeVersion& version);

// The handlers of `loaded` that would not start a container on this host, and why: the shim at runtime_path (or found
// by runtime_type in /usr/bin, /usr/local/bin) is missing or not executable, or its configuration file is missing.
struct BrokenHandler {
  std::string handler;
  std::string path;  // what is missing
};
std::vector<BrokenHandler> broken_handlers(const FileTree& files, const LoadedConfig& loaded);
// The same for who finds the node behind a path (or null) in a way of its own.
using FindNode = std::function<const Node*(const std::string& path)>;
std::vector<BrokenHandler> broken_handlers(const FindNode& find, const LoadedConfig& loaded);

}  // namespace barnacle
