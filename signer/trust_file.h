// The file behind TrustList.
//
// Bytes: a checked file (checked_file.h) of the magic "PCLTRUST", version 1, with the body: count
// of sites, codes ascending, each: 3 bytes code, text name, u8 role, incarnation (u32, 16 bytes),
// count of earlier incarnations, count of keys, each 64 bytes keys, u32 generation, u8 status, i64
// zigzag time in seconds; count of granted prefixes as text, ascending; u16 format version, u64
// features, i64 zigzag time of joining. Keys are public: the file needs to be whole, not secret.
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "signer/trust_list.h"

namespace courier {

inline constexpr std::size_t kMaxTrustFileSize = std::size_t{64} << 20;
inline constexpr std::size_t kMaxSites = 46656;  // all site codes
inline constexpr std::size_t kMaxKeysPerSite = 256;
inline constexpr std::size_t kMaxEarlierIncarnations = 1024;
inline constexpr std::size_t kMaxGrants = 256;

Bytes encode_trust_file(const std::vector<TrustedSite>& sites);

// Errors: damaged, unsupported.
std::vector<TrustedSite> parse_trust_file(ByteView file, const std::string& subject);

}  // namespace courier
