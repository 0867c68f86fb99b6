// Releases, acquires, and waiting by polling.
#include "runtime/emulator/instructions/Strong.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace keel::emulator {

Semantics parseSemantics(const Name &name, bool atomic) {
  Semantics semantics;
  if (name.has("volatile") || name.has("cv") || name.has("wt") || name.has("mmio"))
    semantics.scope = Scope::Sys;
  else if (atomic || name.has("relaxed") || name.has("acquire") || name.has("release") || name.has("acq_rel"))
    semantics.scope = parseScope(name, atomic ? Scope::Gpu : Scope::Sys);
  semantics.acquires = name.has("acquire") || name.has("acq_rel");
  semantics.releases = name.has("release") || name.has("acq_rel");
  return semantics;
}

StrongOperation::StrongOperation(Thread &thread, std::uint64_t address, const Semantics &semantics)
    : thread(thread),
      words(thread.block->grid->parallel && semantics.scope != Scope::Weak ? &thread.block->grid->strongWords(address)
                                                                           : nullptr) {
  lock();
}

void StrongOperation::lock() {
  if (words)
    words->mutex.lock();
  thread.strong = words;
}

void StrongOperation::unlock() {
  if (thread.strong)
    std::exchange(thread.strong, nullptr)->mutex.unlock();
}

void StrongOperation::spin(const Site *site) {
  thread.site = site;
  unlock();
  emulator::spin(thread);
  lock();
}

void beforeWrite(Thread &thread, std::uint64_t address, const Semantics &semantics, bool update) {
  if (!thread.block->grid->full)
    return;
  if (semantics.releases) {
    publish(thread, address, release(thread, semantics.scope), update);
    return;
  }
  Released fenced = thread.fenced;
  fenced.scope = std::min(fenced.scope, semantics.scope);
  publish(thread, address, fenced, update);
}

void afterRead(Thread &thread, std::uint64_t address, const Semantics &semantics) {
  if (!thread.block->grid->full)
    return;
  Released found = published(thread, address);
  if (!found.knowledge)
    return;
  if (semantics.acquires) {
    acquire(thread, semantics.scope, found);
    return;
  }
  found.scope = std::min(found.scope, semantics.scope);
  for (const Released &known : thread.observed)
    if (known.knowledge == found.knowledge && known.scope >= found.scope)
      return;
  if (thread.observed.size() >= 64) // without a fence it will not be used
    thread.observed.erase(thread.observed.begin());
  thread.observed.push_back(std::move(found));
}

bool pollsInVain(Thread &thread, const Site *site, std::uint64_t address, std::uint64_t value) {
  thread.polledSite = site;
  thread.polledAddress = address;
  Poll *known = std::find_if(std::begin(thread.polled), std::end(thread.polled),
                             [&](const Poll &poll) { return poll.site == site && poll.address == address; });
  if (known != std::end(thread.polled) && known->value == value) {
    if (++thread.polls > thread.block->grid->options->patience << 10)
      fault(thread, site, Fault::Deadlock, runtime::text("has read the same value ", thread.polls, " times"));
    return true;
  }
  if (thread.polls)
    progress(thread);
  if (known == std::end(thread.polled))
    known = &thread.polled[thread.nextPoll++ % std::size(thread.polled)];
  *known = {site, address, value};
  thread.polls = 0;
  return false;
}

namespace {
template <class T> std::uint64_t loadAs(const char *address) {
  return __atomic_load_n(reinterpret_cast<const T *>(address), __ATOMIC_SEQ_CST);
}
template <class T> void storeAs(char *address, std::uint64_t value) {
  __atomic_store_n(reinterpret_cast<T *>(address), static_cast<T>(value), __ATOMIC_SEQ_CST);
}
} // namespace

std::uint64_t loadWord(const char *address, std::uint32_t bytes) {
  switch (bytes) {
  case 1:
    return loadAs<std::uint8_t>(address);
  case 2:
    return loadAs<std::uint16_t>(address);
  case 4:
    return loadAs<std::uint32_t>(address);
  default:
    return loadAs<std::uint64_t>(address);
  }
}

void storeWord(char *address, std::uint32_t bytes, std::uint64_t value) {
  switch (bytes) {
  case 1:
    return storeAs<std::uint8_t>(address, value);
  case 2:
    return storeAs<std::uint16_t>(address, value);
  case 4:
    return storeAs<std::uint32_t>(address, value);
  default:
    return storeAs<std::uint64_t>(address, value);
  }
}

} // namespace keel::emulator
