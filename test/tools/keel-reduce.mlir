// Shrinks a module to what a script still finds interesting: here, a keel.kernel.
// RUN: keel-reduce %s --reduction-tree="traversal-mode=0 test=%S/Inputs/has-kernel" | FileCheck %s

// CHECK-NOT: @unrelated
// CHECK: keel.kernel "copy"
func.func @unrelated(%x: f32) -> f32 {
  %y = arith.addf %x, %x : f32
  return %y : f32
}

func.func @interesting(%x: tensor<4xf32>, %out: tensor<4xf32>) -> tensor<4xf32> {
  %y = keel.kernel "copy" ins(%a = %x : tensor<4xf32>) outs(%o = %out : tensor<4xf32>) {
    keel.yield %a : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}
