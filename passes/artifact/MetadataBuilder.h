// The structs of runtime/include/keel/artifact.h as constants of an LLVM module.
#pragma once

#include "passes/artifact/EmitArtifact.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MLProgram/IR/MLProgram.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/DerivedTypes.h"

namespace keel {
/// The keel_dtype of a tensor's elements.
uint32_t getDtype(mlir::Type type);

// Makes constants; a null list becomes a null pointer.
class MetadataBuilder {
public:
  explicit MetadataBuilder(llvm::Module &module);

  llvm::Constant *i32(uint32_t value) { return llvm::ConstantInt::get(llvm::Type::getInt32Ty(context), value); }
  llvm::Constant *i64(int64_t value) { return llvm::ConstantInt::get(llvm::Type::getInt64Ty(context), value); }
  llvm::Constant *null() { return llvm::ConstantPointerNull::get(llvm::PointerType::get(context, 0)); }
  llvm::Constant *global(llvm::Constant *value, unsigned alignment = 8);
  llvm::Constant *string(llvm::StringRef text) { return global(llvm::ConstantDataArray::getString(context, text), 1); }
  llvm::Constant *list(llvm::Type *type, llvm::ArrayRef<llvm::Constant *> values) {
    return values.empty() ? null() : global(llvm::ConstantArray::get(llvm::ArrayType::get(type, values.size()), values));
  }
  llvm::Constant *list32(llvm::ArrayRef<uint32_t> values) {
    return values.empty() ? null() : global(llvm::ConstantDataArray::get(context, values));
  }
  llvm::Constant *bytes(llvm::ArrayRef<char> data, unsigned alignment);

  llvm::Constant *tensor(mlir::Type type);
  llvm::Constant *tensors(mlir::ArrayAttr types);
  llvm::Constant *state(mlir::ml_program::GlobalOp global, llvm::StringRef name);
  llvm::Constant *tensorMap(mlir::DictionaryAttr description);
  llvm::Constant *kernel(mlir::DictionaryAttr description, const Program &program);
  llvm::Constant *entry(mlir::LLVM::LLVMFuncOp function, const Program &program,
                        const llvm::StringMap<uint32_t> &states);
  llvm::Constant *program(const Program &program, const CpuTarget &host, llvm::ArrayRef<llvm::Constant *> entries);

  llvm::Module &module;
  llvm::LLVMContext &context;
  llvm::StructType *tensorType, *stateType, *tensorMapType, *kernelType, *entryType, *programType, *artifactType;
};
} // namespace keel
