#include "base/pipeline.h"

#include <algorithm>
#include <cstdint>

namespace courier {

ThreadPool::ThreadPool(std::size_t threads) : tasks_(SIZE_MAX) {
  threads_.reserve(std::max<std::size_t>(threads, 1));
  for (std::size_t i = 0; i < std::max<std::size_t>(threads, 1); ++i) {
    threads_.emplace_back([this] {
      while (auto task = tasks_.pop()) (*task)();
    });
  }
}

ThreadPool::~ThreadPool() {
  tasks_.close();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::run(std::function<void()> task) { tasks_.push(std::move(task)); }

std::size_t worker_count() {
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 16);
}

}  // namespace courier
