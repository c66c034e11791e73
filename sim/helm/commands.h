// The four commands as the client runs them; Helm's members wrap them (a killed client ends there).
#pragma once

#include <string>
#include <utility>

#include "sim/helm/client.h"
#include "sim/helm/helm.h"

namespace barnacle {

// What a command is about.
struct Named {
  const std::string& release;
  const std::string& namespace_;
};

HelmResult run_install(Client& client, const Named& named, const ChartPtr& chart, const UserValues& values,
                       bool replace);
HelmResult run_upgrade(Client& client, const Named& named, const ChartPtr& chart, const Values* values);
HelmResult run_rollback(Client& client, const Named& named, int revision, bool wait);
HelmResult run_uninstall(Client& client, const Named& named, bool keep_history, bool wait);

inline HelmResult helm_error(std::string message) {
  return {.exit_status = 1, .message = std::move(message), .refused = false};
}
inline HelmResult helm_refusal(std::string message) {
  return {.exit_status = 1, .message = std::move(message), .refused = true};
}

}  // namespace barnacle
