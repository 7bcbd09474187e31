// The one exception type of Courier, and the table that gives every code its exit status.
//
// An Error is thrown where the fault is found, given context once per layer, and caught only at the
// command or a thread's edge. What the ledger records of an item is a value (a
// verdict), never an Error.
#pragma once

#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace courier {

// Grouped by who can act. The table in error.cc gives each its name, exit status, default loss and
// default hint.
enum class ErrorCode {
  // the maker of Courier
  internal,  // 1 a bug
  // whoever typed the command
  usage,        // 2 the command line or a setting is wrong
  keys_locked,  // 2 this site's keys need their passphrase
  not_found,    // 7 a named thing does not exist
  not_allowed,  // 9 not allowed in this state
  busy,         // 8 another courier works on this home
  // whoever sent the parcel, or decides whom to trust
  not_trusted,    // 3 signer, role or right does not allow it
  bad_signature,  // 3 intact bytes, wrong signature
  not_addressed,  // 3 addressed to other sites only
  revoked,        // 3 signed by a revoked or lost key
  replayed,       // 3 a number already Processed, with other content
  unsupported,    // 3 newer format version, unknown critical feature or algorithm
  // whoever holds the medium
  damaged,      // 4 bytes that cannot be what was written
  incomplete,   // 5 a volume, record or base is missing
  no_key,       // 5 the signer's key is not known here (quarantine)
  partly_done,  // 10 some items refused, the rest is in
  // whoever runs the machine
  no_space,      // 6
  device,        // 11 device, medium or file system failure
  newer_ledger,  // 9 the home was written by a newer courier
};

struct ErrorCodeRow {
  ErrorCode code;
  std::string_view name;          // stable, for --json
  int exit_status;                // README.md, "Exit status"
  std::string_view default_loss;  // "nothing was lost" unless a site knows better
  std::string_view default_hint;  // what to do now
};

// Every code, in the order of the enum.
std::span<const ErrorCodeRow> error_code_table();
const ErrorCodeRow& row_of(ErrorCode code);
// Of what was done in parts: the exit status that all have in common, else 10; 0 for none.
int combined_status(std::span<const int> statuses);

// What stops an operation. Three parts for people: what happened, whether anything was lost, what
// to do now. Lower case, no final stop, the subject named, the number given.
class Error : public std::exception {
 public:
  // subject: what it is about ("parcel PUN-PSE-000012", "file setup/readme.txt"); what: what
  // happened to it.
  Error(ErrorCode code, std::string subject, std::string what);

  Error& with_loss(std::string loss) &;
  Error&& with_loss(std::string loss) &&;
  Error& with_hint(std::string hint) &;
  Error&& with_hint(std::string hint) &&;
  // Says what was being done, outermost first when shown: "cannot receive parcel PUN-PSE-000012".
  Error& in(std::string doing) &;
  Error&& in(std::string doing) &&;

  ErrorCode code() const { return code_; }
  const std::string& subject() const { return subject_; }
  const std::string& happened() const { return happened_; }
  std::string loss() const;
  std::string hint() const;
  int exit_status() const;
  // "doing: subject: happened"
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  void compose();

  ErrorCode code_;
  std::string subject_, happened_;
  std::optional<std::string> loss_, hint_;
  std::string doing_;
  std::string message_;
};

// An Error from errno, mapped: ENOSPC EDQUOT -> no_space (EFBIG too), ENOENT ENOTDIR -> not_found,
// else device. `what` is "cannot write"; the system's own text follows it.
[[nodiscard]] Error system_error(int errno_value, std::string subject, std::string what);

// A broken promise inside Courier. Never reached by bytes from a medium.
[[noreturn]] void bug(std::string_view what);

}  // namespace courier
