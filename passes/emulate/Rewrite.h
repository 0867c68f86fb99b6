// The steps of emulation (see Emulate.cpp for their order) and what they share.
#pragma once

#include "passes/emulate/EmulatorCalls.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Location.h"
#include "llvm/IR/InstrTypes.h"
#include "llvm/IR/Instructions.h"

namespace keel::emulation {
/// An error at the instruction's place in the source, or at `fallback`.
mlir::InFlightDiagnostic emitError(const llvm::Instruction &at, mlir::Location fallback);

/// Calls of llvm.nvvm.* become inline PTX, in the words of LLVM's own back end: so both have one form from here on.
mlir::LogicalResult intrinsicsToPtx(llvm::Module &module, llvm::StringRef chip, mlir::Location loc);

/// Inline assembly to branches, arithmetic and instruction calls.
mlir::LogicalResult lowerInlinePtx(llvm::Function &function, EmulatorCalls &calls, mlir::Location loc);

/// Pointers to shared memory: their integers are 32 bits wide; shared variables get their place in the block's memory.
struct SharedLayout {
  llvm::MapVector<llvm::GlobalVariable *, uint64_t> offsets;
  uint64_t bytes = 0; ///< static; rounded up to 128 where dynamic variables follow
};
mlir::FailureOr<SharedLayout> layOutShared(llvm::Module &module, mlir::Location loc);
void lowerSharedAddresses(llvm::Function &function, const SharedLayout &layout, EmulatorCalls &calls);
/// A pointer from a word that holds a shared address, as PTX has it or as the host has it.
llvm::Value *createSharedPointer(llvm::IRBuilderBase &builder, llvm::Value *word, llvm::Type *type, EmulatorCalls &calls);

/// Loads, stores, atomics, fences and memory intrinsics. Unchecked, plain loads and stores stay what they are.
mlir::LogicalResult lowerMemory(llvm::Function &function, EmulatorCalls &calls, bool checked, mlir::Location loc);

/// Gives every function the thread as first parameter.
mlir::LogicalResult addThreadParameter(llvm::Module &module, mlir::Location loc);
/// Calls of functions that are declared only: __nv_* to the C library's, the device runtime's to instruction calls.
mlir::LogicalResult lowerDeclaredCalls(llvm::Function &function, EmulatorCalls &calls, mlir::Location loc);

/// bf16 arithmetic in f32.
void expandBfloat(llvm::Function &function);

/// Products and sums that are apart stay apart.
void keepRounding(llvm::Function &function);

/// The thread's field for a special register, or nothing: then it is an instruction.
std::optional<keel_emulated_register> findSpecialRegister(llvm::StringRef name);

/// An instruction of integers that is the same on the host; null for any other. `width` is the destination's.
llvm::Value *createArithmetic(llvm::IRBuilderBase &builder, llvm::StringRef opcode, llvm::ArrayRef<llvm::Value *> words, bool isPair);
} // namespace keel::emulation
