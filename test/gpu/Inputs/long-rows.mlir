// Rows of 320 hidden units, which no tile holds: layer norm, then RMS norm, by a strategy of the test's.
!images = tensor<?x64xf32>
!hidden = tensor<?x320xf32>
!logits = tensor<?x10xf32>
!labels = tensor<?xi32>
!row = tensor<320xf32>
#from_64 = #keel.init<kaiming_uniform, fan_in = 64, gain = 0.5773502691896258>
#from_320 = #keel.init<kaiming_uniform, fan_in = 320, gain = 0.5773502691896258>

ml_program.global public mutable @hidden1.weight(#from_64) : tensor<64x320xf32>
ml_program.global public mutable @hidden1.bias(#from_64) : tensor<320xf32>
ml_program.global public mutable @norm1.scale(#keel.init<ones>) : tensor<320xf32>
ml_program.global public mutable @norm1.shift(#keel.init<zeros>) : tensor<320xf32>
ml_program.global public mutable @hidden2.weight(#from_320) : tensor<320x320xf32>
ml_program.global public mutable @hidden2.bias(#from_320) : tensor<320xf32>
ml_program.global public mutable @norm2.scale(#keel.init<ones>) : tensor<320xf32>
ml_program.global public mutable @output.weight(#from_320) : tensor<320x10xf32>
ml_program.global public mutable @output.bias(#from_320) : tensor<10xf32>

func.func @forward(%x: !images) -> !logits {
  %c0 = arith.constant 0 : index
  %batch = tensor.dim %x, %c0 : !images
  %zero = arith.constant 0.0 : f32
  %hidden = tensor.empty(%batch) : !hidden
  %zeros = linalg.fill ins(%zero : f32) outs(%hidden : !hidden) -> !hidden

  %w1 = ml_program.global_load @hidden1.weight : tensor<64x320xf32>
  %b1 = ml_program.global_load @hidden1.bias : !row
  %bias1 = linalg.broadcast ins(%b1 : !row) outs(%hidden : !hidden) dimensions = [0]
  %z1 = linalg.matmul ins(%x, %w1 : !images, tensor<64x320xf32>) outs(%bias1 : !hidden) -> !hidden
  %scale1 = ml_program.global_load @norm1.scale : !row
  %shift1 = ml_program.global_load @norm1.shift : !row
  %n1 = norm.layer_norm %z1 scale(%scale1 : !row) shift(%shift1 : !row) axes = [1] {keel.strategy = "STRATEGY"} : !hidden
  %h1 = linalg.max ins(%n1, %zeros : !hidden, !hidden) outs(%hidden : !hidden) -> !hidden

  %w2 = ml_program.global_load @hidden2.weight : tensor<320x320xf32>
  %b2 = ml_program.global_load @hidden2.bias : !row
  %bias2 = linalg.broadcast ins(%b2 : !row) outs(%hidden : !hidden) dimensions = [0]
  %z2 = linalg.matmul ins(%h1, %w2 : !hidden, tensor<320x320xf32>) outs(%bias2 : !hidden) -> !hidden
  %scale2 = ml_program.global_load @norm2.scale : !row
  %n2 = norm.rms_norm %z2 scale(%scale2 : !row) axes = [1] {keel.strategy = "STRATEGY"} : !hidden
  %h2 = linalg.max ins(%n2, %zeros : !hidden, !hidden) outs(%hidden : !hidden) -> !hidden

  %w3 = ml_program.global_load @output.weight : tensor<320x10xf32>
  %b3 = ml_program.global_load @output.bias : tensor<10xf32>
  %output = tensor.empty(%batch) : !logits
  %bias3 = linalg.broadcast ins(%b3 : tensor<10xf32>) outs(%output : !logits) dimensions = [0]
  %logits = linalg.matmul ins(%h2, %w3 : !hidden, tensor<320x10xf32>) outs(%bias3 : !logits) -> !logits
  return %logits : !logits
}

func.func @loss(%x: !images, %labels: !labels) -> tensor<f32> {
  %logits = call @forward(%x) : (!images) -> !logits
  %loss = norm.softmax_cross_entropy %logits, %labels : !logits, !labels -> tensor<f32>
  return %loss : tensor<f32>
}
