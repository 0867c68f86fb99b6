// Handwritten digits, 64-256-256-10 with ReLU; group normalization, of eight groups of 32 units each, between each linear layer
// and its activation.
// Linear layers start as PyTorch's do: weights [in, out] and biases uniform in ±1/√in.
!images = tensor<?x64xf32>
!hidden = tensor<?x256xf32>
!logits = tensor<?x10xf32>
!labels = tensor<?xi32>
!row = tensor<256xf32>
#from_64 = #keel.init<kaiming_uniform, fan_in = 64, gain = 0.5773502691896258>
#from_256 = #keel.init<kaiming_uniform, fan_in = 256, gain = 0.5773502691896258>

ml_program.global public mutable @hidden1.weight(#from_64) : tensor<64x256xf32>
ml_program.global public mutable @hidden1.bias(#from_64) : tensor<256xf32>
ml_program.global public mutable @norm1.scale(#keel.init<ones>) : tensor<256xf32>
ml_program.global public mutable @norm1.shift(#keel.init<zeros>) : tensor<256xf32>
ml_program.global public mutable @hidden2.weight(#from_256) : tensor<256x256xf32>
ml_program.global public mutable @hidden2.bias(#from_256) : tensor<256xf32>
ml_program.global public mutable @norm2.scale(#keel.init<ones>) : tensor<256xf32>
ml_program.global public mutable @norm2.shift(#keel.init<zeros>) : tensor<256xf32>
ml_program.global public mutable @output.weight(#from_256) : tensor<256x10xf32>
ml_program.global public mutable @output.bias(#from_256) : tensor<10xf32>

func.func @forward(%x: !images) -> !logits {
  %c0 = arith.constant 0 : index
  %batch = tensor.dim %x, %c0 : !images
  %zero = arith.constant 0.0 : f32
  %hidden = tensor.empty(%batch) : !hidden
  %zeros = linalg.fill ins(%zero : f32) outs(%hidden : !hidden) -> !hidden

  %w1 = ml_program.global_load @hidden1.weight : tensor<64x256xf32>
  %b1 = ml_program.global_load @hidden1.bias : !row
  %bias1 = linalg.broadcast ins(%b1 : !row) outs(%hidden : !hidden) dimensions = [0]
  %z1 = linalg.matmul ins(%x, %w1 : !images, tensor<64x256xf32>) outs(%bias1 : !hidden) -> !hidden
  %scale1 = ml_program.global_load @norm1.scale : !row
  %shift1 = ml_program.global_load @norm1.shift : !row
  %n1 = norm.group_norm %z1 scale(%scale1 : !row) shift(%shift1 : !row) groups = 8 : !hidden
  %h1 = linalg.max ins(%n1, %zeros : !hidden, !hidden) outs(%hidden : !hidden) -> !hidden

  %w2 = ml_program.global_load @hidden2.weight : tensor<256x256xf32>
  %b2 = ml_program.global_load @hidden2.bias : !row
  %bias2 = linalg.broadcast ins(%b2 : !row) outs(%hidden : !hidden) dimensions = [0]
  %z2 = linalg.matmul ins(%h1, %w2 : !hidden, tensor<256x256xf32>) outs(%bias2 : !hidden) -> !hidden
  %scale2 = ml_program.global_load @norm2.scale : !row
  %shift2 = ml_program.global_load @norm2.shift : !row
  %n2 = norm.group_norm %z2 scale(%scale2 : !row) shift(%shift2 : !row) groups = 8 : !hidden
  %h2 = linalg.max ins(%n2, %zeros : !hidden, !hidden) outs(%hidden : !hidden) -> !hidden

  %w3 = ml_program.global_load @output.weight : tensor<256x10xf32>
  %b3 = ml_program.global_load @output.bias : tensor<10xf32>
  %output = tensor.empty(%batch) : !logits
  %bias3 = linalg.broadcast ins(%b3 : tensor<10xf32>) outs(%output : !logits) dimensions = [0]
  %logits = linalg.matmul ins(%h2, %w3 : !hidden, tensor<256x10xf32>) outs(%bias3 : !logits) -> !logits
  return %logits : !logits
}

func.func @loss(%x: !images, %labels: !labels) -> tensor<f32> {
  %logits = call @forward(%x) : (!images) -> !logits
  %loss = norm.softmax_cross_entropy %logits, %labels : !logits, !labels -> tensor<f32>
  return %loss : tensor<f32>
}
