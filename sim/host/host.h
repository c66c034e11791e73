// A node's host as a value: files, systemd units, and the container runtime with what it has loaded.
#pragma once

#include <expected>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/host/runtime.h"
#include "sim/host/tree.h"

namespace barnacle {

enum class UnitState : std::uint8_t { inactive, active, failed };

// A systemd service.
struct Unit {
  bool enabled = false;
  UnitState state = UnitState::inactive;
  std::vector<Time> recent_starts;  // for the start limit (5 in 10 s, systemd's default)
  bool from_file = false;           // daemon-reload found it in /etc/systemd/system; it goes when its file goes
  bool operator==(const Unit&) const = default;
};

struct Host {
  FileTree files;
  RuntimeVersion runtime;
  std::map<std::string, Unit> units;  // by name without ".service"
  LoadedConfigPtr loaded;             // what the running runtime has loaded; null when it is not running
  std::string load_error;             // why the runtime did not start last time; empty when it did

  bool runtime_running() const { return loaded != nullptr; }
  Hash128 state_hash() const;  // all that decides the future
  Hash128 seen_hash() const;   // Obs(host)
};

struct SystemctlResult {
  int exit_status = 0;
  std::string message;  // stderr, one line; may be empty
};

// `systemctl VERB UNIT`: start, stop, restart, enable, disable, is-active, daemon-reload (no unit). Restarting the
// runtime's unit loads its configuration; when that fails the unit is `failed` and the exit status 1.
SystemctlResult systemctl(Host& host, std::string_view verb, std::string_view unit, Time now);

// /run and /tmp are emptied, every unit stops, enabled ones start.
void reboot(Host& host, Time now);

// A kind of node, as fixtures/hosts/NAME.toml describes it.
struct HostKind {
  std::string name;
  std::string title;
  RuntimeVersion runtime;
};

struct HostKindError {
  std::string file;
  int line = 0;
  std::string what;
};

// All kinds of the folder, by file name.
std::expected<std::vector<HostKind>, HostKindError> list_host_kinds(const std::string& folder);

// A fresh host of that kind, its runtime started.
std::expected<Host, HostKindError> make_host(Store& store, const std::string& folder, std::string_view kind);

}  // namespace barnacle
