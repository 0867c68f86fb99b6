// RUN: keel-check-gradient %s --function f
// RUN: keel-opt %s --differentiate=function=f | FileCheck %s
// A sum's old value is not needed backwards, so the loop keeps no stack of it.
// CHECK-LABEL: func.func @f_gradient
// CHECK: scf.for {{.*}} iter_args(%{{.*}} = %{{.*}}) -> (tensor<3xf64>)
// CHECK: scf.yield %{{.*}} : tensor<3xf64>{{$}}
func.func @f(%xs: tensor<4x3xf64>, %s0: tensor<3xf64>) -> tensor<3xf64> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %s = scf.for %t = %c0 to %c4 step %c1 iter_args(%s = %s0) -> (tensor<3xf64>) {
    %x = tensor.extract_slice %xs[%t, 0] [1, 3] [1, 1] : tensor<4x3xf64> to tensor<3xf64>
    %e = math.exp %x : tensor<3xf64>
    %n = arith.addf %s, %e : tensor<3xf64>
    scf.yield %n : tensor<3xf64>
  }
  return %s : tensor<3xf64>
}
