// Unpacker: an archive (zip, tar plain or with gzip, bzip2, xz, zstd or lz4, 7z, iso, cab) into a
// folder.
//
//   archive ──► confined child: libarchive ──ArchiveMessages──► UnpackedTree ──► folder
//
// libarchive is large and archives come from anywhere, so it runs where it can reach nothing
// (unpack_worker.h); what it says is judged here, entry by entry (unpacked_tree.h). Names that the
// archive gives as Unicode come composed (NFC), whatever they were.
#pragma once

#include <cstdint>
#include <string>

#include "base/file_system.h"
#include "base/progress.h"
#include "store/unpacked_tree.h"

namespace courier {

// The limit on content unless another is asked for: honest archives rarely unpack to more than a
// hundred times their size, and small ones never hurt.
std::uint64_t default_unpack_limit(std::uint64_t archive_bytes);

// Unpacks a file into the tree's folder. Errors: as UnpackedTree; usage, when it is no file;
// not_allowed, when it changes meanwhile;
// unsupported, when it is no archive of these sorts, or encrypted; damaged, when it cannot be read
// to its end or the child was stopped.
void unpack(FileSystem& fs, const Fd& archive, const std::string& name, UnpackedTree& tree,
            const ProgressSink& progress = {});

}  // namespace courier
