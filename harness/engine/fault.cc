#include "harness/engine/fault.h"

#include <algorithm>
#include <array>
#include <memory>

#include "sim/deploy/version.h"

namespace barnacle {
namespace {

constexpr std::array kErrnos = {Errno::enospc, Errno::eio,    Errno::etxtbsy, Errno::erofs,
                                Errno::eacces, Errno::enoent, Errno::ebusy};

struct ApiFault {
  std::string_view code;
  int number;
  std::string_view reason;
  std::string_view message;
};
constexpr std::array kApiFaults = {
    ApiFault{"403", 403, "Forbidden", "forbidden"},
    ApiFault{"404", 404, "NotFound", "not found"},
    ApiFault{"409", 409, "Conflict",
             "the object has been modified; please apply your changes to the latest version and try again"},
    ApiFault{"429", 429, "TooManyRequests",
             "the server has received too many requests and has asked us to try again later"},
    ApiFault{"500", 500, "InternalError", "an error on the server has prevented the request from succeeding"},
};

EffectResult answer_of(const std::string& error) {
  EffectResult answer;
  for (const Errno number : kErrnos) {
    if (name(number) == error) answer.error = number;
  }
  for (const ApiFault& fault : kApiFaults) {
    if (fault.code == error)
      answer.api_error = ApiError{fault.number, std::string(fault.reason), std::string(fault.message)};
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

bool can_strike(FaultKind kind, const EffectResult& answer, const Effect& effect) {
  switch (kind) {
    case FaultKind::cut:
    case FaultKind::preempt: return true;
    case FaultKind::fail: return can_fail_so(answer, effect);
    case FaultKind::lose: return writes_api(effect.kind);
    case FaultKind::tear: return effect.kind == EffectKind::write || effect.kind == EffectKind::replace;
  }
  return false;
}

}  // namespace

static_assert(static_cast<int>(FaultKind::cut) == static_cast<int>(RunFault::What::cut) &&
              static_cast<int>(FaultKind::fail) == static_cast<int>(RunFault::What::fail) &&
              static_cast<int>(FaultKind::lose) == static_cast<int>(RunFault::What::lose) &&
              static_cast<int>(FaultKind::tear) == static_cast<int>(RunFault::What::tear) &&
              static_cast<int>(FaultKind::preempt) == static_cast<int>(RunFault::What::preempt));

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
  made.what = static_cast<RunFault::What>(fault.kind);  // the two lists are one
  made.exit_code = fault.signal == "SIGTERM" ? 143 : 137;
  made.lasting = fault.lasting;
  made.until = fault.until;
  if (fault.kind == FaultKind::fail) {
    made.answer = answer_of(fault.error);
    made.answer_text = fault.error;
  } else if (fault.kind == FaultKind::lose) {
    made.answer.api_error = ApiError{504, "Timeout", "request did not complete within the allotted timeout"};
    made.answer_text = "answer lost";
  }
  const auto count = std::make_shared<int>(0);
  made.strikes = [fault, count, answer = made.answer](int number, const Effect& effect) {
    // Counted are: all effects; with `effect_is`, those that it is said of; and but for cuts and preemptions those that
    // it can strike.
    if (!fault.effect_is.empty() && !is_said_of(fault.effect_is, describe(effect))) return false;
    if (!can_strike(fault.kind, answer, effect)) return false;
    const bool counts_matches =
        (fault.kind != FaultKind::cut && fault.kind != FaultKind::preempt) || !fault.effect_is.empty();
    const int present = counts_matches ? ++*count : number;
    return fault.lasting ? present >= fault.effect : present == fault.effect;
  };
  return made;
}

}  // namespace barnacle
