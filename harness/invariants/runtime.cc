// The container runtime: would it come up, has it loaded what is on disk, does it offer what RuntimeClasses promise.
#include <fmt/format.h>

#include <algorithm>

#include "harness/invariants/checks.h"

namespace barnacle {
namespace {

// A RuntimeClass, and the handler that it names.
struct Promise {
  ObjectPtr runtime_class;
  std::string_view handler;
};

std::string_view handler_of(const Object& runtime_class) {
  const auto handler = runtime_class.json().find("handler");
  return handler == runtime_class.json().end() ? std::string_view() : handler->get_ref<const std::string&>();
}

// The RuntimeClasses of a release: those that its chart owns, and those that its script made for its shims.
std::vector<Promise> promises_of(const World& world, const Served& served) {
  std::vector<Promise> promises;
  const Settings& settings = *served.settings;
  const RevisionPtr newest = newest_revision(world.cluster, served.namespace_, served.release);
  for (const ObjectPtr& object : world.cluster.of_kind(Kind::runtime_class)) {
    const std::string& owner = release_of(*object);
    const bool by_chart = owner == served.release && in_manifest(newest, *object);
    const bool by_script = owner.empty() && std::ranges::any_of(settings.shims, [&](const std::string& shim) {
                             return settings.handler(shim) == object->name;
                           });
    if (by_chart || by_script) promises.push_back({object, handler_of(*object)});
  }
  return promises;
}

// They are the same on every node that a release serves with the same values.
class Promises {
 public:
  explicit Promises(const World& world) : world_(world) {}

  // Good until the next call.
  const std::vector<Promise>& of(const Served& served) {
    const auto known = std::ranges::find_if(known_, [&](const auto& one) {
      return one.first->settings->hash == served.settings->hash && one.first->release == served.release &&
             one.first->namespace_ == served.namespace_;
    });
    if (known != known_.end()) return known->second;
    return known_.emplace_back(&served, promises_of(world_, served)).second;
  }

 private:
  const World& world_;
  std::vector<std::pair<const Served*, std::vector<Promise>>> known_;
};

}  // namespace

void runtime_parses(const NodeView& node, std::vector<Violation>& violations) {
  const auto loaded = load_runtime_configuration(node.host.host.files, node.host.host.runtime);
  if (loaded) return;
  if (!load_runtime_configuration(node.baseline->host.files, node.host.host.runtime)) return;  // the operator's doing
  violations.push_back({"", loaded.error().file, loaded.error().what, node.served.front()->release});
}

void runtime_loaded(const NodeView& node, std::vector<Violation>& violations) {
  const auto on_disk = load_runtime_configuration(node.host.host.files, node.host.host.runtime);
  const LoadedConfigPtr& running = node.host.host.loaded;
  if (!on_disk || (running && running->hash == (*on_disk)->hash)) return;
  violations.push_back({"", node.host.host.runtime.unit(),
                        running ? "runs with another configuration than is on disk"
                                : "is not running although its configuration is good",
                        node.served.front()->release});
}

// The moment between two effects is long enough for a node to lose its power.
void runtime_restartable(const CheckContext& context, Verdict& verdict) {
  for (const RunEvent& event : context.record.runs) {
    verdict.spoke = true;
    if (event.run->unrestartable.empty()) continue;
    verdict.violations.push_back(
        {event.node, event.run->unrestartable_path,
         fmt::format("{} (after effect {})", event.run->unrestartable, event.run->unrestartable_effect),
         event.release});
  }
}

void runtime_handlers(const CheckContext& context, Verdict& verdict) {
  Promises promises(context.after);
  for (const ClusterNode& node : context.nodes) {
    if (!node.labelled) continue;
    const auto& loaded = node.host.host.loaded;
    for (std::size_t i = 0; i < node.served.size(); ++i) {
      if (node.standing[i] != Standing::settled) continue;
      const Served& served = *node.served[i];
      for (const Promise& promise : promises.of(served)) {
        verdict.spoke = true;
        if (!loaded || std::ranges::find(loaded->handlers, promise.handler, &Handler::name) == loaded->handlers.end()) {
          verdict.violations.push_back(
              {node.name, "RuntimeClass " + promise.runtime_class->name,
               fmt::format("names handler {}, which the runtime has not loaded", promise.handler), served.release});
          continue;
        }
        for (const BrokenHandler& one : broken_handlers_on(node)) {
          if (one.handler == promise.handler)
            verdict.violations.push_back(
                {node.name, one.path, fmt::format("is missing for handler {}", promise.handler), served.release});
        }
      }
    }
  }
}

void disruption_bounded(const CheckContext& context, Verdict& verdict) {
  for (const RunEvent& event : context.record.runs) {
    verdict.spoke = true;
    if (event.run->restarts == 0 || event.run->loaded_differently) continue;
    verdict.violations.push_back({event.node, event.before->host.runtime.unit(),
                                  fmt::format("was restarted {} times by {}, and loaded what it had",
                                              event.run->restarts, program_name(event.run->program)),
                                  event.release});
  }
}

}  // namespace barnacle
