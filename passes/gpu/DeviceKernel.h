// Builds one device function: its parameters, thread numbers, memory accesses, shuffles, shared memory. Addresses are
// i64.
#pragma once

#include "dialect/keel/Keel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace keel {

/// On a load: the kernel does not write what it reads. It is no invariant load (ld.global.nc): ptxas moves those away
/// from where they stand, however many registers that takes.
constexpr llvm::StringLiteral constantAttribute = "keel.constant";

class DeviceKernel {
public:
  /// A function of the device module with the parameters that `keel.launch` passes: pointers and numbers for the
  /// kernel's inputs, the generator's own inputs, the kernel's inits and the generator's own; then every dynamic
  /// extent.
  DeviceKernel(mlir::OpBuilder &moduleBuilder, KernelOp kernel, mlir::TypeRange extraInputs, mlir::TypeRange extraInits,
               int64_t threads);

  mlir::OpBuilder builder;
  mlir::Location loc;
  mlir::LLVM::LLVMFuncOp function;
  /// Those that the code which is written next is for: the block's, or its first ones, which then meet at a barrier of
  /// their own.
  int64_t threads;

  /// Bytes of shared memory that every device of the target has for a block.
  int64_t mostShared = 96 << 10;

  // Parameters. `operand` counts the kernel's operands.
  mlir::Value parameter(unsigned operand) {
    auto chosen = standFor.find(operand);
    return chosen == standFor.end() ? function.getArgument(place(operand)) : chosen->second.pointer;
  }
  /// An argument that is a number, as the kernel's body sees it.
  mlir::Value number(mlir::BlockArgument argument);
  /// Maps what an op and the ops inside it read of the kernel's own block, by `outside`.
  void mapOutside(mlir::Operation &op, mlir::IRMapping &mapping, llvm::function_ref<mlir::Value(mlir::Value)> outside);
  mlir::Value extraInput(unsigned index) { return function.getArgument(kernel.getInputs().size() + index); }
  mlir::Value extraInit(unsigned index) {
    return function.getArgument(kernel->getNumOperands() + numExtraInputs + index);
  }
  /// The extent of dimension `dim` of a shaped operand, as i64.
  mlir::Value extent(unsigned operand, unsigned dim);
  /// The dimensions of a shaped operand whose extents are not known.
  llvm::SmallVector<unsigned> dynamicDims(unsigned operand) const;
  /// What stands for a shaped operand in the code that is written next (SharedSections.h).
  struct StandIn {
    mlir::Value pointer;
    llvm::SmallDenseMap<unsigned, mlir::Value> extents; // those that are not known
  };
  llvm::DenseMap<unsigned, StandIn> standFor;
  /// What has been read already of operands that are single numbers, and is written before others read it.
  llvm::DenseMap<unsigned, mlir::Value> numbers;
  /// A pointer to the tensor map of a matrix operand for boxes of that size: one more parameter.
  mlir::Value tensorMap(unsigned operand, int64_t boxRows, int64_t boxColumns);

  // Constants and arithmetic on i64.
  mlir::Value constant(int64_t value);
  /// One of i32.
  mlir::Value word(int64_t value);
  mlir::Value add(mlir::Value a, int64_t b);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value multiply(mlir::Value a, int64_t b);
  mlir::Value multiply(mlir::Value a, mlir::Value b);
  mlir::Value divideUp(mlir::Value a, int64_t b);
  mlir::Value minimum(mlir::Value a, mlir::Value b);
  mlir::Value lessThan(mlir::Value a, mlir::Value b);
  /// Whether all hold; null conditions always do, and so does none at all: null.
  mlir::Value all(llvm::ArrayRef<mlir::Value> conditions);
  mlir::Value isZero(mlir::Value number);
  /// Bits [low, low + count) of a non-negative number.
  mlir::Value bits(mlir::Value value, unsigned low, unsigned count);

  /// The code from here on is for the block's first `count` threads alone; or, where the thread's group has a number
  /// (i64), for groups of so many, each with shared memory of its own.
  void enterGroup(int64_t count, mlir::Value number = {}, int64_t groups = 1);
  /// The thread's number is read again: what follows keeps no addresses in registers that were computed before.
  void renewThread();
  /// The end of what the groups do.
  void leaveGroups();
  /// Whether the groups have used shared memory of their own.
  bool groupUsesShared() const { return sharedSize > groupStart; }

  // Where this thread is, as i64.
  mlir::Value thread() { return threadNumber; }
  mlir::Value block() { return blockNumber; }
  mlir::Value numBlocks() { return blockCount; }

  // Memory. Pointers are of address space 1 (global) or 3 (shared); booleans take a byte.
  mlir::Value at(mlir::Value pointer, mlir::Type elementType, mlir::Value index);
  mlir::Value at(mlir::Value pointer, mlir::Type elementType, int64_t index);
  /// The address of an operand's element; the position is of i64 or indices.
  mlir::Value pointerTo(unsigned operand, llvm::ArrayRef<mlir::Value> position);
  /// `isConstant`: the kernel does not write what it reads there.
  llvm::SmallVector<mlir::Value> load(mlir::Value pointer, mlir::Type elementType, int64_t count = 1,
                                      bool isConstant = false);
  /// What `access` loads where the condition holds (a null one always does), else zeros.
  llvm::SmallVector<mlir::Value> loadWhere(mlir::Value condition, mlir::Type elementType, int64_t count,
                                           llvm::function_ref<llvm::SmallVector<mlir::Value>()> access);
  /// The two 16-bit numbers in a word (or in a vector of two), the lower one first.
  llvm::SmallVector<mlir::Value, 2> halves(mlir::Value word, mlir::Type type);
  mlir::Value wordFrom(mlir::Value low, mlir::Value high);
  /// A bf16 as f32, which it is the upper half of: one instruction where the word it came in is known.
  mlir::Value extendBf16(mlir::Value value);
  /// The same i64 (of 32 bits), which all threads of a warp have: so ptxas knows it.
  mlir::Value uniform(mlir::Value number);
  /// The same pointer or i64, of which the compiler knows nothing.
  mlir::Value opaque(mlir::Value value);
  void store(llvm::ArrayRef<mlir::Value> values, mlir::Value pointer);

  // Shared memory: places are given out on a stack; the kernel's size is the highest.
  int64_t allocateShared(int64_t bytes, int64_t alignment = 128);
  int64_t sharedMark() const { return sharedTop; }
  void releaseShared(int64_t mark) { sharedTop = mark; }
  /// The last of what there may be, which then is so much less.
  int64_t takeLastShared(int64_t bytes, int64_t alignment);
  bool sharedUsedSince(int64_t mark) const { return sharedTop > mark; }
  int64_t sharedBytes() const { return sharedSize; }
  /// A pointer `offset` bytes into the block's shared memory.
  mlir::Value shared(int64_t offset);

  /// Inline PTX with side effects, and its results (of `types`).
  llvm::SmallVector<mlir::Value> ptx(llvm::StringRef text, llvm::StringRef constraints, mlir::ValueRange operands = {},
                                     mlir::TypeRange types = {});
  /// A branch that is never taken: what comes before it is computed before it.
  void endBasicBlock();

  /// Waits for the phase of that parity of an mbarrier (its address, i32) at which other blocks of the cluster arrive.
  void waitForCluster(mlir::Value barrier, mlir::Value parity);
  /// Each warp arrives at the mbarrier of that address in each of the cluster's blocks: what wgmma has read for it,
  /// they may write; with `releases`, what its threads have read themselves, too.
  void arriveInCluster(mlir::Value barrier, int64_t blocks, bool releases = false);
  void barrier();
  /// Of all threads of the block.
  void blockBarrier();
  /// The value of the thread whose number differs in the bits of `mask`, which lies in the same warp.
  mlir::Value shuffleXor(mlir::Value value, int64_t mask);
  /// Values of other types go through 32-bit words.
  mlir::Value shuffleXorWord(mlir::Value word, int64_t mask);

  /// Runs `body` where `condition` holds; a null condition always holds.
  void when(mlir::Value condition, llvm::function_ref<void()> body);

private:
  unsigned place(unsigned operand) const {
    return operand < kernel.getInputs().size() ? operand : operand + numExtraInputs;
  }

  mutable KernelOp kernel;
  unsigned numExtraInputs;
  bool inGroup = false;
  mlir::Value groupNumber, groupBase; // where there are several
  mlir::arith::ConstantOp groupBytes; // of shared memory that each has, from groupStart on
  int64_t groupStart = 0, groups = 1;
  llvm::SmallVector<mlir::Attribute> maps; // the last parameters
  llvm::SmallVector<mlir::Type> types;     // what the launch passes, in order
  mlir::Value threadNumber, blockNumber, blockCount, sharedBase;
  int64_t sharedTop = 0, sharedSize = 0;
  llvm::DenseMap<mlir::Value, std::pair<mlir::Value, bool>>
      wordOf; // of a half: the word, and whether it is the upper one
};

/// The symbol of the block's dynamic shared memory in a device module.
constexpr llvm::StringLiteral sharedSymbol = "keel_shared";

} // namespace keel
