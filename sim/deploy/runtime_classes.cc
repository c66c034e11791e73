// RuntimeClasses made and removed by the deploy logic itself (up to 3.22.0; later the chart owns them).
#include <fmt/format.h>

#include "sim/deploy/deployment.h"

namespace barnacle {
namespace {

void require_file(Deployment& deployment, const std::string& shim) {
  const std::string name = "kata-" + shim;
  if (deployment.settings.version->payload->runtime_classes.contains(name)) return;
  const std::string file = fmt::format("/opt/kata-artifacts/runtimeclasses/{}.yaml", name);
  if (!deployment.settings.suffix.empty()) {
    deployment.shell.fail(fmt::format("sed: can't read {}: No such file or directory", file), 2);
  }
  deployment.shell.fail(fmt::format("error: the path \"{}\" does not exist", file));
}

BodyPtr runtime_class(const std::string& handler) {
  return make_body({{"handler", handler},
                    {"overhead", {{"podFixed", {{"cpu", "250m"}, {"memory", "160Mi"}}}}},
                    {"scheduling", {{"nodeSelector", {{"katacontainers.io/kata-runtime", "true"}}}}}});
}

// kubectl apply: create it, or find it as it should be.
Work apply(Deployment& deployment, std::string name, std::string handler) {
  Shell& shell = deployment.shell;
  const EffectResult present = co_await shell.api_get(Kind::runtime_class, name);
  if (!present.api_error) {
    shell.print(fmt::format("runtimeclass.node.k8s.io/{} unchanged", name));
    co_return;
  }
  if (present.api_error->code != 404) {
    shell.fail(fmt::format("Error from server ({}): {}", present.api_error->reason, present.api_error->message));
  }
  const BodyPtr body = runtime_class(handler);
  const EffectResult created = co_await shell.api_create(Kind::runtime_class, name, body);
  if (created.api_error && created.api_error->code != 409) {
    shell.fail(fmt::format("Error from server ({}): {}", created.api_error->reason, created.api_error->message));
  }
  shell.print(fmt::format("runtimeclass.node.k8s.io/{} created", name));
}

// kubectl delete, which waits until the object is gone.
Work remove(Deployment& deployment, std::string name, std::string file) {
  Shell& shell = deployment.shell;
  const EffectResult removed = co_await shell.api_delete(Kind::runtime_class, name);
  if (removed.api_error) {
    const bool gone = removed.api_error->code == 404;
    if (gone && !deployment.has(Defect::runtime_class_delete_strict)) co_return;
    shell.fail(fmt::format("Error from server ({}): error when deleting \"{}\": {}", removed.api_error->reason, file,
                           removed.api_error->message));
  }
  shell.print(fmt::format("runtimeclass.node.k8s.io \"{}\" deleted", name));
  co_await shell.api_get(Kind::runtime_class, name);
}

bool default_wanted(const Settings& settings) {
  return settings.create_default_runtime_class && settings.suffix.empty();
}

}  // namespace

Work create_runtime_classes(Deployment& deployment) {
  const Settings& settings = deployment.settings;
  deployment.shell.print("Creating the runtime classes");
  for (const std::string& shim : settings.shims) {
    require_file(deployment, shim);
    co_await apply(deployment, settings.handler(shim), settings.handler(shim));
  }
  if (default_wanted(settings)) co_await apply(deployment, "kata", "kata-" + settings.default_shim);
}

Work delete_runtime_classes(Deployment& deployment) {
  const Settings& settings = deployment.settings;
  deployment.shell.print("Deleting the runtime classes");
  for (const std::string& shim : settings.shims) {
    deployment.shell.print(fmt::format("Deleting the kata-{} runtime class", shim));
    require_file(deployment, shim);
    co_await remove(deployment, settings.handler(shim),
                    fmt::format("/opt/kata-artifacts/runtimeclasses/kata-{}.yaml", shim));
  }
  if (default_wanted(settings)) co_await remove(deployment, "kata", "/tmp/kata.yaml");
}

}  // namespace barnacle
