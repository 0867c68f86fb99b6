// What happens before what: barriers, and releases that are acquired.
#include "runtime/emulator/Machine.h"

#include <algorithm>

namespace keel::emulator {

namespace {
/// Joins clocks, looking at each distinct one once: threads that met before share theirs.
struct Join {
  std::uint32_t base = 0;
  std::vector<const Clock *> seen;
  std::shared_ptr<Clock> clock;
  KnowledgeRef foreign;
  std::uint32_t async[2] = {0, 0};

  void add(const Order &order, std::uint32_t threads) {
    base = std::max(base, order.base);
    foreign = join(foreign, order.foreign);
    for (int i = 0; i < 2; ++i)
      async[i] = std::max(async[i], order.async[i]);
    if (!clock)
      clock = std::make_shared<Clock>(threads, 0);
    if (!order.clock || std::find(seen.begin(), seen.end(), order.clock.get()) != seen.end())
      return;
    seen.push_back(order.clock.get());
    for (std::uint32_t i = 0; i < threads; ++i)
      (*clock)[i] = std::max((*clock)[i], (*order.clock)[i]);
  }
};
} // namespace

void synchronize(Block &block, Thread *const *threads, std::size_t count, const std::vector<Order> &arrivals) {
  if (!block.grid->full)
    return;
  std::uint32_t now = block.time++;
  if (count == block.threads.size() && arrivals.empty()) { // everybody: one number says it all
    Order all{now, nullptr, nullptr};
    for (std::size_t i = 0; i < count; ++i) {
      const Order &order = threads[i]->order;
      if (order.foreign != all.foreign)
        all.foreign = join(all.foreign, order.foreign);
      for (int k = 0; k < 2; ++k)
        all.async[k] = std::max(all.async[k], order.async[k]);
    }
    for (std::size_t i = 0; i < count; ++i)
      threads[i]->order = all;
    return;
  }
  auto numThreads = static_cast<std::uint32_t>(block.threads.size());
  Join join;
  for (std::size_t i = 0; i < count; ++i)
    join.add(threads[i]->order, numThreads);
  for (const Order &arrival : arrivals)
    join.add(arrival, numThreads);
  for (std::size_t i = 0; i < count; ++i)
    (*join.clock)[threads[i]->index] = now;
  for (std::size_t i = 0; i < count; ++i)
    threads[i]->order = {join.base, join.clock, join.foreign, {join.async[0], join.async[1]}};
}

void synchronizeLanes(Warp &warp, std::uint32_t lanes) {
  Thread *threads[warpSize];
  std::size_t count = 0;
  for (std::uint32_t rest = lanes; rest; rest &= rest - 1)
    threads[count++] = &warp.thread(static_cast<std::uint32_t>(std::countr_zero(rest)));
  synchronize(*warp.block, threads, count);
}

Order arrivalOrder(Thread &thread) {
  Block &block = *thread.block;
  if (!block.grid->full)
    return {};
  Order order = thread.order;
  auto clock = order.clock ? std::make_shared<Clock>(*order.clock) : std::make_shared<Clock>(block.threads.size(), 0);
  (*clock)[thread.index] = block.time++;
  order.clock = std::move(clock);
  return order;
}

bool reaches(const Thread &thread, Scope scope, std::uint32_t block) {
  std::uint32_t cluster = thread.block->grid->kernel->cluster;
  if (block == thread.block->index)
    return scope >= Scope::Cta;
  return scope >= (block / cluster == thread.block->index / cluster ? Scope::Cluster : Scope::Gpu);
}

Released release(Thread &thread, Scope scope) {
  if (!thread.block->grid->full)
    return {};
  return {released(thread.order, thread.block->index, thread.index, thread.block->time++), scope, thread.block->index};
}

void acquire(Thread &thread, Scope scope, const Released &released) {
  if (released.knowledge && reaches(thread, std::min(scope, released.scope), released.block))
    acquire(thread.order, thread.block->index, static_cast<std::uint32_t>(thread.block->threads.size()),
            released.knowledge);
}

void publish(Thread &thread, std::uint64_t address, const Released &own, bool update) {
  auto &published = thread.block->grid->strongWords(address).published;
  if (!own.knowledge) {
    if (!update)
      published.erase(address);
    return;
  }
  Released &slot = published[address];
  if (update && slot.knowledge)
    slot = {join(slot.knowledge, own.knowledge), std::min(slot.scope, own.scope), own.block};
  else
    slot = own;
}

Released published(Thread &thread, std::uint64_t address) {
  auto &published = thread.block->grid->strongWords(address).published;
  auto found = published.find(address);
  return found == published.end() ? Released() : found->second;
}

void fenceProxy(Thread &thread) {
  if (thread.block->grid->full)
    thread.order.foreign = join(thread.order.foreign, proxied(*release(thread, Scope::Cta).knowledge));
}

void fence(Thread &thread, Scope scope) {
  if (!thread.block->grid->full)
    return;
  auto rest = std::remove_if(thread.observed.begin(), thread.observed.end(), [&](const Released &released) {
    acquire(thread, scope, released);
    return reaches(thread, scope, released.block);
  });
  thread.observed.erase(rest, thread.observed.end());
  thread.fenced = release(thread, scope);
}

} // namespace keel::emulator
