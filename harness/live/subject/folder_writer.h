// A folder that is made whole or not at all, with the modes that git keeps and one date on everything in it.
#pragma once

#include <expected>
#include <filesystem>
#include <string>

#include "sim/base/clock.h"
#include "sim/deploy/payload.h"

namespace barnacle {

class FolderWriter {
 public:
  using Done = std::expected<void, std::string>;

  // Writes go to a folder beside `out`, which itself must be absent or empty. The error is one line.
  static std::expected<FolderWriter, std::string> begin(const std::filesystem::path& out);
  FolderWriter(FolderWriter&& other) noexcept;
  FolderWriter& operator=(FolderWriter&&) = delete;
  ~FolderWriter();  // what was not finished goes

  // Paths are below the folder; the folders on the way are made.
  Done write(const std::filesystem::path& path, std::string_view text, bool executable = false);
  Done link(const std::filesystem::path& path, const std::string& target);
  // A file of this machine, or a folder with all that is in it.
  Done copy(const std::filesystem::path& from, const std::filesystem::path& path);
  // A payload's tree as the folder `path`.
  Done write_payload(const Payload& payload, const std::filesystem::path& path);

  // Dates everything and puts it in its place.
  Done finish(Time date);

 private:
  FolderWriter(std::filesystem::path out, std::filesystem::path part) : out_(std::move(out)), part_(std::move(part)) {}

  std::filesystem::path out_;
  std::filesystem::path part_;  // empty: nothing to remove
};

}  // namespace barnacle
