// Copies of outgoing parcels, and of volumes of them, on media (P2).
#include "ledger/parcel_book.h"
#include "ledger/sql.h"

namespace courier {

std::string ParcelCopy::volume_words() const {
  if (cut.empty()) return "";
  return is_spare()
             ? "spare volume " + std::to_string(number - volumes) + " of " + std::to_string(spares)
             : "volume " + std::to_string(number) + " of " + std::to_string(volumes);
}

using L = long long;
using S = std::string;

std::vector<ParcelCopy> ParcelBook::copies(const ParcelId& id) {
  auto& db = ledger_.impl();
  std::vector<ParcelCopy> out;
  for (auto& [target, label, serial, verified, note, time, medium, cut, number, volumes, first, end,
              bytes, spares] :
       sql::rows<S, S, S, L, S, L, S, S, L, L, L, L, L, L>(
           db,
           "SELECT target, medium_label, medium_serial, verified, note, time, medium, cut, number,"
           " volumes, first_record, end_record, bytes, spares FROM copy WHERE parcel = :k ORDER BY "
           "id",
           key_for(id)))
    out.push_back({target, label, serial, verified != 0, note, sql::time_of(time), medium, cut,
                   static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(volumes),
                   static_cast<std::uint64_t>(first), static_cast<std::uint64_t>(end),
                   static_cast<std::uint64_t>(bytes), static_cast<std::uint32_t>(spares)});
  return out;
}

}  // namespace courier
