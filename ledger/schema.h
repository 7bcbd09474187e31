// The ledger's tables, one migration per version: statements that bring a ledger of version n - 1
// to n, run in one transaction. A migration is never changed once released; the next one is added.
#pragma once

#include <span>
#include <string_view>

namespace courier {

inline constexpr int kLedgerApplicationId = 0x50434C31;  // "PCL1"

// migrations()[n - 1] leads to version n.
std::span<const std::span<const std::string_view>> migrations();

}  // namespace courier
