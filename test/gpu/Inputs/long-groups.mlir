// Two groups of 512 columns, which no tile holds: group norm by a strategy of the test's, and a narrow layer that reads it.
!images = tensor<?x64xf32>
!hidden = tensor<?x1024xf32>
!narrow = tensor<?x64xf32>
!logits = tensor<?x10xf32>
!labels = tensor<?xi32>
!row = tensor<1024xf32>
#from_64 = #keel.init<kaiming_uniform, fan_in = 64, gain = 0.5773502691896258>
#from_1024 = #keel.init<kaiming_uniform, fan_in = 1024, gain = 0.5773502691896258>

ml_program.global public mutable @hidden1.weight(#from_64) : tensor<64x1024xf32>
ml_program.global public mutable @hidden1.bias(#from_64) : tensor<1024xf32>
ml_program.global public mutable @norm1.scale(#keel.init<ones>) : tensor<1024xf32>
ml_program.global public mutable @norm1.shift(#keel.init<zeros>) : tensor<1024xf32>
ml_program.global public mutable @hidden2.weight(#from_1024) : tensor<1024x64xf32>
ml_program.global public mutable @hidden2.bias(#from_1024) : tensor<64xf32>
ml_program.global public mutable @output.weight(#from_64) : tensor<64x10xf32>
ml_program.global public mutable @output.bias(#from_64) : tensor<10xf32>

func.func @forward(%x: !images) -> !logits {
  %c0 = arith.constant 0 : index
  %batch = tensor.dim %x, %c0 : !images
  %zero = arith.constant 0.0 : f32
  %hidden = tensor.empty(%batch) : !hidden
  %zeros = linalg.fill ins(%zero : f32) outs(%hidden : !hidden) -> !hidden

  %w1 = ml_program.global_load @hidden1.weight : tensor<64x1024xf32>
  %b1 = ml_program.global_load @hidden1.bias : !row
  %bias1 = linalg.broadcast ins(%b1 : !row) outs(%hidden : !hidden) dimensions = [0]
  %z1 = linalg.matmul ins(%x, %w1 : !images, tensor<64x1024xf32>) outs(%bias1 : !hidden) -> !hidden
  %scale1 = ml_program.global_load @norm1.scale : !row
  %shift1 = ml_program.global_load @norm1.shift : !row
  %n1 = norm.group_norm %z1 scale(%scale1 : !row) shift(%shift1 : !row) groups = 2 {keel.strategy = "STRATEGY"} : !hidden
  %h1 = linalg.max ins(%n1, %zeros : !hidden, !hidden) outs(%hidden : !hidden) -> !hidden

  %narrow = tensor.empty(%batch) : !narrow
  %none = linalg.fill ins(%zero : f32) outs(%narrow : !narrow) -> !narrow
  %w2 = ml_program.global_load @hidden2.weight : tensor<1024x64xf32>
  %b2 = ml_program.global_load @hidden2.bias : tensor<64xf32>
  %bias2 = linalg.broadcast ins(%b2 : tensor<64xf32>) outs(%narrow : !narrow) dimensions = [0]
  %z2 = linalg.matmul ins(%h1, %w2 : !hidden, tensor<1024x64xf32>) outs(%bias2 : !narrow) -> !narrow
  %h2 = linalg.max ins(%z2, %none : !narrow, !narrow) outs(%narrow : !narrow) -> !narrow

  %w3 = ml_program.global_load @output.weight : tensor<64x10xf32>
  %b3 = ml_program.global_load @output.bias : tensor<10xf32>
  %output = tensor.empty(%batch) : !logits
  %bias3 = linalg.broadcast ins(%b3 : tensor<10xf32>) outs(%output : !logits) dimensions = [0]
  %logits = linalg.matmul ins(%h2, %w3 : !narrow, tensor<64x10xf32>) outs(%bias3 : !logits) -> !logits
  return %logits : !logits
}

func.func @loss(%x: !images, %labels: !labels) -> tensor<f32> {
  %logits = call @forward(%x) : (!images) -> !logits
  %loss = norm.softmax_cross_entropy %logits, %labels : !logits, !labels -> tensor<f32>
  return %loss : tensor<f32>
}
