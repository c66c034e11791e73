#include <algorithm>
#include <array>

#include "sim/host/tree.h"

namespace barnacle {
namespace {

struct ErrnoRow {
  Errno error;
  std::string_view name;
  std::string_view message;
};

constexpr std::array kRows = {
    ErrnoRow{Errno::enoent, "ENOENT", "No such file or directory"},
    ErrnoRow{Errno::eexist, "EEXIST", "File exists"},
    ErrnoRow{Errno::enotdir, "ENOTDIR", "Not a directory"},
    ErrnoRow{Errno::eisdir, "EISDIR", "Is a directory"},
    ErrnoRow{Errno::enotempty, "ENOTEMPTY", "Directory not empty"},
    ErrnoRow{Errno::eloop, "ELOOP", "Too many levels of symbolic links"},
    ErrnoRow{Errno::einval, "EINVAL", "Invalid argument"},
    ErrnoRow{Errno::enospc, "ENOSPC", "No space left on device"},
    ErrnoRow{Errno::eio, "EIO", "Input/output error"},
    ErrnoRow{Errno::etxtbsy, "ETXTBSY", "Text file busy"},
    ErrnoRow{Errno::erofs, "EROFS", "Read-only file system"},
    ErrnoRow{Errno::eacces, "EACCES", "Permission denied"},
    ErrnoRow{Errno::enametoolong, "ENAMETOOLONG", "File name too long"},
    ErrnoRow{Errno::ebusy, "EBUSY", "Device or resource busy"},
};

const ErrnoRow& row_of(Errno error) { return *std::ranges::find(kRows, error, &ErrnoRow::error); }

}  // namespace

std::string_view message(Errno error) { return row_of(error).message; }
std::string_view name(Errno error) { return row_of(error).name; }

}  // namespace barnacle
