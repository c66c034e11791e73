// The kubectl calls that deploy scripts make most, answered without kubectl: the same requests to the API server, the
// same words on the same streams, the same status. Whatever is not known exactly is left to the real one.
#pragma once

#include <functional>
#include <optional>

#include "harness/live/api/handler.h"
#include "harness/live/sandbox/sandbox.h"

namespace barnacle {

using AskApi = std::function<ApiResponse(const ApiRequest&)>;

// Nothing: only the real one knows. `cluster` is looked at, never asked: requests go through `ask`, as `account`.
std::optional<Answer> answer_as_kubectl(const StandInCall& call, const Cluster& cluster, const Account& account,
                                        const AskApi& ask);

}  // namespace barnacle
