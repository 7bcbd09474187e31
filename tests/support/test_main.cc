// The main of every unit test program: a child of one runs the confined worker it was started for.
#include <gtest/gtest.h>

#include "tests/support/test_workers.h"

int main(int argc, char** argv) {
  courier::run_confined_worker_if_asked(argc, argv, courier::test::test_workers());
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
