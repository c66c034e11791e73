#include "sim/cluster/api_error.h"

#include "sim/cluster/kinds.h"

namespace barnacle {
namespace {

template <class... Texts>
std::string join(const Texts&... texts) {
  std::string text;
  (text.append(texts), ...);
  return text;
}

std::string with_group(std::string_view name, Kind kind) {
  const std::string_view group = facts(kind).group;
  return group.empty() ? std::string(name) : join(name, ".", group);
}

std::unexpected<ApiError> error(int code, const char* reason, std::string message) {
  return std::unexpected(ApiError{code, reason, std::move(message)});
}

}  // namespace

std::string qualified_resource(Kind kind) { return with_group(resource_name(kind), kind); }
std::string qualified_kind(Kind kind) { return with_group(kind_name(kind), kind); }

std::unexpected<ApiError> not_found(Kind kind, std::string_view name) {
  return error(404, "NotFound", join(qualified_resource(kind), " \"", name, "\" not found"));
}

std::unexpected<ApiError> already_exists(Kind kind, std::string_view name) {
  return error(409, "AlreadyExists", join(qualified_resource(kind), " \"", name, "\" already exists"));
}

std::unexpected<ApiError> conflict(Kind kind, std::string_view name) {
  return error(409, "Conflict",
               join("Operation cannot be fulfilled on ", qualified_resource(kind), " \"", name,
                    "\": the object has been modified; please apply your changes to the latest version and try again"));
}

std::unexpected<ApiError> forbidden(Kind kind, std::string_view name, std::string_view why) {
  return error(403, "Forbidden", join(qualified_resource(kind), " \"", name, "\" is forbidden: ", why));
}

std::unexpected<ApiError> invalid(Kind kind, std::string_view name, std::string_view why) {
  return error(422, "Invalid", join(qualified_kind(kind), " \"", name, "\" is invalid: ", why));
}

std::unexpected<ApiError> bad_request(std::string_view why) { return error(400, "BadRequest", std::string(why)); }

std::unexpected<ApiError> unauthorized() { return error(401, "Unauthorized", "Unauthorized"); }

std::unexpected<ApiError> not_allowed(const Account& who, std::string_view verb, Kind kind, std::string_view ns,
                                      std::string_view name) {
  std::string text = qualified_resource(kind);
  if (!name.empty()) text += join(" \"", name, "\"");
  text += join(" is forbidden: User \"system:serviceaccount:", who.namespace_, ":", who.name, "\" cannot ", verb,
               " resource \"", resource_name(kind), "\" in API group \"", facts(kind).group, "\" ");
  text += ns.empty() ? std::string("at the cluster scope") : join("in the namespace \"", ns, "\"");
  return error(403, "Forbidden", std::move(text));
}

std::string kubectl_text(const ApiError& error) {
  if (error.code == 401) return "error: You must be logged in to the server (Unauthorized)";
  if (error.code == 422) return join("The ", error.message);
  return join("Error from server (", error.reason, "): ", error.message);
}

}  // namespace barnacle
