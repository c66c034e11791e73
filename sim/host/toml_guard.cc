#include "sim/host/toml_guard.h"

#include <algorithm>
#include <string>
#include <vector>

namespace barnacle {
namespace {

TomlError error_at(int line, std::string what) { return {line, std::move(what)}; }

bool is_continuation(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U; }

// Length of the well-formed UTF-8 sequence at the start of `text`, 0 when there is none. Overlong forms, surrogates and
// code points beyond U+10FFFF are not well-formed.
std::size_t utf8_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80U) return 1;
  const std::size_t length = lead >= 0xF0U ? 4 : lead >= 0xE0U ? 3 : 2;
  if (lead < 0xC2U || lead > 0xF4U || text.size() < length) return 0;
  const auto second = static_cast<unsigned char>(text[1]);
  if (lead == 0xE0U && second < 0xA0U) return 0;
  if (lead == 0xEDU && second > 0x9FU) return 0;
  if (lead == 0xF0U && second < 0x90U) return 0;
  if (lead == 0xF4U && second > 0x8FU) return 0;
  const bool continued =
      std::all_of(text.begin() + 1, text.begin() + static_cast<std::ptrdiff_t>(length), is_continuation);
  return continued ? length : 0;
}

std::string hexadecimal(unsigned char byte) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  return {'0', 'x', kDigits[byte >> 4U], kDigits[byte & 15U]};
}

// Control characters other than tab and line ends are forbidden everywhere in TOML, comments included.
std::optional<TomlError> guard_bytes(std::string_view text) {
  int line = 1;
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte == '\n') ++line;
    const bool line_end = byte == '\n' || (byte == '\r' && at + 1 < text.size() && text[at + 1] == '\n');
    if ((byte < 0x20U && byte != '\t' && !line_end) || byte == 0x7FU) {
      return error_at(line, "control character " + hexadecimal(byte));
    }
    const std::size_t length = utf8_length(text.substr(at, 4));
    if (length == 0) return error_at(line, "byte " + hexadecimal(byte) + " is not valid utf-8");
    at += length;
  }
  return std::nullopt;
}

// An open array or inline table.
struct Container {
  char open;  // '[' or '{'
  int line;   // where it opens
  std::size_t elements = 0;
  int key_dots = 0;  // in the key that is being given a value
  bool expects_element = true;
  bool in_key;  // between '{' or ',' and '=' of an inline table
};

class Scanner {
 public:
  Scanner(std::string_view text, const TomlLimits& limits) : text_(text), limits_(limits) {}

  std::optional<TomlError> run() {
    if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;
    while (!error_ && at_ < text_.size()) statement();
    finish_line();
    return error_;
  }

 private:
  // toml11 looks at the whole line again for every value on it; what that may cost in all is bounded here.
  static constexpr std::size_t kLineWork = std::size_t{1} << 28U;

  bool at_end() const { return at_ >= text_.size(); }
  char here() const { return text_[at_]; }

  void fail(int line, std::string what) {
    if (!error_) error_ = error_at(line, std::move(what));
  }

  void finish_line() {
    work_ += tokens_ * (at_ - line_start_);
    tokens_ = 0;
    line_start_ = at_;
    if (work_ > kLineWork) fail(line_, "too many values on lines this long");
  }

  void newline() {
    finish_line();
    ++line_;
    ++at_;
  }

  void skip_blanks() {
    while (!at_end() && (here() == ' ' || here() == '\t' || here() == '\r')) ++at_;
  }

  void skip_to_line_end() {
    while (!at_end() && here() != '\n') ++at_;
  }

  void too_deep() { fail(line_, "nests deeper than " + std::to_string(limits_.depth)); }

  void too_many(int line, std::string_view what) {
    fail(line, "more than " + std::to_string(limits_.elements) + " " + std::string(what));
  }

  void statement() {
    skip_blanks();
    if (at_end()) return;
    switch (here()) {
      case '\n': return newline();
      case '#': return skip_to_line_end();
      case '[': return header();
      default: return key_and_value();
    }
  }

  // [a.b] or [[a.b]], up to the end of its line.
  void header() {
    if (++headers_ > limits_.elements) return too_many(line_, "tables");
    if (text_.substr(at_).starts_with("[[[")) return fail(line_, "'[[[' begins no table");
    elements_ = 0;
    base_depth_ = 1;
    while (!error_ && !at_end() && here() != '\n' && here() != '#') {
      if (here() == '"' || here() == '\'') {
        string();
        continue;
      }
      if (here() == '.' && ++base_depth_ > limits_.depth) too_deep();
      ++at_;
    }
    if (!at_end() && here() == '#') skip_to_line_end();
  }

  void key_and_value() {
    if (++elements_ > limits_.elements) return too_many(line_, "keys in one table");
    ++tokens_;
    depth_ = base_depth_;
    while (!error_ && !at_end() && here() != '\n' && here() != '=' && here() != '#') {
      if (here() == '"' || here() == '\'') {
        string();
        continue;
      }
      if (here() == '.' && ++depth_ > limits_.depth) too_deep();
      ++at_;
    }
    if (!at_end() && here() == '=') value();
  }

  // Everything behind the '=' up to the line end that is in no bracket.
  void value() {
    ++at_;
    while (!error_ && !at_end()) {
      if (here() == '\n') {
        if (open_.empty()) return;
        newline();
      } else if (here() == '#') {
        skip_to_line_end();
      } else {
        token();
      }
    }
    if (error_ || open_.empty()) return;
    fail(open_.back().line, open_.back().open == '[' ? "array is not closed" : "inline table is not closed");
  }

  void token() {
    const char character = here();
    if (character == ' ' || character == '\t' || character == '\r') {
      ++at_;
      return;
    }
    if (character == ']' || character == '}') return close(character);
    if (!open_.empty() && !count(character)) return;
    if (character == '"' || character == '\'') return string();
    if (character == '[' || character == '{') return open(character);
    ++at_;
  }

  void open(char bracket) {
    ++tokens_;
    if (++depth_ > limits_.depth) return too_deep();
    open_.push_back({.open = bracket, .line = line_, .in_key = bracket == '{'});
    ++at_;
  }

  void close(char bracket) {
    if (open_.empty() || (open_.back().open == '[') != (bracket == ']')) {
      return fail(line_, std::string("'") + bracket + "' closes nothing");
    }
    depth_ -= 1 + open_.back().key_dots;
    open_.pop_back();
    ++at_;
  }

  // Keeps the books of the innermost container. False when it went beyond a limit.
  bool count(char character) {
    Container& container = open_.back();
    if (character == ',') {
      depth_ -= container.key_dots;
      container.key_dots = 0;
      container.expects_element = true;
      container.in_key = container.open == '{';
      return true;
    }
    if (container.expects_element) {
      container.expects_element = false;
      ++tokens_;
      if (++container.elements > limits_.elements) {
        too_many(container.line, "elements in one container");
        return false;
      }
    }
    if (character == '=') container.in_key = false;
    if (character == '.' && container.in_key) {
      ++container.key_dots;
      if (++depth_ > limits_.depth) {
        too_deep();
        return false;
      }
    }
    return true;
  }

  void string() {
    const char quote = here();
    const std::string_view rest = text_.substr(at_);
    if (rest.size() >= 3 && rest[1] == quote && rest[2] == quote) return long_string(quote);
    for (++at_; !at_end() && here() != '\n'; ++at_) {
      if (here() == quote) {
        ++at_;
        return;
      }
      if (here() == '\\' && quote == '"' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n') ++at_;
    }
    fail(line_, "string is not closed");
  }

  void long_string(char quote) {
    const int opened = line_;
    int quotes = 0;
    at_ += 3;
    while (!at_end()) {
      if (here() == quote) {
        ++at_;
        if (++quotes < 3) continue;
        // Up to two quotes may stand right before the closing three.
        for (int extra = 0; extra < 2 && !at_end() && here() == quote; ++extra) ++at_;
        return;
      }
      quotes = 0;
      if (here() == '\n') {
        newline();
      } else {
        at_ += here() == '\\' && quote == '"' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n' ? 2 : 1;
      }
    }
    fail(opened, "string is not closed");
  }

  std::string_view text_;
  const TomlLimits& limits_;
  std::optional<TomlError> error_;
  std::vector<Container> open_;
  std::size_t at_ = 0;
  std::size_t line_start_ = 0;
  std::size_t tokens_ = 0;  // on this line
  std::size_t work_ = 0;
  std::size_t headers_ = 0;
  std::size_t elements_ = 0;  // keys since the last header
  int line_ = 1;
  int base_depth_ = 0;  // of the table that the last header opened
  int depth_ = 0;
};

}  // namespace

std::optional<TomlError> refuse_toml(std::string_view text, const TomlLimits& limits) {
  if (text.size() > limits.bytes) {
    return error_at(0, "is larger than " + std::to_string(limits.bytes) + " bytes");
  }
  if (std::optional<TomlError> error = guard_bytes(text)) return error;
  return Scanner(text, limits).run();
}

}  // namespace barnacle
