#include "harness/live/api/handler.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "harness/live/api/protobuf.h"
#include "harness/live/api/wire_object.h"
#include "harness/live/api/yaml.h"
#include "sim/base/text.h"
#include "sim/cluster/json_read.h"
#include "sim/cluster/kinds.h"
#include "sim/cluster/patch.h"

namespace barnacle {
namespace {

std::string decoded(std::string_view text) {
  std::string out;
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') out += ' ';
    else if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else out += text[i];
  }
  return out;
}

ApiError bad(const std::string& what) { return {400, "BadRequest", what}; }

std::string query_of(const ApiRequest& request, const char* key) {
  const auto found = request.query.find(key);
  return found == request.query.end() ? "" : found->second;
}

// "name=x,owner=helm"; other operators are refused rather than misread.
std::expected<Selector, ApiError> selector_of(const std::string& text) {
  Selector selector;
  for (const std::string& term : split(text, ',')) {
    const std::size_t equals = term.find('=');
    if (equals == std::string::npos || equals == 0 || term[equals - 1] == '!')
      return std::unexpected(bad(fmt::format("unable to parse requirement: '{}' is not supported here", term)));
    const std::size_t value = term.find_first_not_of('=', equals);
    selector[term.substr(0, equals)] = value == std::string::npos ? "" : term.substr(value);
  }
  return selector;
}

std::string name_in_field_selector(const ApiRequest& request) {
  constexpr std::string_view kName = "metadata.name=";
  const std::string fields = query_of(request, "fieldSelector");
  return fields.starts_with(kName) ? fields.substr(kName.size()) : "";
}

std::expected<Json, ApiError> document_of(const ApiRequest& request) {
  if (request.content_type.starts_with(kProtobuf)) {
    auto json = json_from_protobuf(request.body);
    if (!json) return std::unexpected(bad(json.error()));
    return std::move(*json);
  }
  if (request.content_type.find("yaml") != std::string::npos) {
    auto documents = documents_from_yaml(request.body);
    if (!documents) return std::unexpected(bad(documents.error()));
    if (documents->size() != 1) return std::unexpected(bad("the body is not one document"));
    return std::move(documents->front());
  }
  Json json = Json::parse(request.body, nullptr, false);
  if (json.is_discarded()) return std::unexpected(bad("the object provided is unrecognized: it is no JSON"));
  return json;
}

ApiResponse json_response(int status, const Json& body) {
  return {status, "application/json", body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"};
}

struct Call {
  Cluster& cluster;
  const ApiRequest& request;
  const ResourcePath& path;
  Account who;
};

// By whose name managedFields knows the writer: as it says, or by its program's name.
Account writer_of(const ApiRequest& request) {
  Account who = request.account;
  who.manager = query_of(request, "fieldManager");
  if (who.manager.empty()) who.manager = request.user_agent.substr(0, request.user_agent.find('/'));
  return who;
}

ApiResponse object_response(const Call& call, int status, const ApiResult<ObjectPtr>& result) {
  if (!result) return error_response(result.error());
  return json_response(status, wire_object(call.cluster, **result));
}

ApiResponse get_one(const Call& call) {
  return object_response(call, 200, call.cluster.get(call.who, call.path.kind, call.path.namespace_, call.path.name));
}

ApiResponse list_all(const Call& call) {
  const auto selector = selector_of(query_of(call.request, "labelSelector"));
  if (!selector) return error_response(selector.error());
  auto found = call.cluster.list(call.who, call.path.kind, call.path.namespace_, *selector);
  if (!found) return error_response(found.error());
  if (const std::string name = name_in_field_selector(call.request); !name.empty())
    std::erase_if(*found, [&](const ObjectPtr& object) { return object->name != name; });
  return json_response(200, wire_list(call.cluster, call.path.kind, *found));
}

bool dry_run(const ApiRequest& request) { return !query_of(request, "dryRun").empty(); }

ApiResponse create_one(const Call& call) {
  const auto document = document_of(call.request);
  if (!document) return error_response(document.error());
  auto object = object_from_wire(*document, call.path.kind, call.path.namespace_, "");
  if (!object) return error_response(object.error());
  if (dry_run(call.request)) {
    Cluster trial = call.cluster;
    return object_response(call, 201, trial.create(call.who, std::move(*object)));
  }
  return object_response(call, 201, call.cluster.create(call.who, std::move(*object)));
}

ApiResponse replace_one(const Call& call) {
  const auto document = document_of(call.request);
  if (!document) return error_response(document.error());
  auto object = object_from_wire(*document, call.path.kind, call.path.namespace_, call.path.name);
  if (!object) return error_response(object.error());
  return object_response(call, 200, call.cluster.update(call.who, *object));
}

// Why a request for server-side apply is refused before the object is looked at.
std::optional<ApiError> refuse_apply(const Call& call, const Json& document) {
  if (query_of(call.request, "fieldManager").empty())
    return ApiError{
        422, "Invalid",
        "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch"};
  if (!at(at(document, "metadata"), "managedFields").is_null()) return bad("metadata.managedFields must be nil");
  if (const std::string name = text_at(at(document, "metadata"), "name"); !name.empty() && name != call.path.name)
    return bad(
        fmt::format("the name of the object ({}) does not match the name on the URL ({})", name, call.path.name));
  return std::nullopt;
}

ApiResponse apply_one(const Call& call, const Json& document) {
  if (const auto refusal = refuse_apply(call, document)) return error_response(*refusal);
  auto object = object_from_wire(document, call.path.kind, call.path.namespace_, call.path.name);
  if (!object) return error_response(object.error());
  const bool is_there = call.cluster.find(call.path.kind, object->namespace_, object->name) != nullptr;
  const bool force = query_of(call.request, "force") == "true";
  return object_response(call, is_there ? 200 : 201, call.cluster.apply(call.who, std::move(*object), force));
}

ApiResponse patch_one(const Call& call) {
  const auto document = document_of(call.request);
  if (!document) return error_response(document.error());
  const std::string& type = call.request.content_type;
  const auto& [kind, ns, name, subresource] = call.path;
  if (type.starts_with("application/apply-patch")) return apply_one(call, *document);
  if (type.starts_with("application/merge-patch+json"))
    return object_response(call, 200, call.cluster.merge_patch(call.who, kind, ns, name, *document));
  if (type.starts_with("application/strategic-merge-patch+json"))
    return object_response(call, 200, call.cluster.strategic_merge_patch(call.who, kind, ns, name, *document));
  return error_response({415, "UnsupportedMediaType",
                         fmt::format("the body of the request was in an unknown format - accepted media types include: "
                                     "application/merge-patch+json, application/strategic-merge-patch+json, "
                                     "application/apply-patch+yaml; it is {}",
                                     type)});
}

Propagation propagation_of(const ApiRequest& request) {
  std::string policy = query_of(request, "propagationPolicy");
  if (!request.body.empty()) {
    if (const auto document = document_of(request)) {
      const std::string given = text_at(*document, "propagationPolicy");
      if (!given.empty()) policy = given;
    }
  }
  if (policy == "Foreground") return Propagation::foreground;
  return policy == "Orphan" ? Propagation::orphan : Propagation::background;
}

ApiResponse delete_one(const Call& call) {
  const ObjectPtr before =
      call.cluster.find(call.path.kind, is_namespaced(call.path.kind) ? call.path.namespace_ : "", call.path.name);
  const auto removed =
      call.cluster.remove(call.who, call.path.kind, call.path.namespace_, call.path.name, propagation_of(call.request));
  if (!removed) return error_response(removed.error());
  const Json details = {{"name", call.path.name}, {"kind", facts(call.path.kind).resource}};
  return json_response(200, {{"kind", "Status"},
                             {"apiVersion", "v1"},
                             {"metadata", Json::object()},
                             {"status", "Success"},
                             {"details", details}});
}

struct Row {
  std::string_view method;
  bool named;
  ApiResponse (*handle)(const Call&);
};
constexpr std::array<Row, 6> kRows{{{"GET", true, get_one},
                                    {"GET", false, list_all},
                                    {"POST", false, create_one},
                                    {"PUT", true, replace_one},
                                    {"PATCH", true, patch_one},
                                    {"DELETE", true, delete_one}}};

}  // namespace

ApiResponse error_response(const ApiError& error) { return json_response(error.code, wire_status(error)); }

ApiRequest parse_target(const std::string& target) {
  ApiRequest request;
  const std::size_t question = target.find('?');
  request.path = decoded(target.substr(0, question));
  if (question != std::string::npos) {
    for (const std::string& pair : split(target.substr(question + 1), '&')) {
      const std::size_t equals = std::min(pair.find('='), pair.size());
      request.query[decoded(pair.substr(0, equals))] =
          equals < pair.size() ? decoded(std::string_view(pair).substr(equals + 1)) : "";
    }
  }
  constexpr std::string_view kAs = "/_as/system:serviceaccount:";
  if (!request.path.starts_with(kAs)) return request;
  const std::size_t end = std::min(request.path.find('/', kAs.size()), request.path.size());
  const std::string account = request.path.substr(kAs.size(), end - kAs.size());
  const std::size_t colon = std::min(account.find(':'), account.size());
  request.account = {account.substr(0, colon), colon < account.size() ? account.substr(colon + 1) : ""};
  if (request.account.name.empty()) request.account.name = "?";  // nobody, rather than an administrator
  request.path = request.path.substr(end);
  return request;
}

std::optional<WatchRequest> watch_of(const ApiRequest& request) {
  const std::string watch = query_of(request, "watch");
  if (request.method != "GET" || (watch != "true" && watch != "1")) return std::nullopt;
  const auto path = parse_resource_path(request.path);
  if (!path) return std::nullopt;
  WatchRequest wanted{.kind = path->kind,
                      .namespace_ = path->namespace_,
                      .name = path->name,
                      .selector = {},
                      .from = 0,
                      .initial_events = query_of(request, "sendInitialEvents") == "true"};
  if (wanted.name.empty()) wanted.name = name_in_field_selector(request);
  if (const auto selector = selector_of(query_of(request, "labelSelector"))) wanted.selector = *selector;
  const std::string version = query_of(request, "resourceVersion");
  if (!version.empty() && version.size() < 19 && version.find_first_not_of("0123456789") == std::string::npos)
    wanted.from = std::stoull(version);
  return wanted;
}

ApiResponse handle(Cluster& cluster, const ApiRequest& request) {
  if (request.method == "GET") {
    if (const auto found = discovery(request.path, request.accept))
      return {200, found->content_type, found->body.dump() + "\n"};
  }
  const auto path = parse_resource_path(request.path);
  if (!path || !path->subresource.empty())
    return error_response({404, "NotFound", "the server could not find the requested resource"});
  for (const Row& row : kRows) {
    if (row.method == request.method && row.named == !path->name.empty())
      return row.handle({cluster, request, *path, writer_of(request)});
  }
  return error_response({405, "MethodNotAllowed", "the server does not allow this method on the requested resource"});
}

}  // namespace barnacle
