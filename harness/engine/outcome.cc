#include "harness/engine/outcome.h"

#include <fmt/format.h>
#include "sim/cluster/json_read.h"

namespace barnacle {
namespace {

RecordedPod read_pod(const Json& json) {
  RecordedPod pod{json.at("name"), json.at("role"), json.at("owner"), {}};
  const auto starts = json.at("starts").get<std::size_t>();
  const Json& exits = json.at("exits");
  const Json& lines = json.at("last_lines");
  if (exits.size() != starts || lines.size() != starts) {
    throw std::invalid_argument(fmt::format("pod '{}' has {} starts, {} exits and {} last lines", pod.name, starts,
                                            exits.size(), lines.size()));
  }
  for (std::size_t i = 0; i < starts; ++i) {
    pod.starts.push_back({exits.at(i).get<int>(), lines.at(i).is_null() ? "" : lines.at(i).get<std::string>()});
  }
  return pod;
}

Outcome read_outcome(const Json& json) {
  Outcome outcome;
  for (const Json& step : json.at("given"))
    outcome.given.push_back({step.at("do"), step.at("release"), step.at("values")});
  for (const Json& command : json.at("helm")) outcome.helm.push_back({command.at("command"), command.at("status")});
  for (const Json& pod : json.at("pods")) outcome.pods.push_back(read_pod(pod));
  for (const Json& name : json.at("host_listings")) outcome.listings.push_back(name);
  return outcome;
}

}  // namespace

std::expected<Outcome, std::string> parse_outcome(std::string_view json) {
  try {
    return read_outcome(Json::parse(json));
  } catch (const std::exception& error) {
    return std::unexpected(std::string(error.what()));
  }
}

}  // namespace barnacle
