#include "harness/engine/fault.h"

#include <algorithm>
#include <array>
#include <memory>

#include "sim/deploy/version.h"

namespace barnacle {
namespace {

constexpr std::array kErrnos = {Errno::enospc, Errno::eio, Errno::etxtbsy, Errno::erofs, Errno::eacces, Errno::enoent, Errno::ebusy};

struct ApiFault {
  std::string_view code;
  int number;
  std::string_view reason;
  std::string_view message;
};
constexpr std::array kApiFaults = {
    ApiFault{"403", 403, "Forbidden", "forbidden"},
    ApiFault{"404", 404, "NotFound", "not found"},
    ApiFault{"409", 409, "Conflict", "the object has been modified; please apply your changes to the latest version and try again"},
    ApiFault{"500", 500, "InternalError", "an error on the server has prevented the request from succeeding"},
};

EffectResult answer_of(const std::string& error) {
  EffectResult answer;
  for (const Errno number : kErrnos) {
    if (name(number) == error) answer.error = number;
  }
  for (const ApiFault& fault : kApiFaults) {
    if (fault.code == error) answer.api_error = ApiError{fault.number, std::string(fault.reason), std::string(fault.message)};
  }
  return answer;
}

// The description begins with these words: "get RuntimeClass" is said of "get RuntimeClass kata-qemu", and
// "remove /opt/kata" of exactly that.
bool is_said_of(const std::string& words, const std::string& description) {
  if (!description.starts_with(words)) return false;
  // Whole names only: "remove /opt/kata" is said of what is below it, and not of /opt/kata-cicd.
  return description.size() == words.size() || description[words.size()] == ' ' || description[words.size()] == '/';
}

// A file that is there is never missing to who reads it: no program could tell that from the truth.
bool can_fail_so(const EffectResult& answer, const Effect& effect) {
  if (answer.api_error) return is_api(effect.kind);
  return changes_host(effect.kind) || (effect.kind == EffectKind::read && answer.error != Errno::enoent);
}

}  // namespace

bool fault_applies_to(const Fault& fault, const std::string& version) {
  if (!fault.since.empty() && compare_versions(version, fault.since) < 0) return false;
  return fault.before.empty() || compare_versions(version, fault.before) < 0;
}

bool known_error(const std::string& error) {
  const EffectResult answer = answer_of(error);
  return answer.error || answer.api_error;
}

RunFault make_run_fault(const Fault& fault) {
  RunFault made;
  made.what = fault.kind == FaultKind::cut ? RunFault::What::cut : RunFault::What::fail;
  made.exit_code = fault.signal == "SIGTERM" ? 143 : 137;
  made.answer = answer_of(fault.error);
  made.answer_text = fault.error;
  const auto count = std::make_shared<int>(0);
  const bool fails = made.what == RunFault::What::fail;
  made.strikes = [fault, count, fails, answer = made.answer](int number, const Effect& effect) {
    // Counted are: all effects; with `effect_is`, those that it is said of; for `fail`, those that can fail so.
    if (!fault.effect_is.empty() && !is_said_of(fault.effect_is, describe(effect))) return false;
    if (fails && !can_fail_so(answer, effect)) return false;
    const bool counts_matches = fails || !fault.effect_is.empty();
    return (counts_matches ? ++*count : number) == fault.effect;
  };
  return made;
}

}  // namespace barnacle
