// A residual block with group norm, dropout, and a layer norm behind the sum.
!images = tensor<?x64xf32>
!hidden = tensor<?x256xf32>
!logits = tensor<?x10xf32>
!labels = tensor<?xi32>
!row = tensor<256xf32>
#from_64 = #keel.init<kaiming_uniform, fan_in = 64, gain = 0.5773502691896258>
#from_256 = #keel.init<kaiming_uniform, fan_in = 256, gain = 0.5773502691896258>

ml_program.global public mutable @stem.weight(#from_64) : tensor<64x256xf32>
ml_program.global public mutable @stem.bias(#from_64) : !row
ml_program.global public mutable @norm1.scale(#keel.init<ones>) : !row
ml_program.global public mutable @norm1.shift(#keel.init<zeros>) : !row
ml_program.global public mutable @inner.weight(#from_256) : tensor<256x256xf32>
ml_program.global public mutable @inner.bias(#from_256) : !row
ml_program.global public mutable @dropout.seed(dense<7> : tensor<i64>) : tensor<i64>
ml_program.global public mutable @dropout.counter(dense<0> : tensor<i64>) : tensor<i64>
ml_program.global public mutable @norm2.scale(#keel.init<ones>) : !row
ml_program.global public mutable @norm2.shift(#keel.init<zeros>) : !row
ml_program.global public mutable @output.weight(#from_256) : tensor<256x10xf32>
ml_program.global public mutable @output.bias(#from_256) : tensor<10xf32>

func.func @forward(%x: !images) -> !logits {
  %c0 = arith.constant 0 : index
  %batch = tensor.dim %x, %c0 : !images
  %zero = arith.constant 0.0 : f32
  %hidden = tensor.empty(%batch) : !hidden
  %zeros = linalg.fill ins(%zero : f32) outs(%hidden : !hidden) -> !hidden

  %w0 = ml_program.global_load @stem.weight : tensor<64x256xf32>
  %b0 = ml_program.global_load @stem.bias : !row
  %bias0 = linalg.broadcast ins(%b0 : !row) outs(%hidden : !hidden) dimensions = [0]
  %h0 = linalg.matmul ins(%x, %w0 : !images, tensor<64x256xf32>) outs(%bias0 : !hidden) -> !hidden
  %scale1 = ml_program.global_load @norm1.scale : !row
  %shift1 = ml_program.global_load @norm1.shift : !row
  %n1 = norm.group_norm %h0 scale(%scale1 : !row) shift(%shift1 : !row) groups = 8 : !hidden
  %a1 = linalg.max ins(%n1, %zeros : !hidden, !hidden) outs(%hidden : !hidden) -> !hidden

  %w1 = ml_program.global_load @inner.weight : tensor<256x256xf32>
  %b1 = ml_program.global_load @inner.bias : !row
  %bias1 = linalg.broadcast ins(%b1 : !row) outs(%hidden : !hidden) dimensions = [0]
  %z1 = linalg.matmul ins(%a1, %w1 : !hidden, tensor<256x256xf32>) outs(%bias1 : !hidden) -> !hidden
  %seed = ml_program.global_load @dropout.seed : tensor<i64>
  %counter = ml_program.global_load @dropout.counter : tensor<i64>
  %d1 = norm.dropout %z1 seed(%seed : tensor<i64>) counter(%counter : tensor<i64>) rate = 0.2 : !hidden
  %sum = linalg.add ins(%h0, %d1 : !hidden, !hidden) outs(%hidden : !hidden) -> !hidden
  %scale2 = ml_program.global_load @norm2.scale : !row
  %shift2 = ml_program.global_load @norm2.shift : !row
  %n2 = norm.layer_norm %sum scale(%scale2 : !row) shift(%shift2 : !row) axes = [1] : !hidden

  %w2 = ml_program.global_load @output.weight : tensor<256x10xf32>
  %b2 = ml_program.global_load @output.bias : tensor<10xf32>
  %output = tensor.empty(%batch) : !logits
  %bias2 = linalg.broadcast ins(%b2 : tensor<10xf32>) outs(%output : !logits) dimensions = [0]
  %logits = linalg.matmul ins(%n2, %w2 : !hidden, tensor<256x10xf32>) outs(%bias2 : !logits) -> !logits
  return %logits : !logits
}

func.func @loss(%x: !images, %labels: !labels) -> tensor<f32> {
  %logits = call @forward(%x) : (!images) -> !logits
  %loss = norm.softmax_cross_entropy %logits, %labels : !logits, !labels -> tensor<f32>
  return %loss : tensor<f32>
}
