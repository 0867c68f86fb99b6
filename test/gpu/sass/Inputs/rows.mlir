// Layer norm alone, bf16.
func.func @forward(%x: tensor<8192x4096xbf16>, %g: tensor<4096xbf16>, %h: tensor<4096xbf16>) -> tensor<8192x4096xbf16> {
  %n = norm.layer_norm %x scale(%g : tensor<4096xbf16>) shift(%h : tensor<4096xbf16>) axes = [1] : tensor<8192x4096xbf16>
  return %n : tensor<8192x4096xbf16>
}
