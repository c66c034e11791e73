// The layout in which tomlq leaves a file: tables flattened, a blank line before each header but the first line's,
// arrays on one line, no comments.
#include <algorithm>
#include <array>
#include <charconv>

#include "sim/host/toml.h"

namespace barnacle {
namespace {

bool is_bare(std::string_view key) {
  return !key.empty() && std::ranges::all_of(key, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

std::string quote(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\t': out += "\\t"; break;
      case '\r': out += "\\r"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      default:
        if (byte < 0x20 || byte == 0x7f) {
          out += "\\u00";
          out.push_back(kHex[byte >> 4]);
          out.push_back(kHex[byte & 15]);
        } else {
          out.push_back(c);
        }
    }
  }
  return out + "\"";
}

std::string key_text(const std::string& key) { return is_bare(key) ? key : quote(key); }

std::string number_text(double number) {
  if (number != number) return "nan";
  if (number > 1.7976931348623157e308) return "inf";
  if (number < -1.7976931348623157e308) return "-inf";
  std::array<char, 64> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  std::string text(digits.data(), end.ptr);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string inline_text(const TomlValue& value) {
  if (const auto* boolean = std::get_if<bool>(&value.value)) return *boolean ? "true" : "false";
  if (const auto* integer = std::get_if<std::int64_t>(&value.value)) return std::to_string(*integer);
  if (const auto* number = std::get_if<double>(&value.value)) return number_text(*number);
  if (const auto* text = std::get_if<std::string>(&value.value)) return quote(*text);
  if (const auto* date = std::get_if<TomlDate>(&value.value)) return date->text;
  std::string out;
  if (value.is_array()) {
    for (const TomlValue& item : value.array()) out += (out.empty() ? "" : ", ") + inline_text(item);
    return "[" + out + "]";
  }
  for (const auto& [key, item] : value.table()) out += (out.empty() ? "" : ", ") + key_text(key) + " = " + inline_text(item);
  return "{" + out + "}";
}

bool is_table_array(const TomlValue& value) {
  return value.is_array() && !value.array().empty() && std::ranges::all_of(value.array(), &TomlValue::is_table);
}

class Writer {
 public:
  std::string write(const TomlValue& value) {
    body(value, "");
    return std::move(out_);
  }

 private:
  void header(const std::string& line, bool blank) {
    if (blank && !out_.empty()) out_ += "\n";
    out_ += line + "\n";
  }

  void body(const TomlValue& table, const std::string& path) {
    for (const auto& [key, value] : table.table()) {
      if (!value.is_table() && !is_table_array(value)) out_ += key_text(key) + " = " + inline_text(value) + "\n";
    }
    for (const auto& [key, value] : table.table()) {
      const std::string below = path.empty() ? key_text(key) : path + "." + key_text(key);
      if (value.is_table()) sub_table(value, below);
      if (!is_table_array(value)) continue;
      for (const TomlValue& item : value.array()) {
        header("[[" + below + "]]", true);
        after_bare_header_ = false;
        body(item, below);
      }
    }
  }

  void sub_table(const TomlValue& table, const std::string& path) {
    const auto is_simple = [](const auto& entry) { return !entry.second.is_table() && !is_table_array(entry.second); };
    const bool has_simple = std::ranges::any_of(table.table(), is_simple);
    const bool needed = has_simple || table.table().size() != 1;
    if (needed) {
      header("[" + path + "]", !after_bare_header_);
      // A header above nothing but tables is followed by the next one without a blank line.
      after_bare_header_ = !has_simple && !table.table().empty();
    }
    body(table, path);
    after_bare_header_ = false;
  }

  std::string out_;
  bool after_bare_header_ = false;
};

}  // namespace

std::string write_toml(const TomlValue& value) { return Writer().write(value); }

}  // namespace barnacle
