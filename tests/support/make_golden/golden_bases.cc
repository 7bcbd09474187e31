#include "tests/support/make_golden/golden_bases.h"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "base/codec.h"
#include "store/block_against.h"
#include "tests/support/parcel_surgery.h"
#include "tests/support/test_files.h"

namespace courier::test {

namespace {

// What a site holds of a version, by the names that ranges have for it.
class Held {
 public:
  explicit Held(const Content& content) {
    for (const Block& block : content.blocks) {
      const Bytes raw = decompress(block);
      std::size_t at = 0;
      for (const BlockObject& object : block.objects) {
        add(BaseForm::object, object.digest, ByteView(raw).subspan(at, object.size));
        at += object.size;
      }
    }
  }
  void add(BaseForm form, const Digest& digest, ByteView bytes) {
    held_[{form, digest}] = to_bytes(bytes);
  }
  BaseRange all_of(BaseForm form, const Digest& digest) const {
    return {form, digest, 0, static_cast<std::uint32_t>(held_.at({form, digest}).size())};
  }
  Bytes base(const std::vector<BaseRange>& ranges) const {
    Bytes out;
    for (const BaseRange& range : ranges) {
      const Bytes& whole = held_.at({range.form, range.object});
      append(out, ByteView(whole).subspan(range.offset, range.length));
    }
    return out;
  }

 private:
  std::map<std::pair<BaseForm, Digest>, Bytes> held_;
};

// The list of ranges is encoded here and not by the program, which may learn another encoding.
BlockAgainst coded(BlockBuilder::Raw gathered, BlockCodec codec, const Held& held,
                   const std::vector<BaseRange>& ranges) {
  Encoder payload;
  payload.varint(ranges.size());
  for (const BaseRange& range : ranges) {
    payload.u8(static_cast<std::uint8_t>(range.form)).digest(range.object);
    payload.varint(range.offset).varint(range.length);
  }
  BlockAgainst out;
  out.base = held.base(ranges);
  const Bytes bytes = codec == BlockCodec::prefix
                          ? encode_prefix(gathered.raw, out.base, Level::standard)
                          : encode_difference(gathered.raw, out.base, Level::standard);
  if (bytes.empty() || payload.size() + bytes.size() >= gathered.raw.size())
    throw std::runtime_error("a base that makes nothing smaller");
  out.block.codec = static_cast<std::uint8_t>(codec);
  out.block.raw_size = static_cast<std::uint32_t>(gathered.raw.size());
  out.block.objects = std::move(gathered.objects);
  out.block.payload = payload.raw(bytes).take();
  return out;
}

BlockBuilder::Raw gathered(const Block& block) { return {block.objects, decompress(block)}; }

BlockBuilder::Raw chunk(const std::string& content) {
  BlockBuilder builder;
  const ByteView bytes = as_bytes(content);
  builder.add(DigestKind::chunk, digest_of(DigestKind::chunk, bytes), bytes);
  return builder.take();
}

std::string lines(int first, int end) {
  std::string out;
  for (int i = first; i < end; ++i) out += std::to_string(i * 7919) + " was seen\n";
  return out;
}

// The program linked anew: a part more, and a number every 64 bytes that is 0x140 further.
std::string linked_anew(std::string program) {
  for (std::size_t at = 400; at + 4 <= program.size(); at += 64) {
    std::uint32_t number = 0;
    for (std::size_t i = 4; i-- > 0;)
      number = number << 8 | static_cast<std::uint8_t>(program[at + i]);
    number += 0x140;
    for (std::size_t i = 0; i < 4; ++i, number >>= 8) program[at + i] = static_cast<char>(number);
  }
  return program.insert(300, "a part that was not there before");
}

// Files that stay as they are, and are not in the increment.
TreeEntry unchanged(ContentMaker& content, const std::string& text, int number) {
  const std::string name = "unchanged-" + std::to_string(number);
  return content.file(name, text + name);
}

Bytes parcel_of_version(const Maker& maker, std::uint32_t version, const Content& content,
                        const Digest* base, std::uint64_t critical_features, const Fill& fill) {
  Item item = package_item(maker, content);
  item.version = version;
  if (base) item.bases = {{maker.package, version - 1, *base}};
  ParcelDraft draft = draft_of(maker, {item});
  draft.critical_features = critical_features;
  return written(maker, draft, maker.from, fill);
}

}  // namespace

TwoVersions two_versions(const std::string& text) {
  const std::string program = text + noise(4000, 11);
  const std::string early = text + "\n" + lines(0, 90), late = lines(90, 150);
  ContentMaker before;
  const TreeEntry old_program = before.file("program", program);
  const TreeEntry old_log = before.long_file("seen.log", {early, late});
  TwoVersions two;
  two.first = before.finish({old_program, old_log, unchanged(before, text, 1),
                             unchanged(before, text, 2), unchanged(before, text, 3)});

  const std::string new_program = linked_anew(program);
  const std::string log = (early + late).substr(40, 2000) + "a new line\n" + early.substr(0, 700);
  const std::string readme = "new in this version\n" + text;
  ContentMaker after;
  two.second = after.finish({after.file("readme.txt", readme), after.file("program-2", new_program),
                             after.file("seen.log", log), unchanged(after, text, 1),
                             unchanged(after, text, 2), unchanged(after, text, 3)});

  Held held(two.first);
  held.add(BaseForm::content, old_log.content, as_bytes(early + late));
  // Nodes are gathered from below: the last two are the top folder's and the root.
  const BlockObject& folder = *(two.first.blocks.at(0).objects.rbegin() + 1);
  two.increment.push_back(coded(gathered(two.second.blocks.at(0)), BlockCodec::prefix, held,
                                {held.all_of(BaseForm::object, folder.digest)}));
  two.increment.push_back(coded(chunk(new_program), BlockCodec::difference, held,
                                {held.all_of(BaseForm::object, old_program.content)}));
  // From the middle of one chunk into the next, and what was named already once more.
  two.increment.push_back(coded(chunk(log), BlockCodec::prefix, held,
                                {{BaseForm::content, old_log.content, 40, 2000},
                                 {BaseForm::content, old_log.content, 0, 700}}));
  BlockAgainst plain;
  plain.block = compress_block(chunk(readme), Level::fast);
  two.increment.push_back(plain);
  return two;
}

Bytes first_of_two(const Maker& maker) {
  const Content content = two_versions(maker.package.str()).first;
  return parcel_of_version(maker, 1, content, nullptr, 0, blocks_of(content));
}

Bytes second_of_two(const Maker& maker, std::uint64_t critical_features, RecordKind kind) {
  const TwoVersions two = two_versions(maker.package.str());
  return parcel_of_version(maker, 2, two.second, &two.first.root, critical_features,
                           [&](ParcelWriter& writer) {
                             std::uint64_t number = 0;
                             for (const BlockAgainst& one : two.increment) {
                               writer.add_sealed(writer.sealer().seal(number++, one.block, kind));
                             }
                           });
}

}  // namespace courier::test
