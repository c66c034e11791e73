#include "harness/live/api/wire_object.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "harness/live/api/release_secret.h"
#include "sim/cluster/access.h"
#include "sim/cluster/json_read.h"
#include "sim/cluster/kinds.h"

namespace barnacle {
namespace {

std::string uid_text(std::uint64_t uid) { return fmt::format("{:08x}-0000-4000-8000-{:012x}", uid >> 32U, uid); }

Json condition(const char* type, bool status, Time since, const std::string& reason = "") {
  Json made = {{"type", type}, {"status", status ? "True" : "False"}, {"lastTransitionTime", timestamp(since)}};
  if (!reason.empty()) made["reason"] = reason;
  return made;
}

Json node_json(const Object& node, const NodeStatus& status) {
  Json ready = condition("Ready", status.ready, node.created, status.ready ? "KubeletReady" : "KubeletNotReady");
  return {{"conditions", Json::array({ready})},
          {"nodeInfo",
           {{"containerRuntimeVersion", status.runtime_version},
            {"kubeletVersion", "v1.32.3"},
            {"osImage", "Ubuntu 24.04.2 LTS"},
            {"architecture", "amd64"},
            {"operatingSystem", "linux"}}},
          {"addresses", Json::array({{{"type", "InternalIP"}, {"address", "127.0.0.1"}}})}};
}

Json container_state(const PodStatus& status) {
  switch (status.container) {
    case ContainerState::running: return {{"running", {{"startedAt", timestamp(status.started_at)}}}};
    case ContainerState::terminated:
      return {{"terminated", {{"exitCode", status.exits.empty() ? 0 : status.exits.back().exit_code}}}};
    case ContainerState::waiting: break;
  }
  return {{"waiting", {{"reason", status.exits.empty() ? "ContainerCreating" : "CrashLoopBackOff"}}}};
}

Json pod_json(const Object& pod, const PodStatus& status) {
  static constexpr const char* kPhases[] = {"Pending", "Running", "Succeeded", "Failed"};
  const bool ready = status.container == ContainerState::running;
  const PodSpec* spec = pod_spec_of(pod);
  Json container = {{"name", spec != nullptr ? spec->container : ""},
                    {"ready", ready},
                    {"restartCount", std::max(0, status.starts - 1)},
                    {"state", container_state(status)}};
  return {{"phase", kPhases[static_cast<std::size_t>(status.phase)]},
          {"conditions", Json::array({condition("Ready", ready, status.started_at)})},
          {"containerStatuses", Json::array({container})},
          {"startTime", timestamp(pod.created)}};
}

Json job_json(const Cluster& cluster, const Object& job, const JobStatus& status) {
  const auto active =
      std::ranges::count_if(cluster.pods_of(job), [](const ObjectPtr& pod) { return !is_finished(pod_status(*pod)); });
  Json json = {{"succeeded", status.succeeded},
               {"failed", status.failed},
               {"active", active},
               {"startTime", timestamp(status.started)}};
  if (status.condition.empty()) return json;
  json["conditions"] =
      Json::array({condition(status.condition.c_str(), true, status.finished.value_or(cluster.now), status.reason)});
  return json;
}

Json daemon_set_json(const Cluster& cluster, const Object& daemon_set, const DaemonSetStatus& status) {
  const DaemonSetCounts counts = cluster.counts_of(daemon_set);
  return {{"desiredNumberScheduled", counts.desired},
          {"currentNumberScheduled", counts.desired},
          {"updatedNumberScheduled", counts.updated},
          {"numberAvailable", counts.available},
          {"numberReady", counts.available},
          {"numberUnavailable", counts.desired - counts.available},
          {"observedGeneration", status.observed_generation}};
}

struct StatusWriter {
  const Cluster& cluster;
  const Object& object;
  Json operator()(const NodeStatus& status) const { return node_json(object, status); }
  Json operator()(const PodStatus& status) const { return pod_json(object, status); }
  Json operator()(const JobStatus& status) const { return job_json(cluster, object, status); }
  Json operator()(const DaemonSetStatus& status) const { return daemon_set_json(cluster, object, status); }
  Json operator()(std::monostate) const {
    return object.kind == Kind::namespace_ ? Json{{"phase", object.deletion_time ? "Terminating" : "Active"}} : Json();
  }
};

Json managed_fields_json(const Object& object) {
  Json entries = Json::array();
  for (const FieldOwner& owner : *object.field_owners) {
    entries.push_back({{"manager", owner.manager},
                       {"operation", owner.applies ? "Apply" : "Update"},
                       {"apiVersion", api_version(object.kind)},
                       {"time", timestamp(owner.at)},
                       {"fieldsType", "FieldsV1"},
                       {"fieldsV1", owner.fields}});
  }
  return entries;
}

Json metadata_json(const Object& object) {
  Json metadata = {{"name", object.name},
                   {"uid", uid_text(object.uid)},
                   {"resourceVersion", std::to_string(object.resource_version)},
                   {"generation", object.generation},
                   {"creationTimestamp", timestamp(object.created)}};
  if (!object.namespace_.empty()) metadata["namespace"] = object.namespace_;
  if (!object.labels.empty()) metadata["labels"] = *object.labels;
  if (!object.annotations.empty()) metadata["annotations"] = *object.annotations;
  if (!object.finalizers.empty()) metadata["finalizers"] = *object.finalizers;
  if (object.deletion_time) metadata["deletionTimestamp"] = timestamp(*object.deletion_time);
  if (object.field_owners) metadata["managedFields"] = managed_fields_json(object);
  for (const OwnerReference& owner : object.owners) {
    metadata["ownerReferences"].push_back({{"apiVersion", api_version(owner.kind)},
                                           {"kind", kind_name(owner.kind)},
                                           {"name", owner.name},
                                           {"uid", uid_text(owner.uid)},
                                           {"controller", true}});
  }
  return metadata;
}

// The node that a pod was given, which the store keeps in its status.
void note_placement(const Object& object, Json& json) {
  const auto* pod = std::get_if<PodStatus>(&object.status);
  if (pod != nullptr && !pod->node.empty()) json["spec"]["nodeName"] = pod->node;
}

}  // namespace

std::string timestamp(Time time) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(time)));
}

Json wire_object(const Cluster& cluster, const Object& object) {
  Json json = object.json().is_object() ? object.json() : Json::object();
  json["apiVersion"] = api_version(object.kind);
  json["kind"] = kind_name(object.kind);
  json["metadata"] = metadata_json(object);
  add_release_data(object, json);
  note_placement(object, json);
  if (Json status = std::visit(StatusWriter{cluster, object}, object.status); !status.is_null())
    json["status"] = std::move(status);
  return json;
}

std::uint64_t newest_version(const Cluster& cluster) {
  Cluster& store = const_cast<Cluster&>(cluster);  // only read
  return ClusterAccess(store).next_version() - 1;
}

Json wire_list(const Cluster& cluster, Kind kind, const std::vector<ObjectPtr>& objects) {
  Json items = Json::array();
  for (const ObjectPtr& object : objects) items.push_back(wire_object(cluster, *object));
  return {{"kind", fmt::format("{}List", kind_name(kind))},
          {"apiVersion", api_version(kind)},
          {"metadata", {{"resourceVersion", std::to_string(newest_version(cluster))}}},
          {"items", std::move(items)}};
}

Json wire_status(const ApiError& error) {
  return {{"kind", "Status"},         {"apiVersion", "v1"},     {"metadata", Json::object()}, {"status", "Failure"},
          {"message", error.message}, {"reason", error.reason}, {"code", error.code}};
}

std::expected<Object, ApiError> object_from_wire(const Json& document, Kind kind, const std::string& ns,
                                                 const std::string& name) {
  if (!document.is_object()) return std::unexpected(ApiError{400, "BadRequest", "the object is not a JSON object"});
  const Json& metadata = at(document, "metadata");
  Object object;
  object.kind = kind;
  object.name = text_at(metadata, "name");
  if (object.name.empty()) object.name = name;
  object.namespace_ = is_namespaced(kind) ? ns : "";
  object.labels = strings_at(metadata, "labels");
  object.annotations = strings_at(metadata, "annotations");
  object.finalizers = texts_at(metadata, "finalizers");
  const std::string version = text_at(metadata, "resourceVersion");
  if (!version.empty() && std::ranges::all_of(version, [](char c) { return c >= '0' && c <= '9'; }) &&
      version.size() < 19)
    object.resource_version = std::stoull(version);
  Json body = document;
  for (const char* key : {"apiVersion", "kind", "metadata", "status"}) body.erase(key);
  object.body = make_body(std::move(body));
  if (kind == Kind::secret) read_release_data(object);
  return object;
}

}  // namespace barnacle
