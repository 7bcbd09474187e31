#include "tests/support/make_golden/parcel_maker.h"

#include "media/recovery.h"
#include "tests/support/damaged_bytes.h"
#include "tests/support/parcel_surgery.h"
#include "tests/support/temp_folder.h"

namespace courier::test {

Item package_item(const Maker& maker, const Content& content) {
  Item item;
  item.set_kind(ItemKind::package);
  item.jobs = {maker.number};
  item.package = maker.package;
  item.version = 1;
  item.root = content.root;
  item.content_bytes = content.bytes;
  item.files = content.files;
  item.package_name = "Test package " + maker.package.str();
  item.share_name = maker.package.str();
  return item;
}

ParcelDraft draft_of(const Maker& maker, std::vector<Item> items) {
  ParcelDraft draft;
  draft.addressees.push_back(
      {maker.to.code, maker.number, maker.to.incarnation.ordinal, maker.to.keys.sealing, 0});
  draft.created = maker.now;
  draft.packing_list.items = std::move(items);
  for (const auto& item : draft.packing_list.items) draft.content_bytes += item.content_bytes;
  return draft;
}

Bytes written(const Maker& maker, const ParcelDraft& draft, const KeyRing& from, const Fill& fill) {
  Bytes out;
  ParcelWriter writer([&](ByteView data) { append(out, data); });
  writer.begin(draft, from, maker.entropy);
  fill(writer);
  writer.finish();
  return out;
}

Fill blocks_of(const Content& content) {
  return [content](ParcelWriter& writer) {
    for (const auto& block : content.blocks) writer.add(block);
  };
}

Fill lean_blocks_of(const Content& content) {
  return [content](ParcelWriter& writer) {
    for (std::size_t i = 0; i < content.blocks.size(); ++i) {
      writer.add_sealed(writer.sealer().seal(i, content.blocks[i], RecordKind::lean_block));
    }
  };
}

Bytes parcel_of(const Maker& maker, const Content& content) {
  return written(maker, draft_of(maker, {package_item(maker, content)}), maker.from,
                 blocks_of(content));
}

// Two records: nodes, chunks. Of its own for each package, so that a site never has it already.
Content small_content(const Maker& maker, const std::string& text) {
  const std::string own = text + maker.package.str() + "\n";
  ContentMaker content;
  TreeEntry readme = content.file("readme.txt", own);
  TreeEntry nested = content.file("tool.sh", "#!/bin/sh\n" + own);
  return content.finish({readme, content.dir("bin", {nested})});
}

Bytes good(const Maker& maker) { return parcel_of(maker, small_content(maker)); }

Bytes protected_by(const Bytes& volume, unsigned percent) {
  PosixFileSystem fs;
  const TempFolder scratch(memory_folder());
  return all_of(with_recovery(fs, volume_of(volume), percent, scratch.path(), {}));
}

Item bare_item(const Maker& maker, ItemKind kind) {
  Item item;
  item.set_kind(kind);
  item.jobs = {maker.number};
  return item;
}

Bytes only_item(const Maker& maker, const Item& item) {
  return written(maker, draft_of(maker, {item}), maker.from, [](ParcelWriter&) {});
}

}  // namespace courier::test
