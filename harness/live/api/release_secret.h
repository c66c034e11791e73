// Helm's release Secrets: what the real client stores, read as the Revision that the model's client would have stored.
// Invariants read Revisions; the client gets its own bytes back.
#pragma once

#include <nlohmann/json.hpp>

#include "sim/cluster/objects.h"

namespace barnacle {

// Decodes `data.release` of a Secret of Helm's into the object's payload and takes it out of the body, so that dates in
// it count for nothing. Others stay as they are; so does what cannot be read.
void read_release_data(Object& secret);

// Puts the client's own data back into the JSON of such a Secret.
void add_release_data(const Object& object, nlohmann::json& json);

}  // namespace barnacle
