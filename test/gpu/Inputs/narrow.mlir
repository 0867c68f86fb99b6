// Linear, dropout of a part, layer norm: rows of 320, which several tiles share.
!images = tensor<?x64xf32>
!hidden = tensor<?x320xf32>
!logits = tensor<?x10xf32>
!labels = tensor<?xi32>
!row = tensor<320xf32>

ml_program.global public mutable @weight(#keel.init<kaiming_uniform, fan_in = 64>) : tensor<64x320xf32>
ml_program.global public mutable @bias(#keel.init<zeros>) : !row
ml_program.global public mutable @scale(#keel.init<ones>) : !row
ml_program.global public mutable @shift(#keel.init<zeros>) : !row
ml_program.global public mutable @output.weight(#keel.init<kaiming_uniform, fan_in = 320>) : tensor<320x10xf32>
ml_program.global public mutable @output.bias(#keel.init<zeros>) : tensor<10xf32>
ml_program.global public mutable @dropout.seed(dense<7> : tensor<i64>) : tensor<i64>
ml_program.global public mutable @dropout.counter(dense<0> : tensor<i64>) : tensor<i64>

func.func @forward(%x: !images) -> !logits {
  %c0 = arith.constant 0 : index
  %batch = tensor.dim %x, %c0 : !images
  %empty = tensor.empty(%batch) : !hidden
  %w = ml_program.global_load @weight : tensor<64x320xf32>
  %b = ml_program.global_load @bias : !row
  %biased = linalg.broadcast ins(%b : !row) outs(%empty : !hidden) dimensions = [0]
  %h = linalg.matmul ins(%x, %w : !images, tensor<64x320xf32>) outs(%biased : !hidden) -> !hidden
  %seed = ml_program.global_load @dropout.seed : tensor<i64>
  %counter = ml_program.global_load @dropout.counter : tensor<i64>
  %d = norm.dropout %h seed(%seed : tensor<i64>) counter(%counter : tensor<i64>) rate = 0.2 : !hidden
  %sum = linalg.add ins(%h, %d : !hidden, !hidden) outs(%empty : !hidden) -> !hidden
  %scale = ml_program.global_load @scale : !row
  %shift = ml_program.global_load @shift : !row
  %n = norm.layer_norm %sum scale(%scale : !row) shift(%shift : !row) axes = [1] {keel.strategy = "row-block-barrier"} : !hidden

  %w1 = ml_program.global_load @output.weight : tensor<320x10xf32>
  %b1 = ml_program.global_load @output.bias : tensor<10xf32>
  %output = tensor.empty(%batch) : !logits
  %biased1 = linalg.broadcast ins(%b1 : tensor<10xf32>) outs(%output : !logits) dimensions = [0]
  %logits = linalg.matmul ins(%n, %w1 : !hidden, tensor<320x10xf32>) outs(%biased1 : !logits) -> !logits
  return %logits : !logits
}

func.func @loss(%x: !images, %labels: !labels) -> tensor<f32> {
  %logits = call @forward(%x) : (!images) -> !logits
  %loss = norm.softmax_cross_entropy %logits, %labels : !logits, !labels -> tensor<f32>
  return %loss : tensor<f32>
}
