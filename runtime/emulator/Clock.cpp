// Joins of what is known about other threads and blocks.
#include "runtime/emulator/Clock.h"

#include <algorithm>

namespace keel::emulator {

namespace {
void joinThreads(BlockKnowledge &into, const BlockKnowledge &other) {
  into.base = std::max(into.base, other.base);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> merged;
  auto a = into.threads.begin();
  auto b = other.threads.begin();
  while (a != into.threads.end() || b != other.threads.end()) {
    std::pair<std::uint32_t, std::uint32_t> next;
    if (b == other.threads.end() || (a != into.threads.end() && a->first < b->first))
      next = *a++;
    else if (a == into.threads.end() || b->first < a->first)
      next = *b++;
    else
      next = {a->first, std::max(a++->second, b++->second)};
    if (next.second > into.base || next.first >= asyncThread)
      merged.push_back(next);
  }
  into.threads = std::move(merged);
}
} // namespace

KnowledgeRef join(const KnowledgeRef &a, const KnowledgeRef &b) {
  if (!a || a == b)
    return b;
  if (!b)
    return a;
  auto result = std::make_shared<Knowledge>();
  result->reserve(a->size() + b->size());
  auto x = a->begin();
  auto y = b->begin();
  while (x != a->end() || y != b->end()) {
    if (y == b->end() || (x != a->end() && x->block < y->block)) {
      result->push_back(*x++);
    } else if (x == a->end() || y->block < x->block) {
      result->push_back(*y++);
    } else {
      result->push_back(*x++);
      joinThreads(result->back(), *y++);
    }
  }
  return result;
}

KnowledgeRef proxied(const Knowledge &knowledge) {
  auto result = std::make_shared<Knowledge>();
  for (const BlockKnowledge &entry : knowledge)
    if (!(entry.block & proxyOf))
      result->push_back({entry.block | proxyOf, entry.base, entry.threads});
  return result;
}

bool knows(const Knowledge &knowledge, std::uint32_t block, std::uint32_t thread, std::uint32_t time) {
  auto entry = std::lower_bound(knowledge.begin(), knowledge.end(), block,
                                [](const BlockKnowledge &entry, std::uint32_t block) { return entry.block < block; });
  if (entry == knowledge.end() || entry->block != block)
    return false;
  if (time <= entry->base && thread < asyncThread)
    return true;
  auto known = std::lower_bound(entry->threads.begin(), entry->threads.end(), std::pair(thread, std::uint32_t(0)));
  return known != entry->threads.end() && known->first == thread && time <= known->second;
}

KnowledgeRef released(const Order &order, std::uint32_t block, std::uint32_t thread, std::uint32_t time) {
  auto own = std::make_shared<Knowledge>(1);
  BlockKnowledge &entry = own->front();
  entry = {block, order.base, {}};
  if (order.clock) {
    for (std::uint32_t i = 0; i < order.clock->size(); ++i)
      if (i != thread && (*order.clock)[i] > order.base)
        entry.threads.emplace_back(i, (*order.clock)[i]);
  }
  entry.threads.insert(std::lower_bound(entry.threads.begin(), entry.threads.end(), std::pair(thread, time)),
                       std::pair(thread, time));
  for (std::uint32_t i = 0; i < 2; ++i)
    if (order.async[i])
      entry.threads.emplace_back(asyncThread + i, order.async[i]);
  return join(order.foreign, own);
}

void acquire(Order &order, std::uint32_t block, std::uint32_t threads, const KnowledgeRef &knowledge) {
  if (!knowledge)
    return;
  for (const BlockKnowledge &entry : *knowledge) {
    if (entry.block != block)
      continue;
    order.base = std::max(order.base, entry.base);
    if (entry.threads.empty())
      break;
    std::shared_ptr<Clock> clock;
    for (auto [thread, time] : entry.threads) {
      if (thread >= asyncThread) {
        order.async[thread - asyncThread] = std::max(order.async[thread - asyncThread], time);
        continue;
      }
      if (!clock)
        clock = order.clock ? std::make_shared<Clock>(*order.clock) : std::make_shared<Clock>(threads, 0);
      (*clock)[thread] = std::max((*clock)[thread], time);
    }
    if (clock)
      order.clock = std::move(clock);
    break;
  }
  if (knowledge->size() > 1 || knowledge->front().block != block)
    order.foreign = join(order.foreign, knowledge);
}

} // namespace keel::emulator
