#include "base/pipeline.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>

#include "base/error.h"

namespace courier {
namespace {

TEST(BoundedQueue, HandsItemsOverInOrderAndEnds) {
  BoundedQueue<int> queue(2);
  std::thread producer([&] {
    for (int i = 0; i < 1000; ++i) queue.push(i);
    queue.close();
  });
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(queue.pop(), i);
  EXPECT_EQ(queue.pop(), std::nullopt);
  EXPECT_EQ(queue.pop(), std::nullopt);
  producer.join();
}

TEST(BoundedQueue, HoldsNoMoreThanItsCapacity) {
  BoundedQueue<int> queue(3);
  std::atomic<int> pushed = 0;
  std::thread producer([&] {
    for (int i = 0; i < 100; ++i) {
      queue.push(i);
      ++pushed;
    }
    queue.close();
  });
  int popped = 0;
  while (queue.pop()) {
    ++popped;
    EXPECT_LE(pushed, popped + 3);
    EXPECT_LE(queue.size(), 3u);
  }
  producer.join();
  EXPECT_EQ(popped, 100);
}

TEST(BoundedQueue, CarriesTheFirstErrorToBothSides) {
  BoundedQueue<int> queue(1);
  queue.push(1);
  std::thread stuck([&] { EXPECT_THROW(queue.push(2), std::runtime_error); });
  queue.fail(std::make_exception_ptr(std::runtime_error("first")));
  queue.fail(std::make_exception_ptr(std::logic_error("second")));
  stuck.join();
  EXPECT_THROW(queue.pop(), std::runtime_error);
  EXPECT_THROW(queue.push(3), std::runtime_error);
}

TEST(BoundedQueue, WakesAWaitingReaderWhenItIsClosed) {
  BoundedQueue<int> queue(1);
  std::thread reader([&] { EXPECT_EQ(queue.pop(), std::nullopt); });
  queue.close();
  reader.join();
}

TEST(BoundedQueue, TakesItemsThatCanOnlyBeMoved) {
  BoundedQueue<std::unique_ptr<int>> queue(1);
  queue.push(std::make_unique<int>(7));
  EXPECT_EQ(**queue.pop(), 7);
}

TEST(ThreadPool, RunsWhatItWasGivenBeforeItGoes) {
  std::atomic<int> done = 0;
  {
    ThreadPool pool(4);
    EXPECT_EQ(pool.size(), 4u);
    for (int i = 0; i < 1000; ++i) pool.run([&] { ++done; });
  }
  EXPECT_EQ(done, 1000);
}

// In a process of its own, which is nobody's and may have no thread more.
int code_without_threads() {
  const pid_t child = ::fork();
  if (child == 0) {
    constexpr uid_t kNobody = 65534;
    const rlimit none{0, 0};
    if (::geteuid() == 0 && ::setuid(kNobody) != 0) ::_exit(100);
    if (::setrlimit(RLIMIT_NPROC, &none) != 0) ::_exit(100);
    try {
      const ThreadPool pool(4);
    } catch (const Error& error) {
      ::_exit(error.hint().empty() ? 101 : error.exit_status());
    } catch (...) {
      ::_exit(102);
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(ThreadPool, SaysThatNotASingleThreadCanBeStarted) {
  EXPECT_EQ(code_without_threads(), row_of(ErrorCode::device).exit_status);
}

TEST(OrderedStage, KeepsTheOrderWhateverTheWorkTakes) {
  ThreadPool pool(4);
  OrderedStage<std::unique_ptr<int>, std::string> stage(pool, 8, [](std::unique_ptr<int> v) {
    // Uneven work, so that later items overtake earlier ones.
    volatile unsigned sink = 0;
    for (int i = 0; i < (*v % 7) * 2000; ++i) sink = sink + 1;
    return std::to_string(*v);
  });
  std::thread producer([&] {
    for (int i = 0; i < 500; ++i) stage.push(std::make_unique<int>(i));
    stage.close();
  });
  for (int i = 0; i < 500; ++i) EXPECT_EQ(stage.pop(), std::to_string(i));
  EXPECT_EQ(stage.pop(), std::nullopt);
  producer.join();
}

TEST(OrderedStage, WorksFromOneThreadThatPopsWhenItIsFull) {
  ThreadPool pool(2);
  OrderedStage<int, int> stage(pool, 3, [](int v) { return v * 2; });
  int next = 0;
  for (int i = 0; i < 100; ++i) {
    if (stage.full()) {
      EXPECT_EQ(stage.pop(), 2 * next++);
    }
    stage.push(i);
  }
  stage.close();
  while (const auto value = stage.pop()) EXPECT_EQ(*value, 2 * next++);
  EXPECT_EQ(next, 100);
}

TEST(OrderedStage, BringsTheErrorOfAnItemInItsPlace) {
  ThreadPool pool(2);
  OrderedStage<int, int> stage(pool, 4, [](int v) {
    if (v == 1) throw std::runtime_error("one");
    return v;
  });
  for (int i = 0; i < 3; ++i) stage.push(i);
  EXPECT_EQ(stage.pop(), 0);
  EXPECT_THROW(stage.pop(), std::runtime_error);
  EXPECT_EQ(stage.pop(), 2);
}

TEST(OrderedStage, ThatGoesEarlyWaitsForItsWorkAndDropsTheRest) {
  ThreadPool pool(1);
  std::atomic<int> begun = 0;
  std::latch go(1);
  auto stage = std::make_unique<OrderedStage<int, int>>(pool, 100, [&](int v) {
    if (begun++ == 0) go.wait();
    return v;
  });
  for (int i = 0; i < 100; ++i) stage->push(i);
  while (begun == 0) std::this_thread::yield();
  // The first item's work goes on while the stage is being destroyed.
  stage->fail(std::make_exception_ptr(std::runtime_error("the reader failed")));
  EXPECT_THROW(stage->pop(), std::runtime_error);
  EXPECT_THROW(stage->push(1), std::runtime_error);
  go.count_down();
  stage.reset();
  EXPECT_EQ(begun, 1);
}

TEST(OrderedStage, SharesAPoolWithoutLockingUp) {
  ThreadPool pool(1);
  OrderedStage<int, int> first(pool, 1, [](int v) { return v + 1; });
  OrderedStage<int, int> second(pool, 1, [](int v) { return v * 10; });
  std::thread feed([&] {
    for (int i = 0; i < 200; ++i) first.push(i);
    first.close();
  });
  std::thread middle([&] {
    while (auto v = first.pop()) second.push(*v);
    second.close();
  });
  int expected = 0;
  while (auto v = second.pop()) EXPECT_EQ(*v, ++expected * 10);
  EXPECT_EQ(expected, 200);
  feed.join();
  middle.join();
}

TEST(WorkerCount, StaysWithinItsBounds) {
  EXPECT_GE(worker_count(), 1u);
  EXPECT_LE(worker_count(), 16u);
}

}  // namespace
}  // namespace courier
