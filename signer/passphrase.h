// Where a passphrase comes from: a file, a descriptor or a terminal, never an argument. One line of
// 1 to 1,024 bytes; its line end does not count.
#pragma once

#include <string>

#include "base/file_system.h"
#include "base/secret.h"
#include "base/vocabulary.h"

namespace courier {

inline constexpr std::size_t kMaxPassphraseSize = 1024;

// Errors: not_found, device; usage, when the first line is empty or too long, or more follows it.
Secret read_passphrase_from_file(FileSystem& fs, const std::string& path);

// Reads until the end or a line end; leaves the descriptor open. Errors: as above.
Secret read_passphrase_from_descriptor(int descriptor);

// Shows the prompt and reads without echo; the terminal is as before afterwards, also when it
// throws. Errors: usage, when nothing was typed or Ctrl-C or Ctrl-D pressed; device.
Secret read_passphrase_from_terminal(int terminal, const std::string& prompt);

// The same twice, for a new passphrase. Errors: also usage, when the two differ.
Secret read_new_passphrase_from_terminal(int terminal);

// What --passphrase-file, --passphrase-fd and the terminal come to.
struct PassphraseSource {
  std::string file;     // empty: none
  int descriptor = -1;  // -1: none
  int terminal = -1;    // -1: there is none
};

// From the file if one is named, else the descriptor, else the terminal. Errors: as above;
// keys_locked, saying how to unlock, when there is no source.
Secret read_passphrase(FileSystem& fs, const PassphraseSource& source, const SiteCode& site);

}  // namespace courier
