// Every item is run once, whatever the number of threads and however busy the machine.
#include "runtime/model/ThreadPool.h"
#include "test/runtime/TestSupport.h"

#include <chrono>
#include <cstring>
#include <thread>

using namespace keel::runtime;

namespace {

void countItems(const void *captured, std::int64_t begin, std::int64_t end, void *) {
  auto *counts = *static_cast<std::vector<int> *const *>(captured);
  for (std::int64_t i = begin; i < end; ++i)
    ++(*counts)[static_cast<std::size_t>(i)];
}

TEST(ThreadPool, RunsEveryItemOnce) {
  for (unsigned threads : {1u, 2u, 3u, 8u, 33u}) {
    ThreadPool pool(threads);
    for (int round = 0; round < 30; ++round)
      for (std::int64_t count : {0, 1, 2, 3, 7, 8, 64, 1000}) {
        std::vector<int> counts(static_cast<std::size_t>(count)), *captured = &counts;
        pool.run(countItems, &captured, count);
        EXPECT_EQ(counts, std::vector<int>(counts.size(), 1)) << threads << " threads, " << count << " items";
      }
  }
}

TEST(ThreadPool, WakesFromSleep) {
  ThreadPool pool(4);
  for (int round = 0; round < 20; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(2)); // longer than the workers spin
    std::vector<int> counts(17), *captured = &counts;
    pool.run(countItems, &captured, 17);
    EXPECT_EQ(counts, std::vector<int>(17, 1));
  }
}

TEST(ThreadPool, StopsAtOnce) {
  for (int round = 0; round < 50; ++round)
    ThreadPool pool(5);
}

TEST(ThreadPool, LendsEachThreadItsOwnScratch) {
  ThreadPool pool(4);
  pool.reserveScratch(1000);
  // A piece fills its scratch, works a while, and finds it as it left it.
  auto body = [](const void *captured, std::int64_t begin, std::int64_t, void *scratch) {
    auto *failures = *static_cast<std::atomic<int> *const *>(captured);
    std::memset(scratch, static_cast<int>(begin % 251), 1000);
    std::this_thread::yield();
    for (int i = 0; i < 1000; ++i)
      *failures += static_cast<unsigned char *>(scratch)[i] != begin % 251;
  };
  std::atomic<int> failures = 0, *captured = &failures;
  for (int round = 0; round < 100; ++round)
    pool.run(body, &captured, 64);
  EXPECT_EQ(failures, 0);
}

TEST(ThreadPool, RecordsPieces) {
  ThreadPool pool(3);
  pool.record(true);
  std::vector<int> counts(10), *captured = &counts;
  pool.run(countItems, &captured, 10, 42);
  std::size_t pieces = 0;
  for (unsigned thread = 0; thread < pool.threads(); ++thread)
    for (const ThreadPool::Record &record : pool.records(thread)) {
      EXPECT_EQ(record.tag, 42u);
      EXPECT_LE(record.begin, record.end);
      ++pieces;
    }
  EXPECT_EQ(pieces, 10u); // shares of 4, 3 and 3 items, at most four pieces each
}

} // namespace
