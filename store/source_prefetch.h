// Source prefetch: walks a source ahead of the reader, in the same order, and asks the kernel for
// what comes next, many files at a time. A cold tree of small files waits for the drive once for
// each file; sixteen at a time it is read several times faster.
//
// A hint and nothing else: it hands out no byte and no name, changes nothing, and what fails here
// is ignored. The reader opens and judges everything itself.
#pragma once

#include <memory>

namespace courier {

class SourcePrefetch {
 public:
  // dir: an open folder, the source's top; it is not kept. Starts its threads.
  explicit SourcePrefetch(int dir);
  ~SourcePrefetch();  // stops at once, wherever it is
  SourcePrefetch(const SourcePrefetch&) = delete;

  // The reader has come to one more file: the walk may go on by one.
  void passed_file();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace courier
