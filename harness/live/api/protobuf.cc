#include "harness/live/api/protobuf.h"

#include <array>
#include <functional>
#include <optional>

#include "sim/cluster/json_read.h"

namespace barnacle {
namespace {

struct Field {
  std::uint32_t number = 0;
  std::uint64_t value = 0;  // of a varint
  std::string_view bytes;   // of a length-delimited one
};

// Walks the fields of one message; fixed-width ones are skipped.
class Fields {
 public:
  explicit Fields(std::string_view message) : rest_(message) {}

  std::optional<Field> next() {
    while (!rest_.empty() && good_) {
      const std::uint64_t key = varint();
      Field field{.number = static_cast<std::uint32_t>(key >> 3U), .value = 0, .bytes = {}};
      switch (key & 7U) {
        case 0: field.value = varint(); return good_ ? std::optional(field) : std::nullopt;
        case 1: take(8); continue;
        case 2: field.bytes = take(varint()); return good_ ? std::optional(field) : std::nullopt;
        case 5: take(4); continue;
        default: good_ = false;
      }
    }
    return std::nullopt;
  }
  bool good() const { return good_; }

 private:
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) break;
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
      if ((byte & 0x80U) == 0) return value;
    }
    good_ = false;
    return 0;
  }
  std::string_view take(std::uint64_t count) {
    if (count > rest_.size()) {
      good_ = false;
      return {};
    }
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }

  std::string_view rest_;
  bool good_ = true;
};

bool for_each_field(std::string_view message, const std::function<void(const Field&)>& visit) {
  Fields fields(message);
  while (const auto field = fields.next()) visit(*field);
  return fields.good();
}

std::string base64(std::string_view bytes) {
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i)
      bits = bits << 8U | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i) out += i <= bytes.size() - at ? kDigits[bits >> (18U - 6U * i) & 0x3fU] : '=';
  }
  return out;
}

// An entry of a map: key 1, value 2.
void add_entry(std::string_view message, Json& map, bool binary) {
  std::string key;
  std::string value;
  for_each_field(message, [&](const Field& field) {
    if (field.number == 1) key = field.bytes;
    if (field.number == 2) value = field.bytes;
  });
  map[key] = binary ? base64(value) : value;
}

Json metadata_from(std::string_view message) {
  Json metadata = Json::object();
  for_each_field(message, [&](const Field& field) {
    switch (field.number) {
      case 1: metadata["name"] = field.bytes; break;
      case 3: metadata["namespace"] = field.bytes; break;
      case 5: metadata["uid"] = field.bytes; break;
      case 6: metadata["resourceVersion"] = field.bytes; break;
      case 11: add_entry(field.bytes, metadata["labels"], false); break;
      case 12: add_entry(field.bytes, metadata["annotations"], false); break;
      default: break;
    }
  });
  return metadata;
}

Json secret_from(std::string_view message) {
  Json secret = Json::object();
  for_each_field(message, [&](const Field& field) {
    if (field.number == 1) secret["metadata"] = metadata_from(field.bytes);
    if (field.number == 2) add_entry(field.bytes, secret["data"], true);
    if (field.number == 3) secret["type"] = field.bytes;
    if (field.number == 4) add_entry(field.bytes, secret["stringData"], false);
  });
  return secret;
}

Json namespace_from(std::string_view message) {
  Json object = Json::object();
  for_each_field(message, [&](const Field& field) {
    if (field.number == 1) object["metadata"] = metadata_from(field.bytes);
  });
  return object;
}

Json delete_options_from(std::string_view message) {
  Json options = Json::object();
  for_each_field(message, [&](const Field& field) {
    if (field.number == 1) options["gracePeriodSeconds"] = field.value;
    if (field.number == 4) options["propagationPolicy"] = field.bytes;
  });
  return options;
}

struct Reader {
  std::string_view kind;
  Json (*read)(std::string_view message);
};
constexpr std::array<Reader, 3> kReaders{
    {{"Secret", secret_from}, {"Namespace", namespace_from}, {"DeleteOptions", delete_options_from}}};

}  // namespace

std::expected<Json, std::string> json_from_protobuf(std::string_view body) {
  static constexpr std::string_view kMagic("k8s\0", 4);
  if (!body.starts_with(kMagic)) return std::unexpected(std::string("the body does not begin as protobuf does"));
  std::string api_version;
  std::string kind;
  std::string_view raw;
  const bool good = for_each_field(body.substr(kMagic.size()), [&](const Field& field) {
    if (field.number == 2) raw = field.bytes;
    if (field.number != 1) return;
    for_each_field(field.bytes, [&](const Field& type) {
      if (type.number == 1) api_version = type.bytes;
      if (type.number == 2) kind = type.bytes;
    });
  });
  if (!good) return std::unexpected(std::string("the body is no whole protobuf message"));
  for (const Reader& reader : kReaders) {
    if (reader.kind != kind) continue;
    Json json = reader.read(raw);
    json["apiVersion"] = api_version;
    json["kind"] = kind;
    return json;
  }
  return std::unexpected("no protobuf is read for kind " + kind);
}

}  // namespace barnacle
