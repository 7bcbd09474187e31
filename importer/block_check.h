// Block check: what is inside the records is decoded, decompressed and compared with its digests in
// a confined child, before anything else looks at it.
//
//   record, authentic and decrypted --sizes, plaintext, base--> child: decode, decompress, every
//                                   <--- verdict, raw bytes ---        digest
//
// The child gets what its sender has signed and no key. Its word can make a record count as bad; it
// cannot make one count as signed. What it calls good and is not is found by its digest: the store
// verifies every object each time it opens a block. To do so it decompresses the same signed bytes
// in this process: a fault of the decompressor that a trusted sender uses, and that the child
// survives, is not kept out by this.
//
// Of a lean block it computes the digests, and they come back: whoever takes them compares them
// with the one that the record has for all of them. A block that is coded against a base is opened
// in the child only, which is given the base's bytes with it. What the child makes of it comes back
// and is believed no more than the record: whoever takes it compares every object with its digest.
//
// parent to child, for each: u8 kind of record, u32 size, u32 size of the base (0: none), the
// plaintext, the base. Child to parent, in the same order: one byte, a BlockVerdict; of a good one
// with a base then the raw bytes, as many as the block says; of another good one that is lean the
// digests of its objects.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/confinement.h"
#include "parcel/record.h"

namespace courier {

enum class BlockVerdict : std::uint8_t {
  good = 1,
  no_block = 2,  // it cannot be decoded: its sender made it so
  unfit = 3,     // it decodes, and its content does not come to its digests
};

// The child's side; main() has it in its list.
ConfinedWorker block_worker();

// One child, for the records of one parcel. send() from one thread and verdict() from another:
// more is sent before the first verdict is asked for.
class BlockCheck {
 public:
  // subject: names the parcel in errors. Errors: as ConfinedChild::start.
  explicit BlockCheck(std::string subject, const ConfinedLimits& limits = {});

  // Hands it over; false when the child is gone: the next verdict() says why.
  // base: of a block that is coded against one.
  bool send(RecordKind kind, ByteView plaintext, ByteView base = {});
  // Of the first record sent that has none yet. answer: filled, when that is good; as large as its
  // raw bytes or its digests are, and empty of one that has neither. Errors: damaged, when the
  // child failed at it or at one sent after it.
  BlockVerdict verdict(MutableByteView answer = {});
  // Ends the child: send() and verdict(), in any thread, come back. Thread-safe.
  void stop() noexcept { child_.kill(); }

 private:
  std::string subject_;
  ConfinedChild child_;
  std::uint64_t judged_ = 0;
};

}  // namespace courier
