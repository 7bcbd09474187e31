#include "base/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace courier {

namespace {

constexpr std::string_view kNothingLost = "nothing was lost";

// clang-format off
constexpr std::array kTable = {
    ErrorCodeRow{ErrorCode::internal, "internal", 1, "what was durable before is still there",
                 "this is a bug in courier: please report this message and the end of 'courier log'"},
    ErrorCodeRow{ErrorCode::usage, "usage", 2, "nothing was done",
                 "see 'courier --help' for the command"},
    ErrorCodeRow{ErrorCode::keys_locked, "keys-locked", 2, "nothing was done",
                 "give --passphrase-file FILE or --passphrase-fd N, or run it on a terminal"},
    ErrorCodeRow{ErrorCode::not_found, "not-found", 7, kNothingLost,
                 "check the name; the list command of its noun shows what there is"},
    ErrorCodeRow{ErrorCode::not_allowed, "not-allowed", 9, "nothing was changed",
                 "the show command of its noun tells the state it is in"},
    ErrorCodeRow{ErrorCode::busy, "busy", 8, "nothing was done",
                 "wait until it is done and run the same command"},
    ErrorCodeRow{ErrorCode::not_trusted, "not-trusted", 3, "nothing was taken in",
                 "if it ought to be trusted, join its site with 'courier site join' or grant the right"
                 " with 'courier site grant'"},
    ErrorCodeRow{ErrorCode::bad_signature, "bad-signature", 3, "nothing was taken in",
                 "do not use this medium; tell the sender and ask for it again"},
    ErrorCodeRow{ErrorCode::not_addressed, "not-addressed", 3, "nothing was taken in",
                 "hand the medium on to the site it is addressed to"},
    ErrorCodeRow{ErrorCode::revoked, "revoked", 3, "nothing was taken in",
                 "tell the sender; a new parcel must be signed with a key that is trusted"},
    ErrorCodeRow{ErrorCode::replayed, "replayed", 3, "nothing was taken in",
                 "do not use this medium; tell the sender which parcel number was used twice"},
    ErrorCodeRow{ErrorCode::unsupported, "unsupported", 3, "nothing was taken in",
                 "update courier on this machine and run the same command"},
    ErrorCodeRow{ErrorCode::damaged, "damaged", 4, "what was taken in before is kept",
                 "try again with another drive or another copy; else the return parcel asks the sender"
                 " for the rest"},
    ErrorCodeRow{ErrorCode::incomplete, "incomplete", 5, "what came is kept",
                 "bring what is missing and run the same command"},
    ErrorCodeRow{ErrorCode::no_key, "no-key", 5, "the parcel is kept in quarantine",
                 "join the sender with 'courier site join FILE'; the parcel is then tried again"},
    ErrorCodeRow{ErrorCode::partly_done, "partly-done", 10, "what is in stays in",
                 "see the items that were not accepted; the return parcel tells the sender"},
    ErrorCodeRow{ErrorCode::no_space, "no-space", 6, kNothingLost,
                 "make room ('courier store gc', 'df') and run the same command"},
    ErrorCodeRow{ErrorCode::device, "device", 11, kNothingLost,
                 "check the device and its cable, then run the same command"},
    ErrorCodeRow{ErrorCode::newer_ledger, "newer-ledger", 9, "nothing was changed",
                 "use the newer courier that wrote this home"},
};
// clang-format on

constexpr bool in_order() {
  for (std::size_t i = 0; i < kTable.size(); ++i) {
    if (static_cast<std::size_t>(kTable[i].code) != i) return false;
  }
  return true;
}
static_assert(in_order());
static_assert(kTable.size() == static_cast<std::size_t>(ErrorCode::newer_ledger) + 1);

ErrorCode code_of(int errno_value) {
  switch (errno_value) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return ErrorCode::no_space;
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
      return ErrorCode::not_found;
    case EEXIST:
    case ENOTEMPTY:
    case ELOOP:
    case EXDEV:
      return ErrorCode::not_allowed;
    default:
      return ErrorCode::device;
  }
}

// The kernel's words where they would mislead are replaced by what it means here.
std::string text_of(int errno_value) {
  switch (errno_value) {
    case ELOOP:
    case EXDEV:
      return "the path leaves its folder or passes through a symbolic link";
    default: {
      char buffer[128];
      std::string text = ::strerror_r(errno_value, buffer, sizeof buffer);
      if (text.size() > 1 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'a' && text[1] <= 'z') {
        text[0] = static_cast<char>(text[0] - 'A' + 'a');
      }
      return text;
    }
  }
}

}  // namespace

std::span<const ErrorCodeRow> error_code_table() { return kTable; }

const ErrorCodeRow& row_of(ErrorCode code) { return kTable.at(static_cast<std::size_t>(code)); }

int combined_status(std::span<const int> statuses) {
  if (statuses.empty()) return 0;
  const bool alike = std::all_of(statuses.begin(), statuses.end(),
                                 [&](int status) { return status == statuses.front(); });
  return alike ? statuses.front() : row_of(ErrorCode::partly_done).exit_status;
}

Error::Error(ErrorCode code, std::string subject, std::string what)
    : code_(code), subject_(std::move(subject)), happened_(std::move(what)) {
  compose();
}

Error& Error::with_loss(std::string loss) & {
  loss_ = std::move(loss);
  return *this;
}
Error&& Error::with_loss(std::string loss) && { return std::move(with_loss(std::move(loss))); }

Error& Error::with_hint(std::string hint) & {
  hint_ = std::move(hint);
  return *this;
}
Error&& Error::with_hint(std::string hint) && { return std::move(with_hint(std::move(hint))); }

Error& Error::in(std::string doing) & {
  doing_ = doing_.empty() ? std::move(doing) : doing + ": " + doing_;
  compose();
  return *this;
}
Error&& Error::in(std::string doing) && { return std::move(in(std::move(doing))); }

std::string Error::loss() const { return loss_ ? *loss_ : std::string(row_of(code_).default_loss); }
std::string Error::hint() const { return hint_ ? *hint_ : std::string(row_of(code_).default_hint); }
int Error::exit_status() const { return row_of(code_).exit_status; }

void Error::compose() {
  message_.clear();
  if (!doing_.empty()) message_ += doing_ + ": ";
  if (!subject_.empty()) message_ += subject_ + ": ";
  message_ += happened_;
}

Error system_error(int errno_value, std::string subject, std::string what) {
  Error error(code_of(errno_value), std::move(subject),
              fmt::format("{}: {}", what, text_of(errno_value)));
  switch (errno_value) {
    case ENOENT:
    case ENOTDIR:
      error.with_hint("check the path");
      break;
    case EISDIR:
      error.with_hint("it is a folder: name a file");
      break;
    case EEXIST:
    case ENOTEMPTY:
      error.with_hint("move away what is there, or choose another place");
      break;
    case ELOOP:
    case EXDEV:
      error.with_hint("no link is followed here: put a true folder or file in its place");
      break;
    case EROFS:
      error.with_hint("it is read-only: mount it writable, or name another place");
      break;
    case EACCES:
    case EPERM:
      error.with_hint("check owner and mode, or run courier as the user it belongs to");
      break;
    case EMFILE:
    case ENFILE:
      error.with_hint("too many files are open: raise the limit ('ulimit -n') and run it again");
      break;
    default:
      break;
  }
  return error;
}

void bug(std::string_view what) { throw Error(ErrorCode::internal, "courier", std::string(what)); }

}  // namespace courier
