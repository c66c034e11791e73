#include "harness/live/api/yaml.h"

#include <yaml-cpp/yaml.h>

#include <charconv>
#include <string_view>

namespace barnacle {
namespace {

constexpr int kDeepest = 64;

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  for (const std::string_view word : words) {
    if (text == word) return true;
  }
  return false;
}

template <class Number>
bool read_number(std::string_view text, Number& number) {
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

nlohmann::json scalar(const YAML::Node& node) {
  const std::string& text = node.Scalar();
  if (node.Tag() == "!") return text;  // quoted
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return nullptr;
  if (is_one_of(text, {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})) return true;
  if (is_one_of(text, {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"})) return false;
  std::int64_t integer = 0;
  if (read_number(text, integer)) {
    const bool octal = text.size() > 1 && text.front() == '0';
    if (octal) std::from_chars(text.data() + 1, text.data() + text.size(), integer, 8);
    return integer;
  }
  double number = 0;
  const bool numeric = text.find_first_not_of("+-.0123456789eE") == std::string::npos;
  if (numeric && read_number(text, number)) return number;
  return text;
}

nlohmann::json converted(const YAML::Node& node, int depth) {
  if (depth > kDeepest) throw YAML::Exception(node.Mark(), "is nested too deeply");
  switch (node.Type()) {
    case YAML::NodeType::Map: {
      nlohmann::json table = nlohmann::json::object();
      for (const auto& entry : node) table[entry.first.Scalar()] = converted(entry.second, depth + 1);
      return table;
    }
    case YAML::NodeType::Sequence: {
      nlohmann::json list = nlohmann::json::array();
      for (const auto& element : node) list.push_back(converted(element, depth + 1));
      return list;
    }
    case YAML::NodeType::Scalar: return scalar(node);
    default: return nullptr;
  }
}

}  // namespace

std::expected<std::vector<nlohmann::json>, std::string> documents_from_yaml(const std::string& text) {
  try {
    std::vector<nlohmann::json> documents;
    for (const YAML::Node& node : YAML::LoadAll(text)) {
      nlohmann::json document = converted(node, 0);
      if (!document.is_null()) documents.push_back(std::move(document));
    }
    return documents;
  } catch (const YAML::Exception& error) {
    return std::unexpected(std::string(error.what()));
  }
}

}  // namespace barnacle
