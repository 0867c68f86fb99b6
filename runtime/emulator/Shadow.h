// What is remembered about each four bytes of memory: who wrote them last, who read them since, whether they hold
// anything, whether an asynchronous copy is under way. Shadow memory is mapped without being touched, so it costs what
// kernels use of the memory that it stands for.
#ifndef KEEL_EMULATOR_SHADOW_H
#define KEEL_EMULATOR_SHADOW_H

#include "runtime/emulator/Abi.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace keel::emulator {

/// Scopes of atomic ("strong") operations, PTX ISA 8.5; Weak for plain accesses.
enum class Scope : std::uint8_t { Weak, Cta, Cluster, Gpu, Sys };

/// Lanes of a warp that have read some bytes.
struct Reader {
  std::uint32_t block, time, lanes;
  std::uint16_t warp, launch;
  std::uint8_t bytes;
  Scope scope;
  std::uint32_t others; // a list, of the same launch; 0: there are none
  const keel_emulator_site *site;

  bool operator==(const Reader &other) const = default;
};

/// One cache line for each four bytes. The readers are lanes of one warp, the last that read; of those before, who had
/// not happened before the next, are in a list (Readers.h).
struct Cell {
  std::atomic<std::uint8_t> lock; // global memory, while several host threads run
  std::uint8_t initialised;       // a bit a byte, like all sets of bytes
  std::uint8_t pending;           // an asynchronous copy is to write it
  std::uint8_t othersBytes;       // that other readers have read, and nobody has written since
  std::uint32_t owner;            // shared memory: the block instance that `initialised` and the rest are of
  struct {
    std::uint32_t block, time;
    std::uint16_t thread, launch;
    std::uint8_t bytes;
    Scope scope;
    const keel_emulator_site *site;
  } writer;
  Reader reader;
};
static_assert(sizeof(Cell) == 64);

/// Zeroed memory that takes no space before it is touched.
class LazyMemory {
public:
  LazyMemory() = default;
  explicit LazyMemory(std::size_t bytes);
  /// With a base that is a multiple of 4 GiB.
  static LazyMemory atWindow(std::size_t bytes);
  LazyMemory(LazyMemory &&other) noexcept : base(other.base), bytes(other.bytes) { other.base = nullptr; }
  LazyMemory &operator=(LazyMemory &&other) noexcept {
    std::swap(base, other.base);
    std::swap(bytes, other.bytes);
    return *this;
  }
  ~LazyMemory();
  void clear();
  char *data() const { return static_cast<char *>(base); }
  std::size_t size() const { return bytes; }
  explicit operator bool() const { return base; }

private:
  void *base = nullptr;
  std::size_t bytes = 0;
};

/// Registered global memory.
struct Allocation {
  std::uint64_t base, bytes;
  std::string name;
  bool initialised; // all of it: the cells' bits do not matter
  LazyMemory shadow;

  bool contains(std::uint64_t address, std::uint64_t count) const {
    return address - base < bytes && count <= bytes - (address - base);
  }
  Cell *cell(std::uint64_t address) const {
    return reinterpret_cast<Cell *>(shadow.data()) + ((address >> 2) - (base >> 2));
  }
};

/// All registered memory, by address.
class GlobalMemory {
public:
  Allocation &add(std::uint64_t base, std::uint64_t bytes, bool initialised, std::string name);
  void remove(std::uint64_t base);
  /// The allocation that holds the address, or null.
  Allocation *find(std::uint64_t address) const;
  /// "… lies 4 bytes behind 'weights' …", for messages.
  std::string describe(std::uint64_t address) const;
  void mark(std::uint64_t base, std::uint64_t bytes, bool initialised);
  /// Forgets who wrote and read (when launch numbers are used again), not what holds something.
  void forgetAccesses();
  bool empty() const { return allocations.empty(); }

private:
  std::map<std::uint64_t, std::unique_ptr<Allocation>> allocations;
};

} // namespace keel::emulator

#endif
