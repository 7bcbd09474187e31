// What a confined worker reads its input with and writes its answers with: plain system calls, and
// an exception that ends the worker when nobody asks any more. Not for the parent's side.
#pragma once

#include "base/bytes.h"
#include "base/file_system.h"

namespace courier {

// The parent has let go of the channel: the worker is done.
struct NobodyAsks {};

// Fills `out` from the channel. Throws NobodyAsks at the end of the input.
void read_input(const Fd& channel, MutableByteView out);
// Writes all of `data`. Throws NobodyAsks when the other side is gone.
void write_answer(const Fd& channel, ByteView data);

// Inside a catch, in any thread of a worker: ends the process as if run() had thrown that.
[[noreturn]] void end_worker() noexcept;

}  // namespace courier
