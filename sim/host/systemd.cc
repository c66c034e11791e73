// systemd, as far as deploy logic asks it: services that start, stop, restart, are enabled, hit the start limit, and
// come and go with their files in /etc/systemd/system.
#include <algorithm>

#include "sim/host/host.h"

namespace barnacle {
namespace {

constexpr std::size_t kStartLimit = 5;      // DefaultStartLimitBurst
constexpr Time kStartLimitInterval_s = 10;  // DefaultStartLimitIntervalSec
constexpr std::string_view kEnding = ".service";
constexpr std::string_view kUnitFolder = "/etc/systemd/system";

std::string without_ending(std::string_view unit) {
  if (unit.ends_with(kEnding)) unit.remove_suffix(kEnding.size());
  return std::string(unit);
}

bool is_runtime(const Host& host, std::string_view name) { return name == host.runtime.unit(); }

std::string unit_file(std::string_view name) { return join(kUnitFolder, std::string(name) + std::string(kEnding)); }

// The program that the unit's file in /etc starts; empty when the unit comes with the distribution.
std::string program_of(const Host& host, std::string_view name) {
  const auto blob = host.files.read(unit_file(name));
  if (!blob) return {};
  const std::string_view text = (*blob)->bytes;
  constexpr std::string_view kKey = "\nExecStart=";
  const std::size_t at = text.find(kKey);
  if (at == std::string_view::npos) return {};
  std::size_t begin = at + kKey.size();
  while (begin < text.size() && std::string_view("-@:+!").contains(text[begin])) ++begin;
  return std::string(text.substr(begin, text.find_first_of(" \t\r\n", begin) - begin));
}

void stop_unit(Host& host, const std::string& name, Unit& unit) {
  unit.state = UnitState::inactive;
  if (is_runtime(host, name)) host.loaded = nullptr;
}

SystemctlResult fail_unit(Host& host, const std::string& name, Unit& unit, std::string_view why, std::string cause) {
  unit.state = UnitState::failed;
  if (is_runtime(host, name)) {
    host.loaded = nullptr;
    host.load_error = std::move(cause);
  }
  return {1, "Job for " + name + ".service failed because " + std::string(why) + "."};
}

// A window of ten seconds opens with the first start and takes five.
bool within_start_limit(Unit& unit, Time now) {
  if (!unit.recent_starts.empty() && now - unit.recent_starts.front() >= kStartLimitInterval_s)
    unit.recent_starts.clear();
  return unit.recent_starts.size() < kStartLimit;
}

SystemctlResult start_unit(Host& host, const std::string& name, Unit& unit, Time now) {
  constexpr std::string_view kExited = "the control process exited with error code";
  if (!within_start_limit(unit, now)) {
    return fail_unit(host, name, unit, "start of the service was attempted too often",
                     "start request repeated too quickly");
  }
  unit.recent_starts.push_back(now);
  const std::string program = program_of(host, name);
  if (!program.empty() && !host.files.is_file(program)) {
    return fail_unit(host, name, unit, kExited, program + ": no such file or directory");
  }
  if (is_runtime(host, name)) {
    auto loaded = load_runtime_configuration(host.files, host.runtime);
    if (!loaded) return fail_unit(host, name, unit, kExited, std::move(loaded.error().what));
    host.loaded = std::move(*loaded);
    host.load_error.clear();
  }
  unit.state = UnitState::active;
  return {};
}

// Units appear and vanish with their files; one that still runs stays until it stops.
void reload_units(Host& host) {
  std::erase_if(host.units, [&](const auto& entry) {
    const auto& [name, unit] = entry;
    return unit.from_file && unit.state != UnitState::active && !host.files.exists(unit_file(name));
  });
  const auto names = host.files.list(kUnitFolder);
  if (!names) return;
  for (const std::string& file : *names) {
    if (!file.ends_with(kEnding) || !host.files.is_file(join(kUnitFolder, file))) continue;
    const auto [entry, added] = host.units.try_emplace(without_ending(file));
    if (added) entry->second.from_file = true;
  }
}

SystemctlResult unknown_unit(std::string_view verb, const std::string& name) {
  if (verb == "enable" || verb == "disable") {
    return {1, "Failed to " + std::string(verb) + " unit: Unit file " + name + ".service does not exist."};
  }
  return {5, "Failed to " + std::string(verb) + " " + name + ".service: Unit " + name + ".service not found."};
}

void empty_folder(FileTree& files, const char* folder, Time now) {
  const auto names = files.list(folder);
  if (!names) return;
  for (const std::string& name : *names) (void)files.remove_all(join(folder, name), now);
}

}  // namespace

SystemctlResult systemctl(Host& host, std::string_view verb, std::string_view unit_name, Time now) {
  if (verb == "daemon-reload") {
    reload_units(host);
    return {};
  }
  const std::string name = without_ending(unit_name);
  const auto entry = host.units.find(name);
  if (verb == "is-active") return {entry != host.units.end() && entry->second.state == UnitState::active ? 0 : 3, ""};
  if (entry == host.units.end()) return unknown_unit(verb, name);
  Unit& unit = entry->second;
  if (verb == "enable" || verb == "disable") {
    unit.enabled = verb == "enable";
    return {};
  }
  if (verb == "stop") {
    stop_unit(host, name, unit);
    return {};
  }
  if (verb == "start" && unit.state == UnitState::active) return {};
  if (verb == "start" || verb == "restart") {
    stop_unit(host, name, unit);
    return start_unit(host, name, unit, now);
  }
  return {1, "Unknown command verb " + std::string(verb) + "."};
}

void reboot(Host& host, Time now) {
  empty_folder(host.files, "/run", now);
  empty_folder(host.files, "/tmp", now);
  for (auto& [name, unit] : host.units) {
    unit.recent_starts.clear();
    stop_unit(host, name, unit);
  }
  reload_units(host);
  for (auto& [name, unit] : host.units) {
    if (unit.enabled) (void)start_unit(host, name, unit, now);
  }
}

}  // namespace barnacle
