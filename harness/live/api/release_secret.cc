#include "harness/live/api/release_secret.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <optional>

#include "harness/live/api/yaml.h"
#include "sim/base/text.h"
#include "sim/cluster/json_read.h"
#include "sim/cluster/kinds.h"
#include "sim/cluster/views.h"
#include "sim/helm/manifest.h"
#include "sim/helm/storage.h"

namespace barnacle {
namespace {

constexpr std::size_t kLargestRelease = std::size_t{64} << 20;

// A revision with the bytes that it was stored as.
struct StoredRevision : Revision {
  Json data;
};

std::optional<std::string> from_base64(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    int value = -1;
    if (c >= 'A' && c <= 'Z') value = c - 'A';
    else if (c >= 'a' && c <= 'z') value = c - 'a' + 26;
    else if (c >= '0' && c <= '9') value = c - '0' + 52;
    else if (c == '+') value = 62;
    else if (c == '/') value = 63;
    else if (c == '=' || c == '\n') continue;
    if (value < 0) return std::nullopt;
    bits = bits << 6U | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<char>(bits >> static_cast<unsigned>(count) & 0xffU));
  }
  return bytes;
}

std::optional<std::string> unzipped(std::string bytes) {
  z_stream stream{};
  constexpr int kGzip = 15 + 16;
  if (::inflateInit2(&stream, kGzip) != Z_OK) return std::nullopt;
  stream.next_in = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  std::array<char, 65536> buffer{};
  int result = Z_OK;
  while (result == Z_OK && out.size() < kLargestRelease) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = buffer.size();
    result = ::inflate(&stream, Z_NO_FLUSH);
    out.append(buffer.data(), buffer.size() - stream.avail_out);
  }
  ::inflateEnd(&stream);
  if (result != Z_STREAM_END) return std::nullopt;
  return out;
}

std::optional<Json> release_json(const std::string& data) {
  const auto once = from_base64(data);
  const auto twice = once ? from_base64(*once) : std::nullopt;
  if (!twice) return std::nullopt;
  const bool zipped = twice->starts_with("\x1f\x8b");
  const auto text = zipped ? unzipped(*twice) : twice;
  if (!text) return std::nullopt;
  Json json = Json::parse(*text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  return json;
}

std::optional<Object> manifest_object(const Json& document, const std::string& ns) {
  const auto kind = kind_from_name(text_at(document, "kind"));
  if (!kind) return std::nullopt;
  const Json& metadata = at(document, "metadata");
  Object object;
  object.kind = *kind;
  object.name = text_at(metadata, "name");
  const std::string own = text_at(metadata, "namespace");
  if (is_namespaced(*kind)) object.namespace_ = own.empty() ? ns : own;
  object.labels = strings_at(metadata, "labels");
  object.annotations = strings_at(metadata, "annotations");
  Json body = document;
  for (const char* key : {"apiVersion", "kind", "metadata", "status"}) body.erase(key);
  object.body = make_body(std::move(body));
  return object;
}

std::optional<Hook> hook_of(const Json& json, const std::string& ns) {
  const auto documents = documents_from_yaml(text_at(json, "manifest"));
  if (!documents || documents->empty()) return std::nullopt;
  auto object = manifest_object(documents->front(), ns);
  if (!object) return std::nullopt;
  Hook hook;
  hook.events = texts_at(json, "events");
  hook.weight = static_cast<int>(number_at(json, "weight").value_or(0));
  const std::vector<std::string> policies = texts_at(json, "delete_policies");
  const auto has = [&](const char* name) { return std::ranges::count(policies, name) > 0; };
  hook.delete_policy = {has("before-hook-creation"), has("hook-succeeded"), has("hook-failed")};
  hook.object = std::move(*object);
  return hook;
}

std::shared_ptr<const Rendered> rendered_of(const Json& release, const std::string& ns) {
  Rendered rendered;
  if (const auto documents = documents_from_yaml(text_at(release, "manifest"))) {
    for (const Json& document : *documents) {
      if (auto object = manifest_object(document, ns)) rendered.objects.push_back(std::move(*object));
    }
  }
  for (const Json& json : elements_at(release, "hooks")) {
    if (auto hook = hook_of(json, ns)) rendered.hooks.push_back(std::move(*hook));
  }
  rendered.hash = hash_of_json(at(release, "manifest"));
  return std::make_shared<const Rendered>(std::move(rendered));
}

ReleaseStatus status_from(const std::string& text) {
  for (int index = 0; index <= static_cast<int>(ReleaseStatus::pending_rollback); ++index) {
    if (status_name(static_cast<ReleaseStatus>(index)) == text) return static_cast<ReleaseStatus>(index);
  }
  return ReleaseStatus::failed;
}

ChartPtr chart_of(const Json& release) {
  const Json& metadata = at(at(release, "chart"), "metadata");
  auto chart = std::make_shared<Chart>();
  chart->name = text_at(metadata, "name");
  chart->version = text_at(metadata, "version");
  return chart;
}

}  // namespace

void read_release_data(Object& secret) {
  if (text_at(secret.json(), "type") != "helm.sh/release.v1") return;
  const auto release = release_json(text_at(at(secret.json(), "data"), "release"));
  if (!release) return;
  auto stored = std::make_shared<StoredRevision>();
  stored->release = text_at(*release, "name");
  stored->namespace_ = text_at(*release, "namespace");
  stored->number = static_cast<int>(number_at(*release, "version").value_or(0));
  stored->status = status_from(text_at(at(*release, "info"), "status"));
  stored->description = text_at(at(*release, "info"), "description");
  stored->chart = chart_of(*release);
  stored->config = at(*release, "config").is_object() ? at(*release, "config") : Json::object();
  stored->manifest = rendered_of(*release, stored->namespace_);
  secret.payload_hash = hash_of_revision(*stored);
  Json body = secret.json();
  stored->data = body["data"];
  body.erase("data");
  secret.body = make_body(std::move(body));
  secret.labels.edit().erase("modifiedAt");
  secret.labels.edit().erase("createdAt");
  secret.payload = std::shared_ptr<const Revision>(std::move(stored));
}

void add_release_data(const Object& object, Json& json) {
  if (object.kind != Kind::secret || !object.payload || text_at(json, "type") != "helm.sh/release.v1") return;
  const auto* revision = static_cast<const Revision*>(object.payload.get());
  json["data"] = static_cast<const StoredRevision*>(revision)->data;
}

}  // namespace barnacle
