// RUN: keel-opt %models/digits_batch_norm.mlir --inline --normalize-graph --form-kernels --remarks-filter=fuse -o /dev/null 2>&1 | FileCheck %s --check-prefix=BATCH
// RUN: keel-opt %models/digits_layer_norm.mlir --inline --normalize-graph --form-kernels --remarks-filter=fuse -o /dev/null 2>&1 | FileCheck %s --check-prefix=LAYER
// RUN: keel-opt %models/digits_layer_norm.mlir --inline --normalize-graph --form-kernels=fuse=false --remarks-filter=fuse -o /dev/null 2>&1 | FileCheck %s --check-prefix=APART

// Each normalization's remark stands at the op in the model, and names the strategy, or why it stands apart.
// BATCH: norm.batch_norm
// BATCH: statistics over the rows in the epilogue of the matmul
// BATCH: it needs a sum over the rows that the producer is still adding up
// LAYER: digits_layer_norm.mlir:[[#]]:[[#]]: remark: [Passed] normalization | Category:fuse | Function=forward | Remark="kernel 'forward_matmul_0': row-complete tile
// LAYER-NEXT: norm.layer_norm
// APART: fusion is off
