// A pod's container as the kubelet hands it to the container runtime: its program, environment and volumes.
#pragma once

#include <expected>
#include <filesystem>
#include <string>

#include "harness/live/sandbox/sandbox.h"
#include "sim/cluster/cluster.h"

namespace barnacle {

struct ContainerPlace {
  std::filesystem::path node;     // the folder that plays the node
  std::filesystem::path volumes;  // an empty folder, for what the kubelet writes for this pod
  std::uint16_t api_port = 0;     // where the API server listens inside
};

// Whom the pod's requests to the API server come from.
Account account_of(const Object& pod);

// Argv (with the image's entry point where the pod gives no command), environment with the downward API, hostPath,
// ConfigMap, Secret, emptyDir volumes, and a kubeconfig of the pod's account. The error is the kubelet's: a volume's
// ConfigMap is not there.
std::expected<SandboxSpec, std::string> container_spec(const Object& pod, const Cluster& cluster,
                                                       const ContainerPlace& place);

}  // namespace barnacle
