#include "importer/quarantine.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <memory>

#include "base/durable.h"
#include "importer/space.h"
#include "ledger/incoming_book.h"
#include "ledger/settings.h"
#include "ledger/status_log.h"

namespace courier {
namespace {

constexpr std::string_view kSuffix = ".pcl";

std::string folder_of(const ImporterParts& parts) { return parts.home + "/quarantine"; }
std::string name_of(const Digest& label) { return label.hex() + std::string(kSuffix); }

}  // namespace

void keep_in_quarantine(const ImporterParts& parts, OpenOffer& open) {
  const Offer& offer = open.offer;
  Fd folder = make_dirs(parts.fs, folder_of(parts));
  const std::string name = name_of(offer.label_digest);
  if (!parts.fs.stat_at(folder, name)) {
    require_space(parts, offer.file_bytes, "parcel " + offer.id.str());
    DurableFile file{parts.fs, folder, name};
    file.write(open.source->recorded());
    open.source->stop_recording();
    Bytes buffer(1u << 20);
    while (const std::size_t size = open.source->read(buffer)) {
      file.write(ByteView(buffer).first(size));
      // Space was looked at for what the medium said: it does not get more by saying less.
      if (file.size() > offer.file_bytes) {
        throw Error{ErrorCode::damaged, "parcel " + offer.id.str(),
                    fmt::format("grows beyond its {} bytes while it is read", offer.file_bytes)};
      }
    }
    file.commit(Replace::never);
  }

  const Label& label = offer.label;
  IncomingBook incoming{parts.ledger};
  if (auto row = incoming.find(offer.label_digest);
      row && row->state == IncomingState::quarantined) {
    return;  // kept before: its key.wait goes on
  }
  IncomingParcel row;
  row.label = offer.label_digest;
  row.id = offer.id;
  row.sender_incarnation = label.sender.incarnation;
  row.name = label.name;
  row.comment = label.comment;
  row.signer = to_hex(label.sender.signing_key);
  row.written = label.created;
  row.arrived = parts.clock.now();
  row.state = IncomingState::quarantined;
  row.reason = offer.error ? offer.error->happened() : "no key for its signer";
  row.item_count = label.item_count;
  row.content_bytes = label.content_bytes;
  row.key_deadline = row.arrived + Settings{parts.ledger}.minutes("key.wait");
  Transaction transaction{parts.ledger};
  incoming.quarantine(row);
  StatusMessage message;
  message.id = "4404";
  message.severity = Severity::warning;
  message.component = Component::despooler;
  message.strings = {offer.id.str(), label.sender.code.str(), row.signer};
  StatusLog{parts.ledger}.add(message);
  transaction.commit();
  parts.journal.write(Component::despooler, Severity::warning,
                      fmt::format("parcel {} in quarantine: no key of {} known here is {}",
                                  offer.id.str(), label.sender.code.str(), row.signer),
                      {{"parcel", offer.id.str()}});
}

std::optional<OfferedVolume> open_quarantined(const ImporterParts& parts, const Digest& label) {
  Fd folder = make_dirs(parts.fs, folder_of(parts));
  const std::string name = name_of(label);
  auto status = parts.fs.stat_at(folder, name);
  if (!status) return std::nullopt;
  // The stream owns its descriptor; a function object is copied, so it is shared by its copies.
  const auto fd = std::make_shared<const Fd>(parts.fs.open_at(folder, name, O_RDONLY));
  OfferedVolume volume;
  volume.path = folder_of(parts) + "/" + name;
  volume.size = static_cast<std::uint64_t>(status->st_size);
  volume.source = [&fs = parts.fs, fd](MutableByteView out) { return fs.read(*fd, out); };
  volume.bytes = bytes_of_file(parts.fs, fd);
  return volume;
}

void drop_quarantined(const ImporterParts& parts, const Digest& label) {
  Fd folder = make_dirs(parts.fs, folder_of(parts));
  const std::string name = name_of(label);
  if (!parts.fs.stat_at(folder, name)) return;
  parts.fs.unlink_at(folder, name);
  parts.fs.sync(folder);
}

std::vector<Digest> list_quarantined(const ImporterParts& parts) {
  Fd folder = make_dirs(parts.fs, folder_of(parts));
  sweep_temporary(parts.fs, folder);
  std::vector<Digest> labels;
  for (const DirEntry& entry : parts.fs.list(folder)) {
    if (entry.name.size() != 64 + kSuffix.size() || !entry.name.ends_with(kSuffix)) continue;
    try {
      labels.push_back(Digest::from_hex(entry.name.substr(0, 64)));
    } catch (const Error&) {
      // Somebody else's file.
    }
  }
  return labels;
}

}  // namespace courier
