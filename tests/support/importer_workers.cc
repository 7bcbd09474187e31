// The confined workers that receiving starts, for the test programs that receive.
#include "importer/block_check.h"
#include "parcel/confined_frames.h"
#include "tests/support/test_workers.h"

namespace courier::test {
namespace {

const TestWorker kFrames{frame_worker()};
const TestWorker kBlocks{block_worker()};

}  // namespace
}  // namespace courier::test
