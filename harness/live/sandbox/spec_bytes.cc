#include "harness/live/sandbox/spec_bytes.h"

#include <nlohmann/json.hpp>

namespace barnacle {

using nlohmann::json;

namespace {

json mounts_json(const std::vector<BindMount>& mounts) {
  json list = json::array();
  for (const BindMount& mount : mounts) list.push_back(json::array({mount.at, mount.from.string(), mount.read_only}));
  return list;
}

json limits_json(const Limits& limits) {
  return json::array({limits.time.count(), limits.memory_bytes, limits.file_bytes, limits.disk_bytes,
                      limits.layer_bytes, limits.output_bytes, limits.processes});
}

Limits read_limits(const json& value) {
  Limits limits;
  limits.time = std::chrono::seconds(value.at(0).get<std::int64_t>());
  limits.memory_bytes = value.at(1);
  limits.file_bytes = value.at(2);
  limits.disk_bytes = value.at(3);
  limits.layer_bytes = value.at(4);
  limits.output_bytes = value.at(5);
  limits.processes = value.at(6);
  return limits;
}

}  // namespace

std::vector<std::uint8_t> write_spec(const SandboxSpec& spec) {
  json value = json::object();
  value["node"] = spec.node.string();
  value["image"] = json::array();
  for (const std::filesystem::path& layer : spec.image) value["image"].push_back(layer.string());
  value["machine_tools"] = spec.machine_tools;
  value["mounts"] = mounts_json(spec.mounts);
  value["argv"] = spec.argv;
  value["env"] = spec.env;
  value["cwd"] = spec.cwd;
  value["hostname"] = spec.hostname;
  value["host_pid"] = spec.host_pid;
  value["api_port"] = spec.api_port;
  value["node_stand_ins"] = spec.node_stand_ins;
  value["image_stand_ins"] = spec.image_stand_ins;
  value["trace_bash"] = spec.trace_bash;
  value["gate"] = spec.gate;
  value["gate_reads"] = spec.gate_reads;
  value["limits"] = limits_json(spec.limits);
  return json::to_cbor(value);
}

SandboxSpec read_spec(const std::vector<std::uint8_t>& bytes) {
  const json value = json::from_cbor(bytes);
  SandboxSpec spec;
  spec.node = value.at("node").get<std::string>();
  for (const json& layer : value.at("image")) spec.image.emplace_back(layer.get<std::string>());
  spec.machine_tools = value.at("machine_tools");
  for (const json& mount : value.at("mounts")) {
    spec.mounts.push_back({.at = mount.at(0), .from = mount.at(1).get<std::string>(), .read_only = mount.at(2)});
  }
  spec.argv = value.at("argv");
  spec.env = value.at("env");
  spec.cwd = value.at("cwd");
  spec.hostname = value.at("hostname");
  spec.host_pid = value.at("host_pid");
  spec.api_port = value.at("api_port");
  spec.node_stand_ins = value.at("node_stand_ins");
  spec.image_stand_ins = value.at("image_stand_ins");
  spec.trace_bash = value.at("trace_bash");
  spec.gate = value.at("gate");
  spec.gate_reads = value.at("gate_reads");
  spec.limits = read_limits(value.at("limits"));
  return spec;
}

}  // namespace barnacle
