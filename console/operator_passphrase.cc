#include "console/operator_passphrase.h"

#include <sodium.h>

#include <algorithm>

#include "base/durable.h"
#include "base/error.h"
#include "base/sodium_ready.h"

namespace courier {
namespace {

constexpr const char* kFolder = "/console";
constexpr const char* kName = "passphrase";
// More than a stolen file should be tried with, less than the console may hold.
constexpr unsigned long long kRounds = 4;
constexpr std::size_t kMemory = 32 << 20;
constexpr unsigned kFree = 5, kMostDoublings = 9;
constexpr std::chrono::seconds kLongestWait{300};

}  // namespace

void OperatorPassphrase::set(const Secret& passphrase) {
  detail::sodium_ready();
  if (passphrase.size() < kShortest || passphrase.size() > kLongest) {
    throw Error(ErrorCode::usage, "the operator's passphrase", "has not 8 to 1,024 bytes")
        .with_hint("take a few words that nobody guesses");
  }
  char hash[crypto_pwhash_STRBYTES] = {};
  if (crypto_pwhash_str(hash, reinterpret_cast<const char*>(passphrase.view().data()),
                        passphrase.size(), kRounds, kMemory) != 0) {
    throw Error(ErrorCode::device, "the operator's passphrase", "there is no memory for its hash");
  }
  const Fd folder = make_dirs(fs_, home_ + kFolder);
  write_durably(fs_, folder, kName, as_bytes(std::string(hash) + "\n"), Replace::always);
}

std::string OperatorPassphrase::hash() const {
  try {
    return to_string(read_file(fs_, home_ + kFolder + "/" + kName, crypto_pwhash_STRBYTES));
  } catch (const Error&) {
    return "";
  }
}

bool OperatorPassphrase::matches(std::string_view passphrase) const {
  detail::sodium_ready();
  if (passphrase.size() > kLongest) return false;
  std::string hash = this->hash();
  if (hash.ends_with('\n')) hash.pop_back();
  char padded[crypto_pwhash_STRBYTES] = {};
  if (hash.size() >= sizeof padded) return false;
  hash.copy(padded, hash.size());
  return crypto_pwhash_str_verify(padded, passphrase.data(), passphrase.size()) == 0;
}

std::chrono::seconds LoginDelay::left() const {
  if (failures_ < kFree) return {};
  return std::max(std::chrono::ceil<std::chrono::seconds>(next_ - clock_.monotonic()),
                  std::chrono::seconds(0));
}

void LoginDelay::failed() {
  ++failures_;
  if (failures_ < kFree) return;
  const std::chrono::seconds wait{1 << std::min(failures_ - kFree, kMostDoublings)};
  next_ = clock_.monotonic() + std::min(wait, kLongestWait);
}

}  // namespace courier
