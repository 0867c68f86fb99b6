// Writes one contraction on memrefs as loops over register tiles.
#pragma once

#include "passes/schedule/Contraction.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace keel {

/// What the register tile is fitted to.
struct RegisterFile {
  int64_t vectorBits = 512;
  int64_t registers = 32;
};

/// What C holds before the contraction, when that is known without reading C.
struct InitialValue {
  enum Kind { Load, Scalar, Read } kind = Load;
  mlir::Value value;   // the scalar, or the memref to read
  mlir::AffineMap map; // Read: the contraction's loops to the memref's indices
};

/// Loops, from the outside: batch and further m and n loops; blocks of rows (rowBlock, so that A's block stays in L2);
/// chunks of k (depthBlock); panels of columns; register tiles of rows; k. Where A or B is strided so that the inner
/// loops would miss the cache, or B's columns are not next to each other, the chunk is first copied to a buffer that
/// they read in order: memory of the worker, to be planned with all other memory after this. So is an operand of bf16 or
/// f16 that many tiles read: it is extended once.
///
/// An element of C is the sum over k in order, one fused multiply-add at a time, whatever the tile it falls in: a row
/// has the same bits in any batch.
class ContractionEmitter {
public:
  ContractionEmitter(mlir::OpBuilder &builder, const Contraction &contraction, RegisterFile registers);

  /// Whether this emitter handles the operands' layout.
  bool isSupported() const { return form != Form::None; }
  /// Whether C is written just once, so that an initial value can take the place of reading it.
  bool takesInitialValue() const { return !chunked; }
  void setInitialValue(InitialValue value) { initial = value; }

  /// Emits before the contraction, which the caller erases.
  void emit();

private:
  using Indices = llvm::SmallVector<mlir::Value>;
  enum class Buffer { None, Rows, Columns, Gather };
  // Register tiles; vectors along k for a dot product or a few; element by element, for odd strides.
  enum class Form { None, Tiles, VectorDots, ScalarDots };

  struct Tile {
    int64_t rows, vectors;
    mlir::Value mask;         // of the last vector; null: all columns
    bool fillsBuffer = false; // copies B to the buffer on its way
  };

  // Layout questions.
  std::optional<int64_t> getStride(mlir::OpOperand *operand, mlir::AffineMap map, unsigned loop) const;
  Form chooseForm() const;
  void chooseBlocks();
  void chooseBuffers();
  bool mayBe(std::optional<unsigned> loop, int64_t atLeast) const;
  bool isNarrow(mlir::OpOperand *operand) const;
  int64_t getMaxRows(int64_t vectors) const;

  // Loop nest, from the outside in. `ivs` holds each loop's index.
  void emitOuter(llvm::ArrayRef<unsigned> loops, Indices &ivs);
  void emitRowBlocks(Indices &ivs);
  void emitDepthBlocks(Indices &ivs);
  void emitPanels(Indices &ivs);
  void emitPanel(Indices &ivs, int64_t vectors, mlir::Value mask, mlir::Value columns);
  void forEachRowTile(Indices &ivs, int64_t maxRows, int64_t first, llvm::function_ref<void(int64_t, bool)> body);
  void emitTile(const Indices &ivs, const Tile &tile);
  llvm::SmallVector<mlir::Value> emitDepth(Indices &ivs, const Tile &tile, llvm::ArrayRef<unsigned> loops,
                                           llvm::SmallVector<mlir::Value> sums);
  llvm::SmallVector<mlir::Value> emitStep(const Indices &ivs, const Tile &tile, llvm::SmallVector<mlir::Value> sums);
  void emitDotProducts(Indices &ivs);
  void emitDots(Indices &ivs, int64_t columns);

  // Buffers.
  void fillRowBuffer(Indices &ivs);
  void fillExtendedRows(Indices &ivs);
  void fillColumnBuffer(Indices &ivs, int64_t vectors, mlir::Value mask, mlir::Value columns);
  void fillTransposed(Indices &ivs, int64_t vectors, mlir::Value columns);
  mlir::Value createBuffer(int64_t size);

  // Small things.
  mlir::Value constant(int64_t value);
  mlir::Value add(mlir::Value value, int64_t offset);
  mlir::Value add(mlir::Value left, mlir::Value right);
  mlir::Value subtract(mlir::Value left, mlir::Value right);
  mlir::Value multiply(mlir::Value value, int64_t factor);
  mlir::Value divide(mlir::Value value, int64_t divisor);
  mlir::Value remainder(mlir::Value value, int64_t divisor);
  mlir::Value roundDown(mlir::Value value, int64_t step);
  mlir::Value minimum(mlir::Value left, mlir::Value right);
  mlir::Value createExtent(unsigned loop);
  void loop(mlir::Value low, mlir::Value high, int64_t step, llvm::function_ref<void(mlir::Value)> body);
  Indices getIndices(mlir::AffineMap map, const Indices &ivs);
  mlir::Value convert(mlir::Value value, mlir::Type element);
  mlir::Value loadScalar(mlir::Value memref, mlir::ValueRange indices);
  mlir::Value loadVector(mlir::Value memref, mlir::ValueRange indices, mlir::Value mask = {});
  void storeVector(mlir::Value vector, mlir::Value memref, mlir::ValueRange indices, mlir::Value mask = {});
  mlir::Value loadInitial(const Indices &ivs, mlir::Value mask);
  mlir::Value multiplyAdd(mlir::Value a, mlir::Value b, mlir::Value c);
  mlir::Value broadcast(mlir::Value scalar);
  Indices at(const Indices &ivs, std::optional<unsigned> loop, int64_t offset);

  mlir::OpBuilder &b;
  mlir::Location loc;
  const Contraction &contraction;
  RegisterFile registers;
  InitialValue initial;
  mlir::Value memrefA, memrefB, memrefC;
  mlir::Type sumType; // f32 or f64
  mlir::VectorType vectorType;
  std::optional<unsigned> m, n, k; // the tiled loops
  int64_t lanes, panelVectors, rowBlock, depthBlock;
  Form form;
  bool rowsFitBlock = false;         // a dynamic number of rows is at most rowBlock
  bool chunked = false;              // C is read and written several times
  llvm::SmallVector<unsigned> depth; // the k loops inside the register tile
  Buffer bufferA = Buffer::None, bufferB = Buffer::None;
  bool prefetchesB = false;

  llvm::SmallVector<mlir::Value> extents; // of the loops

  // State of the loop nest.
  mlir::Value rowLow, rowSize, depthLow, depthHigh, dataA, dataB, prefetchColumn;
};

} // namespace keel
