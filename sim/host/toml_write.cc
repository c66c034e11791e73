// The layout in which tomlq leaves a file: tables flattened, a blank line before each header but the first line's,
// arrays on one line, no comments.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

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
        if (byte < 0x20U || byte == 0x7FU) {
          out += "\\u00";
          out.push_back(kHex[byte >> 4U]);
          out.push_back(kHex[byte & 15U]);
        } else {
          out.push_back(c);
        }
    }
  }
  return out + "\"";
}

std::string key_text(const std::string& key) { return is_bare(key) ? key : quote(key); }

// As Python prints a float: digits that read back as the same number, an exponent below 1e-4 and from 1e16 on.
std::string number_text(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
  const double size = std::abs(number);
  const bool scientific = size != 0 && (size < 1e-4 || size >= 1e16);
  std::array<char, 64> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number,
                                 scientific ? std::chars_format::scientific : std::chars_format::fixed);
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
  for (const auto& [key, item] : value.table()) {
    out += (out.empty() ? "" : ", ") + key_text(key) + " = " + inline_text(item);
  }
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
      if (is_table_array(value)) array_of_tables(value, below(path, key));
    }
    for (const auto& [key, value] : table.table()) {
      if (value.is_table()) sub_table(value, below(path, key));
    }
  }

  static std::string below(const std::string& path, const std::string& key) {
    return path.empty() ? key_text(key) : path + "." + key_text(key);
  }

  void array_of_tables(const TomlValue& tables, const std::string& path) {
    for (const TomlValue& table : tables.array()) {
      header("[[" + path + "]]", true);
      after_bare_header_ = false;
      body(table, path);
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
