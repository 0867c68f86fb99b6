// Results that the copy engine writes: a tile of them waits in shared memory.
#pragma once

#include "passes/gpu/MainLoop.h"

#include "llvm/ADT/MapVector.h"

namespace keel {

/// Matrices of 16 bits that a tile of wgmma's accumulators becomes, written by TMA: warps put what they hold into shared
/// memory (stmatrix), swizzled as the copy engine reads it, and one thread has boxes of 64 columns written to where they
/// belong, but for what lies outside of the tensor. PTX ISA 9.7.14.5.16 (stmatrix), 9.7.9.27.1.2 (cp.async.bulk.tensor).
class StagedStores {
public:
  StagedStores(DeviceKernel &device, const FragmentLayout &layout) : device(device), layout(layout) {}
  /// Takes shared memory for those results of the section that it writes, and leaves what sums over the rows need. It writes none
  /// before.
  void prepare(KernelOp kernel, const Section &section);
  /// Whether it writes the operand.
  bool takes(unsigned operand) const { return places.contains(operand); }
  /// Of what the thread holds (a row after the other), `count` columns from `first` on, both multiples of four.
  void put(unsigned operand, llvm::ArrayRef<mlir::Value> elements, int64_t first, int64_t count);
  /// Starts the copies, when all threads have put what they hold.
  void write(const TilePlace &place);
  /// Waits until the shared memory has been read.
  void finish();

private:
  DeviceKernel &device;
  const FragmentLayout &layout;
  llvm::MapVector<unsigned, int64_t> places; // of operands, in shared memory
  llvm::SmallVector<mlir::Value> inRow;      // i64: where the lane's row starts, by the pairs of eight columns in a box
};

} // namespace keel
