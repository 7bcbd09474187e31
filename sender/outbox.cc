#include "sender/outbox.h"

#include "base/durable.h"
#include "ledger/parcel_book.h"
#include "media/medium.h"

namespace courier {
namespace {

constexpr std::string_view kMapSuffix = ".map";

bool is_map_name(std::string_view name) {
  return name.size() == 64 + kMapSuffix.size() && name.ends_with(kMapSuffix);
}

}  // namespace

std::vector<ParcelId> unfinished_parcels(Ledger& ledger, FileSystem& fs, const std::string& home) {
  const std::vector<ParcelId> reserved = ParcelBook(ledger).reserved();
  std::vector<ParcelId> unfinished;
  if (reserved.empty()) return unfinished;
  const Fd outbox = make_dirs(fs, outbox_of(home));
  for (const ParcelId& id : reserved) {
    if (fs.stat_at(outbox, parcel_file_name(id))) unfinished.push_back(id);
  }
  return unfinished;
}

void sweep_outbox(Ledger& ledger, FileSystem& fs, Journal& journal, const std::string& home) {
  ParcelBook book(ledger);
  const Fd outbox = make_dirs(fs, outbox_of(home));
  sweep_temporary(fs, outbox);
  for (const ParcelId& id : unfinished_parcels(ledger, fs, home)) {
    fs.unlink_at(outbox, parcel_file_name(id));
    journal.write(Component::courier_sender, Severity::warning,
                  "removed a parcel that was not finished", {{"parcel", id.str()}});
  }
  for (const ParcelId& id : book.reserved()) book.drop_reserved(id);
  for (const DirEntry& entry : fs.list(outbox)) {
    if (!is_map_name(entry.name)) continue;
    const Digest label = Digest::from_hex(entry.name.substr(0, 64));
    if (!book.by_label(label)) fs.unlink_at(outbox, entry.name);
  }
}

}  // namespace courier
