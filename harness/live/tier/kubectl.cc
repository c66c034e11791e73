#include "harness/live/tier/kubectl.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "harness/live/api/yaml.h"
#include "sim/base/text.h"
#include "sim/cluster/json_read.h"
#include "sim/cluster/kinds.h"

namespace barnacle {
namespace {

using nlohmann::json;
using Words = std::vector<std::string>;

constexpr std::string_view kJsonPath = "jsonpath=";
constexpr const char* kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

ApiRequest request_of(const Account& account, const char* method, std::string path) {
  ApiRequest request;
  request.method = method;
  request.path = std::move(path);
  request.account = account;
  request.accept = "application/json";
  return request;
}

std::string path_of_node(const std::string& name) { return "/api/v1/nodes/" + name; }

// "Error from server (NotFound): nodes "x" not found"; `doing`: "error when deleting "FILE": "
Answer refusal(const ApiResponse& response, const std::string& doing = "") {
  const json status = json::parse(response.body, nullptr, false);
  return {.exit = 1,
          .err = fmt::format("Error from server ({}): {}{}\n", text_at(status, "reason"), doing,
                             text_at(status, "message"))};
}

// One step of a path: a key, then perhaps the elements whose "type" is so.
struct PathStep {
  std::string key;
  std::string of_type = {};
};

// "{.status.conditions[?(@.type=="Ready")].status}" and the like; dots of a key are escaped.
std::optional<std::vector<PathStep>> steps_of(std::string_view text) {
  constexpr std::string_view kFilter = "[?(@.type==\"";
  constexpr std::string_view kFilterEnd = "\")]";
  if (!text.starts_with("{.") || !text.ends_with('}')) return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::vector<PathStep> steps;
  while (!text.empty()) {
    if (text.front() != '.') return std::nullopt;
    text.remove_prefix(1);
    PathStep step;
    for (; !text.empty() && text.front() != '.' && text.front() != '['; text.remove_prefix(1)) {
      if (text.front() == '\\') text.remove_prefix(1);
      if (text.empty() || std::string_view("*@?(){}\"'$ ").contains(text.front())) return std::nullopt;
      step.key += text.front();
    }
    if (step.key.empty()) return std::nullopt;
    if (text.starts_with('[')) {
      const std::size_t end = text.find(kFilterEnd);
      if (!text.starts_with(kFilter) || end == std::string_view::npos) return std::nullopt;
      step.of_type = text.substr(kFilter.size(), end - kFilter.size());
      text.remove_prefix(end + kFilterEnd.size());
    }
    steps.push_back(std::move(step));
  }
  return steps;
}

// What is not there is printed as nothing; only plain texts are printed here.
std::optional<std::string> printed(const json& object, const std::vector<PathStep>& steps) {
  const json* present = &object;
  for (const PathStep& step : steps) {
    const json& below = at(*present, step.key.c_str());
    present = &below;
    if (step.of_type.empty()) continue;
    if (!below.is_array()) return "";
    const json* chosen = nullptr;
    for (const json& one : below) {
      if (text_at(one, "type") != step.of_type) continue;
      if (chosen != nullptr) return std::nullopt;
      chosen = &one;
    }
    if (chosen == nullptr) return "";
    present = chosen;
  }
  if (present->is_null()) return "";
  return present->is_string() ? std::optional(present->get<std::string>()) : std::nullopt;
}

struct Kubectl {
  const StandInCall& call;
  const Cluster& cluster;
  const Account& account;
  const AskApi& ask;

  std::optional<Answer> get_node(const std::string& name, const std::string& output) const {
    if (!output.starts_with(kJsonPath)) return std::nullopt;
    const auto steps = steps_of(std::string_view(output).substr(kJsonPath.size()));
    const ObjectPtr there = cluster.find(Kind::node, "", name);
    if (!steps || !there) return std::nullopt;
    const ApiResponse response = ask(request_of(account, "GET", path_of_node(name)));
    if (response.status != 200) return refusal(response);
    auto text = printed(json::parse(response.body, nullptr, false), *steps);
    if (!text) return std::nullopt;
    return Answer{.out = std::move(*text)};
  }

  // "key=value" with --overwrite, or "key-".
  std::optional<Answer> label_node(const std::string& name, const std::string& change, bool overwrite) const {
    const bool removes = change.ends_with('-') && !change.contains('=');
    const std::size_t equals = change.find('=');
    if (!cluster.find(Kind::node, "", name) || (!removes && (!overwrite || equals == std::string::npos)))
      return std::nullopt;
    const std::string key = removes ? change.substr(0, change.size() - 1) : change.substr(0, equals);
    const std::string value = removes ? "" : change.substr(equals + 1);
    const ApiResponse before = ask(request_of(account, "GET", path_of_node(name)));
    if (before.status != 200) return refusal(before);
    const json node = json::parse(before.body, nullptr, false);
    const Strings labels = strings_at(at(node, "metadata"), "labels");
    const auto present = labels.find(key);
    const bool changes = removes ? present != labels.end() : present == labels.end() || present->second != value;
    ApiRequest patch = request_of(account, "PATCH", path_of_node(name));
    patch.query["fieldManager"] = "kubectl-label";
    patch.content_type = "application/merge-patch+json";
    json wanted = json::object();
    if (changes) wanted["metadata"]["labels"][key] = removes ? json() : json(value);
    patch.body = wanted.dump();
    const ApiResponse after = ask(patch);
    if (after.status != 200) return refusal(after);
    std::string said = removes && !changes ? fmt::format("label \"{}\" not found.\n", key) : "";
    said += fmt::format("node/{} {}\n", name, !changes ? "not labeled" : removes ? "unlabeled" : "labeled");
    return Answer{.out = std::move(said)};
  }

  // An object of the whole cluster, alone in its file.
  struct Wanted {
    json document;
    Kind kind;
    std::string name;
    std::string collection;  // "/apis/node.k8s.io/v1/runtimeclasses"
    std::string resource;    // "runtimeclass.node.k8s.io"
  };
  std::optional<Wanted> wanted_in(const std::string& file) const {
    const auto contents = call.files.find(file);
    if (contents == call.files.end()) return std::nullopt;
    const auto documents = documents_from_yaml(contents->second);
    if (!documents || documents->size() != 1) return std::nullopt;
    const json& document = documents->front();
    const std::string version = text_at(document, "apiVersion");
    if (text_at(document, "kind") != "RuntimeClass" || version != "node.k8s.io/v1") return std::nullopt;
    return Wanted{document, Kind::runtime_class, text_at(at(document, "metadata"), "name"),
                  "/apis/" + version + "/runtimeclasses", "runtimeclass.node.k8s.io"};
  }

  // Of one that is there already only kubectl knows what it would change.
  std::optional<Answer> apply(const std::string& file) const {
    auto wanted = wanted_in(file);
    if (!wanted || cluster.find(wanted->kind, "", wanted->name) ||
        !cluster.allowed(account, "get", wanted->kind, "", wanted->name) ||
        !cluster.allowed(account, "create", wanted->kind, ""))
      return std::nullopt;
    (void)ask(request_of(account, "GET", wanted->collection + "/" + wanted->name));
    json& metadata = wanted->document["metadata"];
    if (at(metadata, "annotations").is_null()) metadata["annotations"] = json::object();
    metadata["annotations"][kLastApplied] = wanted->document.dump() + "\n";
    ApiRequest create = request_of(account, "POST", wanted->collection);
    create.query = {{"fieldManager", "kubectl-client-side-apply"}, {"fieldValidation", "Strict"}};
    create.content_type = "application/json";
    create.body = wanted->document.dump();
    const ApiResponse created = ask(create);
    if (created.status != 201) return refusal(created, fmt::format("error when creating \"{}\": ", file));
    return Answer{.out = fmt::format("{}/{} created\n", wanted->resource, wanted->name)};
  }

  std::optional<Answer> remove(const std::string& file, bool ignore_missing) const {
    const auto wanted = wanted_in(file);
    if (!wanted || !cluster.allowed(account, "delete", wanted->kind, "", wanted->name) ||
        !cluster.allowed(account, "get", wanted->kind, "", wanted->name))
      return std::nullopt;
    const std::string path = wanted->collection + "/" + wanted->name;
    ApiRequest request = request_of(account, "DELETE", path);
    request.content_type = "application/json";
    request.body = R"({"propagationPolicy":"Background"})";
    const ApiResponse removed = ask(request);
    if (removed.status == 404 && ignore_missing) return Answer{};
    if (removed.status != 200) return refusal(removed, fmt::format("error when deleting \"{}\": ", file));
    (void)ask(request_of(account, "GET", path));  // is it gone?
    return Answer{.out = fmt::format("{} \"{}\" deleted\n", wanted->resource, wanted->name)};
  }

  std::optional<Answer> answer() const {
    const Words& argv = call.argv;
    const auto is = [&](const Words& pattern) {
      if (argv.size() != pattern.size()) return false;
      for (std::size_t i = 0; i < argv.size(); ++i) {
        if (pattern[i] != "*" && pattern[i] != argv[i]) return false;
      }
      return true;
    };
    if (is({"kubectl", "get", "node", "*", "-o", "*"})) return get_node(argv[3], argv[5]);
    if (is({"kubectl", "label", "node", "*", "--overwrite", "*"})) return label_node(argv[3], argv[5], true);
    if (is({"kubectl", "label", "node", "*", "*"})) return label_node(argv[3], argv[4], false);
    if (is({"kubectl", "apply", "-f", "*"})) return apply(argv[3]);
    if (is({"kubectl", "delete", "-f", "*"})) return remove(argv[3], false);
    if (is({"kubectl", "delete", "--ignore-not-found", "-f", "*"})) return remove(argv[4], true);
    if (is({"kubectl", "get", "crds", "*"}))
      return Answer{.exit = 1, .err = "error: the server doesn't have a resource type \"crds\"\n"};
    return std::nullopt;
  }
};

}  // namespace

std::optional<Answer> answer_as_kubectl(const StandInCall& call, const Cluster& cluster, const Account& account,
                                        const AskApi& ask) {
  return Kubectl{call, cluster, account, ask}.answer();
}

}  // namespace barnacle
