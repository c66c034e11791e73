// What a world notes of the releases that serve its nodes, and that invariants compare the nodes with.
#include "harness/engine/lifecycle.h"

namespace barnacle {
namespace {

const Served& served_in(const Timeline& timeline, const std::string& release) {
  for (const auto& [name, served] : timeline.end.served.at("node-a")) {
    if (served.release == release) return served;
  }
  throw std::runtime_error(release + " has never settled");
}

// A mapping of snapshotters, which containerd 1.6 does not know.
Lifecycle refused_after_an_install() {
  Lifecycle life("model:kata", "ubuntu-22.04-containerd-1.6");
  life.install("kata", {.shims = "qemu"}).upgrade("kata", {.shims = "qemu"});
  life.last().values.value()["env"]["snapshotterHandlerMapping"] = "qemu:nydus";
  return life;
}

TEST(Served, AReleaseThatRefusesItsValuesIsNotComparedWith) {
  EXPECT_TRUE(served_in(refused_after_an_install().play(), "kata").refused);
}

// With the values it had before: nothing but the refusal tells the two apart.
TEST(Served, AReleaseThatServesAgainIsComparedWithAgain) {
  EXPECT_FALSE(served_in(refused_after_an_install().rollback("kata").play(), "kata").refused);
}

}  // namespace
}  // namespace barnacle
