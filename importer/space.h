// Space in the home, looked at before anything is written there (B42).
#pragma once

#include <cstdint>
#include <string>

#include "importer/parts.h"

namespace courier {

// Kept free beside what is asked for: the ledger, its journal and the index need room to say so.
inline constexpr std::uint64_t kHomeReserveBytes = 8u << 20;

// Errors: no_space, with the bytes needed and free; recorded as 4402.
void require_space(const ImporterParts& parts, std::uint64_t bytes, const std::string& subject);

// The same for a return: small, and what it answers is in already, so that it may use the reserve.
void require_return_space(const ImporterParts& parts, std::uint64_t bytes,
                          const std::string& subject);

}  // namespace courier
