// How far an object has come, as Helm 4 reads it from the object's own status (kstatus), and in its words.
#pragma once

#include <string>

#include "sim/helm/client.h"

namespace barnacle {

enum class Progress : std::uint8_t { in_progress, current, failed };

struct ObjectStatus {
  Progress progress = Progress::in_progress;
  std::string message;  // "Job Failed. failed: 7/1"
};
// Of the live object. Kinds that nothing has to be done for are current as soon as they are there.
ObjectStatus status_of(const Cluster& cluster, const Object& wanted);

// Waits until each object is current or has failed for good. The error names those that are not current:
// "resource Job/kube-system/x not ready. status: Failed, message: Job Failed. failed: 7/1".
Done wait_until_current(Client& client, const ObjectList& objects);

}  // namespace barnacle
