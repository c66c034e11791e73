#include "sim/host/toml_guard.h"

#include <vector>

namespace barnacle {
namespace {

class Guard {
 public:
  Guard(std::string_view text, const TomlLimits& limits) : text_(text), limits_(limits) {}

  std::optional<TomlError> run() {
    if (text_.size() > limits_.bytes) {
      return TomlError{0, "is larger than " + std::to_string(limits_.bytes) + " bytes"};
    }
    while (at_ < text_.size() && !error_) step();
    return error_;
  }

 private:
  void fail(std::string what) { error_ = TomlError{line_, std::move(what)}; }

  void step() {
    const char c = text_[at_];
    if (c == '\n') return new_line();
    if (control(c)) return fail("holds a control character");
    if (c == '#') return skip_comment();
    if (c == '"' || c == '\'') return skip_string(c);
    if (c == '[' || c == '{') return open(c);
    if (c == ']' || c == '}') return close();
    if (c == ',') count_element();
    if (c == '.' && !in_value()) dot();
    if (c == '=' && open_.empty()) begin_value();
    if (c != ' ' && c != '\t' && c != '\r') line_is_empty_ = false;
    ++at_;
  }

  static bool control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t' && c != '\r') || byte == 0x7f;
  }

  void new_line() {
    ++line_;
    ++at_;
    if (!open_.empty()) return;  // inside an array
    line_is_empty_ = true;
    value_ = false;
    dots_ = 0;
  }

  void skip_comment() {
    while (at_ < text_.size() && text_[at_] != '\n') {
      if (control(text_[at_])) return fail("holds a control character");
      ++at_;
    }
  }

  void skip_string(char quote) {
    line_is_empty_ = false;
    const bool multi = text_.substr(at_, 3) == std::string(3, quote);
    at_ += multi ? 3 : 1;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\\' && quote == '"') {
        if (at_ + 1 < text_.size() && text_[at_ + 1] == '\n') ++line_;
        at_ += 2;
        continue;
      }
      if (c == '\n') {
        if (!multi) return fail("has a string that is not closed");
        ++line_;
      } else if (control(c)) {
        return fail("holds a control character");
      }
      if (c == quote && (!multi || text_.substr(at_, 3) == std::string(3, quote))) {
        at_ += multi ? 3 : 1;
        return;
      }
      ++at_;
    }
    fail("has a string that is not closed");
  }

  bool in_value() const { return value_; }

  void begin_value() {
    value_ = true;
    if (++keys_ > limits_.elements) fail("has more than " + std::to_string(limits_.elements) + " keys in one table");
  }

  void open(char c) {
    if (c == '[' && line_is_empty_ && open_.empty() && !value_) return header();
    line_is_empty_ = false;
    open_.push_back(0);
    if (static_cast<int>(open_.size()) > limits_.depth) return fail("nests deeper than " + std::to_string(limits_.depth));
    ++at_;
  }

  // "[a.b.c]" or "[[a]]": only its dots can be too many.
  void header() {
    line_is_empty_ = false;
    keys_ = 0;
    if (++headers_ > limits_.elements) return fail("has more than " + std::to_string(limits_.elements) + " tables");
    int brackets = 0;
    while (at_ < text_.size() && text_[at_] != '\n' && text_[at_] != '#' && !error_) {
      const char c = text_[at_];
      if (c == '"' || c == '\'') {
        skip_string(c);
        continue;
      }
      if (control(c)) return fail("holds a control character");
      if (c == '[' && ++brackets > 2) return fail("has a table header that cannot be read");
      if (c == '.') dot();
      ++at_;
    }
  }

  void close() {
    line_is_empty_ = false;
    if (!open_.empty()) open_.pop_back();
    ++at_;
  }

  void count_element() {
    if (open_.empty()) return;
    if (++open_.back() >= limits_.elements) fail("has more than " + std::to_string(limits_.elements) + " elements in one container");
  }

  void dot() {
    if (++dots_ >= limits_.depth) fail("has a key with more than " + std::to_string(limits_.depth) + " parts");
  }

  std::string_view text_;
  const TomlLimits& limits_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool line_is_empty_ = true;
  bool value_ = false;                // behind the '=' of a line
  int dots_ = 0;
  std::size_t keys_ = 0;              // in the current table
  std::size_t headers_ = 0;
  std::vector<std::size_t> open_;     // elements so far of each open array or inline table
  std::optional<TomlError> error_;
};

}  // namespace

std::optional<TomlError> refuse_toml(std::string_view text, const TomlLimits& limits) { return Guard(text, limits).run(); }

}  // namespace barnacle
