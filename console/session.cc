#include "console/session.h"

#include <sodium.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/sodium_ready.h"

namespace courier {
namespace {

constexpr std::size_t kNumberSize = 16;
constexpr std::size_t kTokenSize = 2 * (kNumberSize + crypto_auth_BYTES);

static_assert(crypto_auth_KEYBYTES == 32);

}  // namespace

Sessions::Sessions(const Clock& clock) : clock_(clock) {
  detail::sodium_ready();
  crypto_auth_keygen(key_.data());
}

std::string Sessions::code_over(std::string_view number) const {
  std::array<unsigned char, crypto_auth_BYTES> code{};
  crypto_auth(code.data(), as_bytes(number).data(), number.size(), key_.data());
  return to_hex(code);
}

std::string Sessions::make() const {
  std::array<unsigned char, kNumberSize> number{};
  randombytes_buf(number.data(), number.size());
  const std::string text = to_hex(number);
  return text + code_over(text);
}

bool Sessions::is_genuine(std::string_view token) const {
  if (token.size() != kTokenSize) return false;
  const std::string code = code_over(token.substr(0, 2 * kNumberSize));
  return sodium_memcmp(code.data(), token.data() + 2 * kNumberSize, code.size()) == 0;
}

std::string Sessions::token_in(std::string_view field) const {
  while (!field.empty()) {
    const std::size_t end = std::min(field.find(';'), field.size());
    std::string_view pair = field.substr(0, end);
    field.remove_prefix(std::min(end + 1, field.size()));
    while (pair.starts_with(' ')) pair.remove_prefix(1);
    if (!pair.starts_with(kCookie) || pair.size() <= kCookie.size()) continue;
    if (pair[kCookie.size()] != '=') continue;
    const std::string_view token = pair.substr(kCookie.size() + 1);
    if (is_genuine(token)) return std::string(token);
  }
  return "";
}

std::string Sessions::set_cookie(const std::string& token) {
  return std::string(kCookie) + "=" + token + "; HttpOnly; SameSite=Strict; Path=/";
}

void Sessions::log_in(const std::string& token) {
  if (operators_.size() >= kMostOperators) {
    operators_.erase(std::ranges::min_element(operators_, {},
                                              [](const auto& session) { return session.second; }));
  }
  operators_[token] = clock_.monotonic();
}

void Sessions::log_out(const std::string& token) { operators_.erase(token); }

void Sessions::log_out_all() { operators_.clear(); }

bool Sessions::is_operator(const std::string& token) {
  if (!is_still_operator(token)) {
    operators_.erase(token);
    return false;
  }
  operators_[token] = clock_.monotonic();
  return true;
}

bool Sessions::is_still_operator(const std::string& token) const {
  const auto it = operators_.find(token);
  return it != operators_.end() && clock_.monotonic() - it->second <= kOperatorIdle;
}

}  // namespace courier
