// The operator's passphrase: what the site's own page asks for. HOME/console/passphrase has its
// Argon2id hash and nothing else of it; it opens no key.
#pragma once

#include <chrono>
#include <string>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/secret.h"

namespace courier {

class OperatorPassphrase {
 public:
  static constexpr std::size_t kShortest = 8, kLongest = 1024;

  OperatorPassphrase(FileSystem& fs, std::string home) : fs_(fs), home_(std::move(home)) {}

  // Errors: usage, when it is too short; no_space, device.
  void set(const Secret& passphrase);
  bool is_set() const { return !hash().empty(); }
  // Another one after each set; empty: none is set.
  std::string hash() const;
  // False also when none is set. Takes about a tenth of a second and 32 MiB.
  bool matches(std::string_view passphrase) const;

 private:
  FileSystem& fs_;
  const std::string home_;
};

// How often a passphrase may be tried, by all browsers together, as a session costs nothing: five
// times, then after one second, two, four, up to five minutes.
class LoginDelay {
 public:
  explicit LoginDelay(const Clock& clock) : clock_(clock) {}

  // What is still to be waited for; zero: it may be tried.
  std::chrono::seconds left() const;
  void failed();
  void succeeded() { failures_ = 0; }

 private:
  const Clock& clock_;
  unsigned failures_ = 0;
  std::chrono::nanoseconds next_{};
};

}  // namespace courier
