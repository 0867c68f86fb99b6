// Results that the copy engine writes: parts of a tile of them wait in shared memory.
#pragma once

#include "passes/gpu/MainLoop.h"

#include "llvm/ADT/MapVector.h"

namespace keel {

/// Matrices of 16 bits that a tile of wgmma's accumulators becomes, written by TMA: warps put what they hold into a box
/// in shared memory (stmatrix), swizzled as the copy engine reads it, and when it is full one thread has it written to
/// where it belongs, but for what lies outside of the tensor. Against stores of the threads' own this needs no
/// predicates and no exchange between lanes: 3 to 4 instructions less for an element of each result. PTX
/// ISA 9.7.14.5.16 (stmatrix), 9.7.9.27.1.2 (cp.async.bulk.tensor).
class StagedStores {
public:
  /// `isThere`: whether this is such a tile.
  StagedStores(DeviceKernel &device, KernelOp kernel, const Section &section, const FragmentLayout &layout,
               const TilePlace &place, bool isThere)
      : device(device), kernel(kernel), section(section), layout(layout), place(place), isPrepared(!isThere) {}
  /// Takes shared memory for boxes, as large as what is in use leaves, of those results of the section that it writes:
  /// before the first is written.
  void prepare();
  /// Whether it writes the operand.
  bool takes(unsigned operand) const { return places.contains(operand); }
  /// Of what the thread holds (a row after the other), `count` columns from `first` on, both multiples of four; of a
  /// result from the left to the right.
  void put(unsigned operand, llvm::ArrayRef<mlir::Value> elements, int64_t first, int64_t count);
  /// Waits until the shared memory has been read, and gives it back.
  void finish();

private:
  int64_t boxBytes() const { return layout.rows * columns * 2; }
  void waitForRead();
  void write(unsigned operand, int64_t box);

  DeviceKernel &device;
  KernelOp kernel;
  const Section &section;
  const FragmentLayout &layout;
  const TilePlace &place;
  bool isPrepared;
  int64_t mostShared = 0;                    // without the boxes
  int64_t columns = 0, slots = 0;            // of a box; boxes of a result that have places of their own
  llvm::MapVector<unsigned, int64_t> places; // of operands, in shared memory
  llvm::SmallDenseSet<unsigned> full;        // those whose boxes are all on their way
  llvm::SmallVector<mlir::Value> inBox;      // i64: where the lane's row is, by the sixteens of a box's columns
};

} // namespace keel
