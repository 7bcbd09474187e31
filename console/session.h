// Sessions: which browser may speak to the console, and which of them gave the passphrase.
//
// A token is a random number and a code over it by a key that this process made, so that tokens
// cost nothing here however many are asked for. They end with the process: a page whose token is
// refused loads itself anew. Only sessions of the operator are kept, few, and for a while.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace courier {

class Sessions {
 public:
  static constexpr std::string_view kCookie = "courier-session";
  static constexpr std::size_t kMostOperators = 32;
  static constexpr std::chrono::minutes kOperatorIdle{30};

  explicit Sessions(const Clock& clock);

  std::string make() const;  // a new token
  // In constant time.
  bool is_genuine(std::string_view token) const;
  // The token in a Cookie field; empty: none that is genuine.
  std::string token_in(std::string_view cookie_field) const;
  // What sets it: "courier-session=...; HttpOnly; SameSite=Strict; Path=/".
  static std::string set_cookie(const std::string& token);

  // The session is the operator's from here on, until it is idle for too long. Precondition: the
  // token is genuine. The one that was idle longest makes room.
  void log_in(const std::string& token);
  void log_out(const std::string& token);
  void log_out_all();
  // Also notes that it is in use.
  bool is_operator(const std::string& token);
  // The same without noting it: what is sent to a page unasked keeps no session alive.
  bool is_still_operator(const std::string& token) const;

 private:
  std::string code_over(std::string_view number) const;

  const Clock& clock_;
  std::array<unsigned char, 32> key_{};
  std::map<std::string, std::chrono::nanoseconds> operators_;  // token: last used
};

}  // namespace courier
