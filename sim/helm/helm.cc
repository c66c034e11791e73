#include "sim/helm/helm.h"

#include <algorithm>
#include <utility>

#include "sim/helm/client.h"
#include "sim/helm/commands.h"

namespace barnacle {
namespace {

// The lines of a message as one.
HelmResult in_one_line(HelmResult result) {
  std::ranges::replace(result.message, '\n', ' ');
  return result;
}

template <class Command>
HelmResult run_command(Cluster& cluster, Machines& machines, const HelmOptions& options, int major,
                       const Command& command) {
  if (options.force_conflicts && major != kHelm4) return helm_refusal("unknown flag: --force-conflicts");
  try {
    Client client(cluster, machines, options, major);
    return in_one_line(command(client));
  } catch (const ClientKilled&) {
    return {.exit_status = 137, .message = "killed", .refused = false};
  }
}

HelmResult prefixed(std::string_view prefix, HelmResult result) {
  if (result.exit_status != 0) result.message.insert(0, prefix);
  return result;
}

// Whether `upgrade --install` installs: Helm has nothing of the release, or it was uninstalled with its history kept.
bool is_to_be_installed(const RevisionPtr& newest) { return !newest || newest->status == ReleaseStatus::uninstalled; }

}  // namespace

HelmResult Helm::install(const std::string& release, const std::string& ns, ChartPtr chart, const UserValues& values,
                         const HelmOptions& options) {
  return run_command(cluster_, machines_, options, major_, [&](Client& client) {
    return prefixed("INSTALLATION FAILED: ", run_install(client, {release, ns}, chart, values, options.replace));
  });
}

HelmResult Helm::upgrade(const std::string& release, const std::string& ns, ChartPtr chart, const Values* values,
                         const HelmOptions& options) {
  return run_command(cluster_, machines_, options, major_, [&](Client& client) {
    if (options.install) {
      const RevisionPtr newest = newest_revision(cluster_, ns, release);
      if (is_to_be_installed(newest)) {
        const Values given = values == nullptr ? Values::object() : *values;
        return run_install(client, {release, ns}, chart, given, newest != nullptr);
      }
    }
    return prefixed("UPGRADE FAILED: ", run_upgrade(client, {release, ns}, chart, values));
  });
}

HelmResult Helm::rollback(const std::string& release, const std::string& ns, int revision, const HelmOptions& options) {
  return run_command(cluster_, machines_, options, major_,
                     [&](Client& client) { return run_rollback(client, {release, ns}, revision, options.wait); });
}

HelmResult Helm::uninstall(const std::string& release, const std::string& ns, const HelmOptions& options) {
  return run_command(cluster_, machines_, options, major_, [&](Client& client) {
    return run_uninstall(client, {release, ns}, options.keep_history, options.wait);
  });
}

}  // namespace barnacle
