// What a run changed, in order: the mutating effects, for reports and for invariants that look at single changes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/deploy/effect.h"

namespace barnacle {

// One mutating effect of a run: who changed what.
struct EffectNote {
  int number = 0;  // among all effects of the run (in a block: of the block), from 1
  EffectKind kind = EffectKind::stat;
  std::string path;       // host path, API object "RuntimeClass kata-qemu", or "restart containerd"
  std::string line = {};  // of a script that really ran: "/opt/deploy.sh:370", what it was at; else empty
};
using EffectNotes = std::vector<EffectNote>;

// Notes in blocks, so that runs share those of the parts that they have in common.
class Changes {
 public:
  struct Block {
    int before = 0;  // effects of the run before this block
    std::shared_ptr<const EffectNotes> notes;
    bool remembered = false;  // lives as long as the Runner: results about it may be remembered by its address
  };

  void add(EffectNote note) { open_.push_back(std::move(note)); }
  void add_remembered(int before, std::shared_ptr<const EffectNotes> notes) {
    close();
    blocks_.push_back({before, std::move(notes), true});
  }
  // No more notes follow, or a block does.
  void close() {
    if (!open_.empty()) blocks_.push_back({0, std::make_shared<EffectNotes>(std::move(open_)), false});
    open_ = {};
  }
  // Takes out the loose notes added since there were `count`; precondition: no block was added since.
  EffectNotes take_from(std::size_t count) {
    EffectNotes taken(std::make_move_iterator(open_.begin() + static_cast<std::ptrdiff_t>(count)),
                      std::make_move_iterator(open_.end()));
    open_.resize(count);
    return taken;
  }
  std::size_t open_count() const { return open_.size(); }

  const std::vector<Block>& blocks() const { return blocks_; }
  // All of them with the numbers of the run.
  EffectNotes all() const;

 private:
  std::vector<Block> blocks_;
  EffectNotes open_;
};

}  // namespace barnacle
