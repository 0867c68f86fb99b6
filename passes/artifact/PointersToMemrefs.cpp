// Builds and takes apart memref descriptors.
#include "passes/artifact/PointersToMemrefs.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

// A type without dynamic offset and strides, whose strides are those of a dense tensor.
static bool isDense(MemRefType type) { return type.getLayout().isIdentity(); }

Value keel::buildMemref(OpBuilder &builder, Location loc, Value pointer, MemRefType type, ValueRange dynamic) {
  MLIRContext *context = builder.getContext();
  Type i64 = builder.getI64Type(), pointerType = LLVM::LLVMPointerType::get(context);
  int64_t rank = type.getRank();
  SmallVector<Type> fields = {pointerType, pointerType, i64};
  if (rank)
    fields.append(2, LLVM::LLVMArrayType::get(i64, rank));
  Value descriptor = LLVM::PoisonOp::create(builder, loc, LLVM::LLVMStructType::getLiteral(context, fields));
  auto insert = [&](Value value, ArrayRef<int64_t> position) {
    descriptor = LLVM::InsertValueOp::create(builder, loc, descriptor, value, position);
  };
  auto constant = [&](int64_t value) -> Value { return LLVM::ConstantOp::create(builder, loc, i64, value); };
  unsigned next = 0;
  auto take = [&](int64_t known) { return ShapedType::isDynamic(known) ? dynamic[next++] : constant(known); };

  auto [strides, offset] = type.getStridesAndOffset();
  insert(pointer, 0);
  insert(pointer, 1);
  insert(take(offset), 2);
  SmallVector<Value> sizes;
  for (int64_t dimension = 0; dimension < rank; ++dimension) {
    sizes.push_back(take(type.getDimSize(dimension)));
    insert(sizes.back(), {3, dimension});
  }
  if (isDense(type)) {
    Value stride = constant(1);
    for (int64_t dimension = rank - 1; dimension >= 0; --dimension) {
      insert(ShapedType::isDynamic(strides[dimension]) ? stride : constant(strides[dimension]), {4, dimension});
      stride = LLVM::MulOp::create(builder, loc, stride, sizes[dimension]);
    }
  } else {
    for (int64_t dimension = 0; dimension < rank; ++dimension)
      insert(take(strides[dimension]), {4, dimension});
  }
  return UnrealizedConversionCastOp::create(builder, loc, type, descriptor).getResult(0);
}

Value keel::takeMemrefApart(OpBuilder &builder, Location loc, Value memref, SmallVectorImpl<Value> &dynamic) {
  auto type = cast<MemRefType>(memref.getType());
  Type i64 = builder.getI64Type();
  auto append = [&](Value index) { dynamic.push_back(arith::IndexCastOp::create(builder, loc, i64, index)); };
  if (isDense(type)) {
    for (int64_t dimension = 0; dimension < type.getRank(); ++dimension)
      if (type.isDynamicDim(dimension))
        append(memref::DimOp::create(builder, loc, memref, dimension));
  } else {
    auto metadata = memref::ExtractStridedMetadataOp::create(builder, loc, memref);
    auto [strides, offset] = type.getStridesAndOffset();
    if (ShapedType::isDynamic(offset))
      append(metadata.getOffset());
    for (auto [known, size] : llvm::zip(type.getShape(), metadata.getSizes()))
      if (ShapedType::isDynamic(known))
        append(size);
    for (auto [known, stride] : llvm::zip(strides, metadata.getStrides()))
      if (ShapedType::isDynamic(known))
        append(stride);
  }
  Value address = memref::ExtractAlignedPointerAsIndexOp::create(builder, loc, memref);
  address = arith::IndexCastOp::create(builder, loc, i64, address);
  return LLVM::IntToPtrOp::create(builder, loc, LLVM::LLVMPointerType::get(builder.getContext()), address);
}

Value keel::loadField(OpBuilder &builder, Location loc, Value pointer, Type structType, unsigned index, Type fieldType) {
  Value address = LLVM::GEPOp::create(builder, loc, pointer.getType(), structType, pointer,
                                      ArrayRef<LLVM::GEPArg>{0, int32_t(index)});
  return LLVM::LoadOp::create(builder, loc, fieldType, address);
}
