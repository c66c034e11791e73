// Names that programs make up for their temporary files ("sedKGLMvj", "tmp.Xw3Kq0pZbA"): each is another one in every
// run. What a run leaves, says and is said of it has them numbered instead.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sim/host/tree.h"

namespace barnacle {

class TemporaryNames {
 public:
  // A path that a program has just made, as nothing was there.
  void note(const std::string& path);

  std::string numbered(std::string text) const;
  // Renames what of it is still there.
  void number(FileTree& files, Time now) const;

 private:
  std::vector<std::pair<std::string, std::string>> names_;  // without folders: as made up, numbered
  std::vector<std::string> paths_;
};

}  // namespace barnacle
