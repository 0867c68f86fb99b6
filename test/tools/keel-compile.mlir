// From a model to a shared library that computes.
// RUN: keel-compile %s -o %t.so
// RUN: %python -c "import numpy; numpy.save(r'%t.x.npy', numpy.array([[1, 2], [3, 4], [0, 1]], 'float32'))"
// RUN: keel-run %t.so call forward --input %t.x.npy --output %t.y.npy
// RUN: %python -c "import numpy; print(numpy.load(r'%t.y.npy').tolist())" | FileCheck %s --check-prefix=VALUES
// VALUES: {{\[\[}}2.5, 0.25, 5.0], [5.5, 2.25, 11.0], [1.0, -0.75, 2.0]]

// RUN: keel-run %t.so info | FileCheck %s --check-prefix=INFO
// INFO: forward(f32[?x2]) -> (f32[?x3])
// INFO: kernels 1
// INFO: keel-compile.mlir:{{[0-9]+}}:{{[0-9]+}}
// INFO: b {{.*}}f32[3] {{.*}}data

// Every level can be written.
// RUN: keel-compile %s --emit=graph | FileCheck %s --check-prefix=GRAPH
// GRAPH: linalg.matmul
// RUN: keel-compile %s --emit=kernels | FileCheck %s --check-prefix=KERNELS
// KERNELS: keel.kernel
// RUN: keel-compile %s --emit=tiles | FileCheck %s --check-prefix=TILES
// TILES: scf.forall
// RUN: keel-compile %s --emit=buffers | FileCheck %s --check-prefix=BUFFERS
// BUFFERS: keel.arena
// RUN: keel-compile %s --emit=llvm | FileCheck %s --check-prefix=LLVM
// LLVM: define {{.*}}ptr @keel_artifact_query()
// RUN: keel-compile %s --emit=obj -o %t.o --target=x86-64-v3

ml_program.global public mutable @w(dense<[[1.0, 2.0, 0.0], [0.5, -1.0, 3.0]]> : tensor<2x3xf32>) : tensor<2x3xf32>
ml_program.global public mutable @b(dense<[0.5, 0.25, -1.0]> : tensor<3xf32>) : tensor<3xf32>
func.func @forward(%x: tensor<?x2xf32>) -> tensor<?x3xf32> {
  %w = ml_program.global_load @w : tensor<2x3xf32>
  %b = ml_program.global_load @b : tensor<3xf32>
  %c0 = arith.constant 0 : index
  %batch = tensor.dim %x, %c0 : tensor<?x2xf32>
  %e = tensor.empty(%batch) : tensor<?x3xf32>
  %bias = linalg.broadcast ins(%b : tensor<3xf32>) outs(%e : tensor<?x3xf32>) dimensions = [0]
  %y = linalg.matmul ins(%x, %w : tensor<?x2xf32>, tensor<2x3xf32>) outs(%bias : tensor<?x3xf32>) -> tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}
