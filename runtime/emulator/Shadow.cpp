// Mappings, and the registry of global memory.
#include "runtime/emulator/Shadow.h"
#include "runtime/support/Error.h"

#include <algorithm>
#include <sys/mman.h>

namespace keel::emulator {

using runtime::fail;
using runtime::text;

LazyMemory::LazyMemory(std::size_t bytes) : bytes(bytes) {
  base = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) {
    base = nullptr;
    fail(KEEL_OUT_OF_MEMORY, "the emulator cannot map ", bytes, " bytes");
  }
}

LazyMemory LazyMemory::atWindow(std::size_t bytes) {
#ifndef MAP_FIXED_NOREPLACE
  constexpr int MAP_FIXED_NOREPLACE = 0x100000;
#endif
  for (std::uint64_t window = 0x100; window < 0x7f00; ++window) {
    void *wanted = reinterpret_cast<void *>(window << 32);
    void *base = ::mmap(wanted, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (base == MAP_FAILED)
      continue;
    if (base != wanted) { // a kernel that takes the flag for a hint
      ::munmap(base, bytes);
      continue;
    }
    LazyMemory result;
    result.base = base;
    result.bytes = bytes;
    return result;
  }
  fail(KEEL_OUT_OF_MEMORY, "the emulator found no room for a block's shared memory at a multiple of 4 GiB");
}

LazyMemory::~LazyMemory() {
  if (base)
    ::munmap(base, bytes);
}

void LazyMemory::clear() {
  if (base)
    ::madvise(base, bytes, MADV_DONTNEED);
}

Allocation &GlobalMemory::add(std::uint64_t base, std::uint64_t bytes, bool initialised, std::string name) {
  auto next = allocations.lower_bound(base);
  if (next != allocations.end() && next->second->base < base + std::max<std::uint64_t>(bytes, 1))
    fail(KEEL_INVALID_ARGUMENT, "memory that is registered with the emulator already: ", next->second->name);
  if (next != allocations.begin() && std::prev(next)->second->contains(base, 0))
    fail(KEEL_INVALID_ARGUMENT, "memory that is registered with the emulator already: ", std::prev(next)->second->name);
  std::size_t cells = ((base + bytes + 3) >> 2) - (base >> 2);
  auto allocation = std::make_unique<Allocation>(
      Allocation{base, bytes, std::move(name), initialised, LazyMemory(std::max<std::size_t>(cells, 1) * sizeof(Cell))});
  return *(allocations[base] = std::move(allocation));
}

void GlobalMemory::remove(std::uint64_t base) {
  if (!allocations.erase(base))
    fail(KEEL_INVALID_ARGUMENT, "memory that is not registered with the emulator");
}

Allocation *GlobalMemory::find(std::uint64_t address) const {
  auto next = allocations.upper_bound(address);
  if (next == allocations.begin())
    return nullptr;
  Allocation *allocation = std::prev(next)->second.get();
  return address - allocation->base < allocation->bytes ? allocation : nullptr;
}

std::string GlobalMemory::describe(std::uint64_t address) const {
  auto next = allocations.upper_bound(address);
  const Allocation *before = next == allocations.begin() ? nullptr : std::prev(next)->second.get();
  const Allocation *after = next == allocations.end() ? nullptr : next->second.get();
  auto title = [](const Allocation &allocation) {
    return text(allocation.name.empty() ? "an allocation" : "'" + allocation.name + "'", " of ", allocation.bytes, " bytes");
  };
  if (before && address - before->base < before->bytes)
    return text("byte ", address - before->base, " of ", title(*before));
  std::uint64_t behind = before ? address - (before->base + before->bytes) : ~0ull;
  std::uint64_t ahead = after ? after->base - address : ~0ull;
  if (std::min(behind, ahead) > 1 << 20)
    return "near no registered memory";
  return behind <= ahead ? text(behind, " bytes after the end of ", title(*before))
                         : text(ahead, " bytes before the beginning of ", title(*after));
}

void GlobalMemory::mark(std::uint64_t base, std::uint64_t bytes, bool initialised) {
  Allocation *allocation = find(base);
  if (!allocation || !allocation->contains(base, bytes))
    fail(KEEL_INVALID_ARGUMENT, "memory that is not registered with the emulator");
  if (bytes == allocation->bytes) {
    allocation->initialised = initialised;
    if (!initialised)
      allocation->shadow.clear();
    return;
  }
  if (allocation->initialised && !initialised) { // from here on the cells tell
    for (std::uint64_t at = allocation->base & ~3ull; at < allocation->base + allocation->bytes; at += 4)
      allocation->cell(at)->initialised = 0xf;
    allocation->initialised = false;
  }
  for (std::uint64_t at = base; at < base + bytes; ++at) {
    std::uint8_t bit = 1 << (at & 3);
    Cell &cell = *allocation->cell(at);
    cell.initialised = initialised ? cell.initialised | bit : cell.initialised & ~bit;
  }
}

void GlobalMemory::forgetAccesses() {
  for (auto &[base, allocation] : allocations) {
    for (std::uint64_t at = base & ~3ull; at < base + allocation->bytes; at += 4) {
      Cell &cell = *allocation->cell(at);
      if (cell.writer.launch || cell.reader.launch)
        cell.writer.launch = cell.reader.launch = 0;
    }
  }
}

} // namespace keel::emulator
