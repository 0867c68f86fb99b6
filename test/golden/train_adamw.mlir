// The network of train_adamw.npz: 64-16-10, layer norm, ReLU.
!images = tensor<?x64xf32>
!hidden = tensor<?x16xf32>
!logits = tensor<?x10xf32>
!row = tensor<16xf32>

ml_program.global public mutable @hidden.weight(#keel.init<zeros>) : tensor<64x16xf32>
ml_program.global public mutable @hidden.bias(#keel.init<zeros>) : tensor<16xf32>
ml_program.global public mutable @norm.scale(#keel.init<ones>) : tensor<16xf32>
ml_program.global public mutable @norm.shift(#keel.init<zeros>) : tensor<16xf32>
ml_program.global public mutable @output.weight(#keel.init<zeros>) : tensor<16x10xf32>
ml_program.global public mutable @output.bias(#keel.init<zeros>) : tensor<10xf32>

func.func @forward(%x: !images) -> !logits {
  %c0 = arith.constant 0 : index
  %batch = tensor.dim %x, %c0 : !images
  %zero = arith.constant 0.0 : f32
  %hidden = tensor.empty(%batch) : !hidden
  %zeros = linalg.fill ins(%zero : f32) outs(%hidden : !hidden) -> !hidden

  %w1 = ml_program.global_load @hidden.weight : tensor<64x16xf32>
  %b1 = ml_program.global_load @hidden.bias : !row
  %bias1 = linalg.broadcast ins(%b1 : !row) outs(%hidden : !hidden) dimensions = [0]
  %z1 = linalg.matmul ins(%x, %w1 : !images, tensor<64x16xf32>) outs(%bias1 : !hidden) -> !hidden
  %scale = ml_program.global_load @norm.scale : !row
  %shift = ml_program.global_load @norm.shift : !row
  %n1 = norm.layer_norm %z1 scale(%scale : !row) shift(%shift : !row) axes = [1] : !hidden
  %h1 = linalg.max ins(%n1, %zeros : !hidden, !hidden) outs(%hidden : !hidden) -> !hidden

  %w2 = ml_program.global_load @output.weight : tensor<16x10xf32>
  %b2 = ml_program.global_load @output.bias : tensor<10xf32>
  %output = tensor.empty(%batch) : !logits
  %bias2 = linalg.broadcast ins(%b2 : tensor<10xf32>) outs(%output : !logits) dimensions = [0]
  %logits = linalg.matmul ins(%h1, %w2 : !hidden, tensor<16x10xf32>) outs(%bias2 : !logits) -> !logits
  return %logits : !logits
}

func.func @loss(%x: !images, %labels: tensor<?xi32>) -> tensor<f32> {
  %logits = call @forward(%x) : (!images) -> !logits
  %loss = norm.softmax_cross_entropy %logits, %labels : !logits, tensor<?xi32> -> tensor<f32>
  return %loss : tensor<f32>
}
