// Shrinking: drop steps and nodes, then settings, as long as the same invariant is still violated.
#include <algorithm>

#include "harness/engine/campaign.h"

namespace barnacle {
namespace {

class Shrinker {
 public:
  Shrinker(Scenario scenario, const Shows& shows, const std::atomic<bool>& stop)
      : best_(std::move(scenario)), shows_(shows), stop_(stop) {}

  Scenario run() {
    cut_after_finding();
    bool better = true;
    while (better && !stop_) {
      better = drop_steps();
      better = drop_nodes() || better;
      better = simplify_steps() || better;
    }
    return std::move(best_);
  }

 private:
  bool still_violates(const Scenario& candidate) {
    if (stop_ || candidate.steps.empty() || candidate.nodes.empty()) return false;
    return shows_(candidate).has_value();
  }

  bool accept(Scenario candidate) {
    if (!still_violates(candidate)) return false;
    best_ = std::move(candidate);
    return true;
  }

  void cut_after_finding() {
    if (stop_) return;
    if (const auto steps = shows_(best_)) best_.steps.resize(*steps);
  }

  // Halves, quarters … single steps.
  bool drop_steps() {
    bool dropped = false;
    for (std::size_t size = std::max<std::size_t>(best_.steps.size() / 2, 1); size >= 1; size /= 2) {
      for (std::size_t at = 0; at + size <= best_.steps.size();) {
        Scenario candidate = best_;
        candidate.steps.erase(candidate.steps.begin() + static_cast<std::ptrdiff_t>(at),
                              candidate.steps.begin() + static_cast<std::ptrdiff_t>(at + size));
        if (accept(std::move(candidate))) dropped = true;
        else ++at;
      }
      if (size == 1) break;
    }
    return dropped;
  }

  bool drop_nodes() {
    bool dropped = false;
    for (std::size_t at = 0; at < best_.nodes.size() && best_.nodes.size() > 1;) {
      Scenario candidate = best_;
      const std::string gone = candidate.nodes[at].name;
      candidate.nodes.erase(candidate.nodes.begin() + static_cast<std::ptrdiff_t>(at));
      std::erase_if(candidate.steps, [&](const Step& step) { return step.node == gone; });
      if (accept(std::move(candidate))) dropped = true;
      else ++at;
    }
    return dropped;
  }

  bool simplify_steps() {
    bool simpler = false;
    for (std::size_t at = 0; at < best_.steps.size(); ++at) {
      simpler = simplify_kind(at) || simpler;
      simpler = simplify_values(at) || simpler;
      simpler = simplify_options(at) || simpler;
    }
    return simpler;
  }

  // A restart of the pod is the simplest step that starts the logic again.
  bool simplify_kind(std::size_t at) {
    const Step& step = best_.steps[at];
    if (step.kind != StepKind::upgrade && step.kind != StepKind::rollback && step.kind != StepKind::reboot_node &&
        step.kind != StepKind::edit_cluster)
      return false;
    for (const Step& other : best_.steps) {
      if (other.kind != StepKind::install) continue;
      Scenario candidate = best_;
      candidate.steps[at] = Step{};
      candidate.steps[at].kind = StepKind::restart_pod;
      candidate.steps[at].release = other.release;
      candidate.steps[at].namespace_ = other.namespace_;
      if (accept(std::move(candidate))) return true;
    }
    return false;
  }

  bool simplify_values(std::size_t at) {
    if (!best_.steps[at].values) return false;
    bool simpler = false;
    std::vector<std::vector<std::string>> leaves;
    collect(*best_.steps[at].values, {}, leaves);
    for (const std::vector<std::string>& leaf : leaves) {
      Scenario candidate = best_;
      erase(*candidate.steps[at].values, leaf, 0);
      if (accept(std::move(candidate))) {
        simpler = true;
        continue;
      }
      simpler = drop_words(at, leaf) || simpler;
    }
    return simpler;
  }

  // "qemu clh fc" → "qemu": one word less at a time.
  bool drop_words(std::size_t at, const std::vector<std::string>& leaf) {
    bool simpler = false;
    for (std::size_t word = 0;;) {
      Scenario candidate = best_;
      nlohmann::json* value = &*candidate.steps[at].values;
      for (const std::string& key : leaf) value = &(*value)[key];
      if (!value->is_string()) return simpler;
      std::vector<std::string> words = split(value->get<std::string>(), ' ');
      if (words.size() < 2 || word >= words.size()) return simpler;
      words.erase(words.begin() + static_cast<std::ptrdiff_t>(word));
      std::string joined;
      for (const std::string& one : words) joined += (joined.empty() ? "" : " ") + one;
      *value = joined;
      if (accept(std::move(candidate))) simpler = true;
      else ++word;
    }
  }

  bool simplify_options(std::size_t at) {
    bool simpler = false;
    const auto attempt = [&](auto change) {
      Scenario candidate = best_;
      if (!change(candidate.steps[at])) return;
      if (accept(std::move(candidate))) simpler = true;
    };
    attempt([](Step& step) { return std::exchange(step.at, std::nullopt).has_value(); });
    attempt([](Step& step) { return !std::exchange(step.version, "").empty(); });
    attempt([](Step& step) { return step.kind == StepKind::restart_pod && !std::exchange(step.node, "").empty(); });
    attempt([](Step& step) { return !std::exchange(step.faults, {}).empty(); });
    return simpler;
  }

  static void collect(const nlohmann::json& values, const std::vector<std::string>& path,
                      std::vector<std::vector<std::string>>& leaves) {
    for (const auto& [key, value] : values.items()) {
      std::vector<std::string> below = path;
      below.push_back(key);
      if (value.is_object()) collect(value, below, leaves);
      else leaves.push_back(below);
    }
  }

  static void erase(nlohmann::json& values, const std::vector<std::string>& path, std::size_t depth) {
    if (depth + 1 == path.size()) {
      values.erase(path[depth]);
      return;
    }
    erase(values[path[depth]], path, depth + 1);
    if (values[path[depth]].empty()) values.erase(path[depth]);
  }

  Scenario best_;
  const Shows& shows_;
  const std::atomic<bool>& stop_;
};

}  // namespace

Scenario shrink(Scenario scenario, const Shows& shows, const std::atomic<bool>& stop) {
  return Shrinker(std::move(scenario), shows, stop).run();
}

Scenario shrink(Lab& lab, const VersionPtr& subject, Scenario scenario, const std::string& invariant,
                const std::atomic<bool>& stop) {
  const Shows shows = [&](const Scenario& candidate) -> std::optional<std::size_t> {
    const auto timeline =
        replay(lab, subject, candidate, {.details = false, .only_invariant = invariant, .stop_at_first = true});
    if (!timeline || timeline->findings.empty()) return std::nullopt;
    return timeline->steps.size();
  };
  return shrink(std::move(scenario), shows, stop);
}

}  // namespace barnacle
