// What rewritten code calls: the module's imports, a constant site for each instruction, the words in and out.
#pragma once

#include "passes/emulate/Emulate.h"
#include "runtime/emulator/Abi.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

namespace keel::emulation {
/// Emits calls of the emulator into a module whose functions take the thread (keel_emulated_thread *) first.
class EmulatorCalls {
public:
  /// `withMutants`: instructions that order others can be left out, one at a time, when a kernel runs.
  EmulatorCalls(llvm::Module &module, bool withMutants);

  /// The next calls are of a function's first or second copy; both have the same instructions.
  void enter(bool isFirstCopy);

  /// The instruction of that name (see Abi.h) with these words (i64); its results' words.
  llvm::SmallVector<llvm::Value *> instruction(llvm::IRBuilderBase &builder, llvm::StringRef name, llvm::StringRef text,
                                               llvm::ArrayRef<llvm::Value *> in, unsigned numOut, llvm::DebugLoc loc);

  /// The host address (a pointer) to load from or store to, once the emulator has agreed to the access.
  llvm::Value *access(llvm::IRBuilderBase &builder, llvm::Value *pointer, uint64_t bytes, bool isStore, llvm::Align alignment,
                      llvm::StringRef text, llvm::DebugLoc loc);

  /// Fields of the thread; constant during its life.
  llvm::Value *shared(llvm::IRBuilderBase &builder);
  llvm::Value *window(llvm::IRBuilderBase &builder);
  llvm::Value *checked(llvm::IRBuilderBase &builder);
  llvm::Value *specialRegister(llvm::IRBuilderBase &builder, keel_emulated_register which);

  /// Makes the array of imports. Its name, or "" where nothing is imported.
  std::string finish(llvm::StringRef symbol);
  unsigned getNumImports() const { return imports.size(); }

  /// A new mutant, and whether the thread runs it (i1).
  llvm::Value *mutant(llvm::IRBuilderBase &builder, llvm::StringRef kind, llvm::StringRef text, llvm::DebugLoc loc);
  const std::vector<Mutant> &getMutants() const { return mutants; }

  /// A constant C string.
  llvm::Constant *string(llvm::StringRef text);

private:
  llvm::Value *field(llvm::IRBuilderBase &builder, llvm::Type *type, unsigned offset);
  llvm::Constant *import(llvm::StringRef name);
  llvm::Value *function(llvm::IRBuilderBase &builder, llvm::Value *import);
  llvm::Constant *site(llvm::IRBuilderBase &builder, llvm::Constant *import, llvm::StringRef text, unsigned numIn, unsigned numOut,
                       llvm::DebugLoc loc);

  struct Buffers {
    llvm::AllocaInst *in = nullptr, *out = nullptr;
    unsigned numIn = 2, numOut = 2;
  };
  Buffers &buffersFor(llvm::Function &function, unsigned numIn, unsigned numOut);

  llvm::Module &module;
  bool withMutants;
  std::vector<Mutant> mutants;
  bool isFirstCopy = true;
  unsigned firstOfFunction = 0, current = 0; // counts of mutants
  llvm::Type *pointer, *word, *half;
  llvm::StructType *importType, *siteType;
  llvm::GlobalVariable *placeholder; // the imports, until their number is known
  llvm::StringMap<unsigned> indices;
  llvm::SmallVector<std::string> imports;
  llvm::StringMap<llvm::Constant *> strings;
  llvm::DenseMap<llvm::Function *, Buffers> buffers;
};

/// A value of at most 64 bits as a word; nothing for other types.
llvm::Value *toWord(llvm::IRBuilderBase &builder, llvm::Value *value);
/// A value of a first-class type as words, low first, or no words for a type that has none.
llvm::SmallVector<llvm::Value *> toWords(llvm::IRBuilderBase &builder, llvm::Value *value);
llvm::Value *fromWords(llvm::IRBuilderBase &builder, llvm::ArrayRef<llvm::Value *> words, llvm::Type *type);
/// How many words hold the type; 0: it is no value of registers.
unsigned getNumWords(const llvm::DataLayout &layout, llvm::Type *type);

/// "file:line:column" of the innermost place in the kernel's own file; "" where nothing is known.
std::string describe(const llvm::DebugLoc &loc);
} // namespace keel::emulation
