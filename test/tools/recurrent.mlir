// A recurrent network with layer normalization, over the 8 rows of a digit, trains; its loop runs in reverse.
// RUN: keel-compile %s -o %t.so --train=adamw --batch=128
// RUN: keel-run %t.so train --data %data/digits_train_images.npy --labels %data/digits_train_labels.npy --test-data %data/digits_test_images.npy --test-labels %data/digits_test_labels.npy --epochs 10 --batch 128 --seed 1 | FileCheck %s
// CHECK: epoch 10/10 train loss 1.0{{.*}} test accuracy 7
ml_program.global public mutable @wx(#keel.init<kaiming_uniform, fan_in = 8>) : tensor<8x32xf32>
ml_program.global public mutable @wh(#keel.init<orthogonal>) : tensor<32x32xf32>
ml_program.global public mutable @g(#keel.init<ones>) : tensor<32xf32>
ml_program.global public mutable @b(#keel.init<zeros>) : tensor<32xf32>
ml_program.global public mutable @o(#keel.init<kaiming_uniform, fan_in = 32>) : tensor<32x10xf32>
func.func @forward(%x: tensor<?x64xf32>) -> tensor<?x10xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %n = tensor.dim %x, %c0 : tensor<?x64xf32>
  %zero = arith.constant 0.0 : f32
  %wx = ml_program.global_load @wx : tensor<8x32xf32>
  %wh = ml_program.global_load @wh : tensor<32x32xf32>
  %g = ml_program.global_load @g : tensor<32xf32>
  %b = ml_program.global_load @b : tensor<32xf32>
  %e = tensor.empty(%n) : tensor<?x32xf32>
  %h0 = linalg.fill ins(%zero : f32) outs(%e : tensor<?x32xf32>) -> tensor<?x32xf32>
  %h = scf.for %t = %c0 to %c8 step %c1 iter_args(%h = %h0) -> (tensor<?x32xf32>) {
    %at = arith.muli %t, %c8 : index
    %row = tensor.extract_slice %x[0, %at] [%n, 8] [1, 1] : tensor<?x64xf32> to tensor<?x8xf32>
    %p = linalg.matmul ins(%row, %wx : tensor<?x8xf32>, tensor<8x32xf32>) outs(%h0 : tensor<?x32xf32>) -> tensor<?x32xf32>
    %q = linalg.matmul ins(%h, %wh : tensor<?x32xf32>, tensor<32x32xf32>) outs(%p : tensor<?x32xf32>) -> tensor<?x32xf32>
    %l = norm.layer_norm %q scale(%g : tensor<32xf32>) shift(%b : tensor<32xf32>) axes = [1] : tensor<?x32xf32>
    %next = linalg.tanh ins(%l : tensor<?x32xf32>) outs(%e : tensor<?x32xf32>) -> tensor<?x32xf32>
    scf.yield %next : tensor<?x32xf32>
  }
  %o = ml_program.global_load @o : tensor<32x10xf32>
  %e2 = tensor.empty(%n) : tensor<?x10xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<?x10xf32>) -> tensor<?x10xf32>
  %l = linalg.matmul ins(%h, %o : tensor<?x32xf32>, tensor<32x10xf32>) outs(%f2 : tensor<?x10xf32>) -> tensor<?x10xf32>
  return %l : tensor<?x10xf32>
}
func.func @loss(%x: tensor<?x64xf32>, %labels: tensor<?xi32>) -> tensor<f32> {
  %l = call @forward(%x) : (tensor<?x64xf32>) -> tensor<?x10xf32>
  %s = norm.softmax_cross_entropy %l, %labels : tensor<?x10xf32>, tensor<?xi32> -> tensor<f32>
  return %s : tensor<f32>
}
