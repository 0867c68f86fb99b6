// Handwritten digits through two pre-LN residual blocks, h + W2·GELU(W1·LN(h)), and a last layer norm.
// Every tensor added to the residual stream comes out of a linear layer and every reader of the stream is a layer norm:
// the form in which centred weights make the whole stream zero-mean.
!images = tensor<?x64xf32>
!stream = tensor<?x128xf32>
!hidden = tensor<?x256xf32>
!logits = tensor<?x10xf32>
!labels = tensor<?xi32>
!row = tensor<128xf32>
#from_64 = #keel.init<kaiming_uniform, fan_in = 64, gain = 0.5773502691896258>
#from_128 = #keel.init<kaiming_uniform, fan_in = 128, gain = 0.5773502691896258>
#from_256 = #keel.init<kaiming_uniform, fan_in = 256, gain = 0.5773502691896258>
#each = affine_map<(i, j) -> (i, j)>

ml_program.global public mutable @stem.weight(#from_64) : tensor<64x128xf32>
ml_program.global public mutable @stem.bias(#from_64) : tensor<128xf32>
ml_program.global public mutable @block1.norm.scale(#keel.init<ones>) : tensor<128xf32>
ml_program.global public mutable @block1.norm.shift(#keel.init<zeros>) : tensor<128xf32>
ml_program.global public mutable @block1.expand.weight(#from_128) : tensor<128x256xf32>
ml_program.global public mutable @block1.expand.bias(#from_128) : tensor<256xf32>
ml_program.global public mutable @block1.contract.weight(#from_256) : tensor<256x128xf32>
ml_program.global public mutable @block1.contract.bias(#from_256) : tensor<128xf32>
ml_program.global public mutable @block2.norm.scale(#keel.init<ones>) : tensor<128xf32>
ml_program.global public mutable @block2.norm.shift(#keel.init<zeros>) : tensor<128xf32>
ml_program.global public mutable @block2.expand.weight(#from_128) : tensor<128x256xf32>
ml_program.global public mutable @block2.expand.bias(#from_128) : tensor<256xf32>
ml_program.global public mutable @block2.contract.weight(#from_256) : tensor<256x128xf32>
ml_program.global public mutable @block2.contract.bias(#from_256) : tensor<128xf32>
ml_program.global public mutable @norm.scale(#keel.init<ones>) : tensor<128xf32>
ml_program.global public mutable @norm.shift(#keel.init<zeros>) : tensor<128xf32>
ml_program.global public mutable @output.weight(#from_128) : tensor<128x10xf32>
ml_program.global public mutable @output.bias(#from_128) : tensor<10xf32>

// GELU(v) = v·(1 + erf(v/√2))/2, exactly.
func.func private @gelu(%x: !hidden) -> !hidden {
  %c0 = arith.constant 0 : index
  %batch = tensor.dim %x, %c0 : !hidden
  %empty = tensor.empty(%batch) : !hidden
  %half = arith.constant 0.5 : f32
  %one = arith.constant 1.0 : f32
  %rsqrt2 = arith.constant 0.707106781 : f32
  %y = linalg.generic {indexing_maps = [#each, #each], iterator_types = ["parallel", "parallel"]}
      ins(%x : !hidden) outs(%empty : !hidden) {
  ^bb0(%v: f32, %unused: f32):
    %scaled = arith.mulf %v, %rsqrt2 : f32
    %erf = math.erf %scaled : f32
    %sum = arith.addf %erf, %one : f32
    %weight = arith.mulf %sum, %half : f32
    %gelu = arith.mulf %v, %weight : f32
    linalg.yield %gelu : f32
  } -> !hidden
  return %y : !hidden
}

func.func @forward(%x: !images) -> !logits {
  %c0 = arith.constant 0 : index
  %batch = tensor.dim %x, %c0 : !images
  %stream = tensor.empty(%batch) : !stream
  %hidden = tensor.empty(%batch) : !hidden

  %h0_w = ml_program.global_load @stem.weight : tensor<64x128xf32>
  %h0_b = ml_program.global_load @stem.bias : !row
  %h0_bias = linalg.broadcast ins(%h0_b : !row) outs(%stream : !stream) dimensions = [0]
  %h0 = linalg.matmul ins(%x, %h0_w : !images, tensor<64x128xf32>) outs(%h0_bias : !stream) -> !stream

  %n1_scale = ml_program.global_load @block1.norm.scale : !row
  %n1_shift = ml_program.global_load @block1.norm.shift : !row
  %n1 = norm.layer_norm %h0 scale(%n1_scale : !row) shift(%n1_shift : !row) axes = [1] : !stream
  %e1_w = ml_program.global_load @block1.expand.weight : tensor<128x256xf32>
  %e1_b = ml_program.global_load @block1.expand.bias : tensor<256xf32>
  %e1_bias = linalg.broadcast ins(%e1_b : tensor<256xf32>) outs(%hidden : !hidden) dimensions = [0]
  %e1 = linalg.matmul ins(%n1, %e1_w : !stream, tensor<128x256xf32>) outs(%e1_bias : !hidden) -> !hidden
  %g1 = call @gelu(%e1) : (!hidden) -> !hidden
  %c1_w = ml_program.global_load @block1.contract.weight : tensor<256x128xf32>
  %c1_b = ml_program.global_load @block1.contract.bias : !row
  %c1_bias = linalg.broadcast ins(%c1_b : !row) outs(%stream : !stream) dimensions = [0]
  %c1 = linalg.matmul ins(%g1, %c1_w : !hidden, tensor<256x128xf32>) outs(%c1_bias : !stream) -> !stream
  %h1 = linalg.add ins(%h0, %c1 : !stream, !stream) outs(%stream : !stream) -> !stream

  %n2_scale = ml_program.global_load @block2.norm.scale : !row
  %n2_shift = ml_program.global_load @block2.norm.shift : !row
  %n2 = norm.layer_norm %h1 scale(%n2_scale : !row) shift(%n2_shift : !row) axes = [1] : !stream
  %e2_w = ml_program.global_load @block2.expand.weight : tensor<128x256xf32>
  %e2_b = ml_program.global_load @block2.expand.bias : tensor<256xf32>
  %e2_bias = linalg.broadcast ins(%e2_b : tensor<256xf32>) outs(%hidden : !hidden) dimensions = [0]
  %e2 = linalg.matmul ins(%n2, %e2_w : !stream, tensor<128x256xf32>) outs(%e2_bias : !hidden) -> !hidden
  %g2 = call @gelu(%e2) : (!hidden) -> !hidden
  %c2_w = ml_program.global_load @block2.contract.weight : tensor<256x128xf32>
  %c2_b = ml_program.global_load @block2.contract.bias : !row
  %c2_bias = linalg.broadcast ins(%c2_b : !row) outs(%stream : !stream) dimensions = [0]
  %c2 = linalg.matmul ins(%g2, %c2_w : !hidden, tensor<256x128xf32>) outs(%c2_bias : !stream) -> !stream
  %h2 = linalg.add ins(%h1, %c2 : !stream, !stream) outs(%stream : !stream) -> !stream

  %last_scale = ml_program.global_load @norm.scale : !row
  %last_shift = ml_program.global_load @norm.shift : !row
  %last = norm.layer_norm %h2 scale(%last_scale : !row) shift(%last_shift : !row) axes = [1] : !stream
  %output = tensor.empty(%batch) : !logits
  %logits_w = ml_program.global_load @output.weight : tensor<128x10xf32>
  %logits_b = ml_program.global_load @output.bias : tensor<10xf32>
  %logits_bias = linalg.broadcast ins(%logits_b : tensor<10xf32>) outs(%output : !logits) dimensions = [0]
  %logits = linalg.matmul ins(%last, %logits_w : !stream, tensor<128x10xf32>) outs(%logits_bias : !logits) -> !logits
  return %logits : !logits
}

func.func @loss(%x: !images, %labels: !labels) -> tensor<f32> {
  %logits = call @forward(%x) : (!images) -> !logits
  %loss = norm.softmax_cross_entropy %logits, %labels : !logits, !labels -> tensor<f32>
  return %loss : tensor<f32>
}
