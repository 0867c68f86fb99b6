//===- The gradients of the norm ops --------------------------------------===//
#ifndef KEEL_DIALECT_NORM_NORMGRADIENTS
#define KEEL_DIALECT_NORM_NORMGRADIENTS

include "dialect/norm/NormBase.td"

// Each takes the gradient of the forward op's result and its *input*, and recomputes the statistics: after
// decomposition they are the forward op's own, by CSE.
class Norm_GradientOp<string mnemonic, list<Trait> traits = []>
    : Norm_Op<mnemonic, !listconcat(traits, [AttrSizedResultSegments, AllTypesMatch<["dy", "input", "dx"]>])> {
  let results = (outs Norm_Tensor:$dx, Optional<Norm_Tensor>:$dscale, Optional<Norm_Tensor>:$dshift);
  let hasCanonicalizer = 1;
}

def Norm_LayerNormGradOp : Norm_GradientOp<"layer_norm_grad"> {
  let summary = "gradient of norm.layer_norm";
  let description = [{
    With g = γ·dy, and the means over the elements along `axes`:

    ```
    dx = r·(g − mean g − x̂·mean(g·x̂)),  dscale = Σ dy·x̂,  dshift = Σ dy
    ```

    the last two over all other dimensions, in the accumulation type. `dscale`
    needs `scale`; both are optional.

    ```mlir
    %dx, %dg, %db = norm.layer_norm_grad %dy, %x scale(%g : tensor<256xf32>) axes = [1]
        : tensor<?x256xf32> dscale(tensor<256xf32>) dshift(tensor<256xf32>)
    ```
  }];
  let arguments = (ins Norm_Tensor:$dy, Norm_Tensor:$input, Optional<Norm_Tensor>:$scale,
                       DenseI64ArrayAttr:$axes, Norm_Epsilon:$epsilon, UnitAttr:$zero_mean_input);
  let assemblyFormat = [{
    $dy `,` $input (`scale` `(` $scale^ `:` type($scale) `)`)? `axes` `=` $axes (`epsilon` `=` $epsilon^)?
    (`zero_mean_input` $zero_mean_input^)? attr-dict `:` type($dx)
    (`dscale` `(` type($dscale)^ `)`)? (`dshift` `(` type($dshift)^ `)`)?
  }];
}

def Norm_RmsNormGradOp : Norm_GradientOp<"rms_norm_grad"> {
  let summary = "gradient of norm.rms_norm";
  let description = [{
    With g = γ·dy: `dx = r·(g − x̂·mean(g·x̂))`, `dscale = Σ dy·x̂`, `dshift = Σ dy`.

    ```mlir
    %dx, %dg = norm.rms_norm_grad %dy, %x scale(%g : tensor<256xf32>) axes = [1]
        : tensor<?x256xf32> dscale(tensor<256xf32>)
    ```
  }];
  let arguments = (ins Norm_Tensor:$dy, Norm_Tensor:$input, Optional<Norm_Tensor>:$scale,
                       DenseI64ArrayAttr:$axes, Norm_Epsilon:$epsilon);
  let assemblyFormat = [{
    $dy `,` $input (`scale` `(` $scale^ `:` type($scale) `)`)? `axes` `=` $axes (`epsilon` `=` $epsilon^)?
    attr-dict `:` type($dx) (`dscale` `(` type($dscale)^ `)`)? (`dshift` `(` type($dshift)^ `)`)?
  }];
}

def Norm_GroupNormGradOp : Norm_GradientOp<"group_norm_grad"> {
  let summary = "gradient of norm.group_norm";
  let description = [{
    As `norm.layer_norm_grad`, with the means over each group and `dscale`, `dshift` per channel.

    ```mlir
    %dx, %dg, %db = norm.group_norm_grad %dy, %x scale(%g : tensor<64xf32>) groups = 8
        : tensor<?x64x16x16xf32> dscale(tensor<64xf32>) dshift(tensor<64xf32>)
    ```
  }];
  let arguments = (ins Norm_Tensor:$dy, Norm_Tensor:$input, Optional<Norm_Tensor>:$scale,
                       I64Attr:$groups, Norm_Channel:$channel, Norm_Epsilon:$epsilon);
  let assemblyFormat = [{
    $dy `,` $input (`scale` `(` $scale^ `:` type($scale) `)`)? `groups` `=` $groups (`channel` `=` $channel^)?
    (`epsilon` `=` $epsilon^)? attr-dict `:` type($dx)
    (`dscale` `(` type($dscale)^ `)`)? (`dshift` `(` type($dshift)^ `)`)?
  }];
}

def Norm_BatchNormGradOp : Norm_GradientOp<"batch_norm_grad"> {
  let summary = "gradient of norm.batch_norm";
  let description = [{
    Per channel, with M elements a channel:

    ```
    dshift = Σ dy,  dscale = Σ dy·x̂,  dx = r·γ·(dy − dshift/M − x̂·dscale/M)
    ```

    `pivoted` says that forward has a `pivot`: the statistics are its.

    ```mlir
    %dx, %dg, %db = norm.batch_norm_grad %dy, %x scale(%g : tensor<256xf32>)
        : tensor<?x256xf32> dscale(tensor<256xf32>) dshift(tensor<256xf32>)
    ```
  }];
  let arguments = (ins Norm_Tensor:$dy, Norm_Tensor:$input, Optional<Norm_Tensor>:$scale,
                       Norm_Channel:$channel, Norm_Epsilon:$epsilon, UnitAttr:$pivoted);
  let assemblyFormat = [{
    $dy `,` $input (`scale` `(` $scale^ `:` type($scale) `)`)? (`channel` `=` $channel^)? (`epsilon` `=` $epsilon^)?
    (`pivoted` $pivoted^)? attr-dict `:` type($dx) (`dscale` `(` type($dscale)^ `)`)? (`dshift` `(` type($dshift)^ `)`)?
  }];
}

def Norm_BatchNormInferenceGradOp : Norm_Op<"batch_norm_inference_grad", [
    AttrSizedResultSegments, AllTypesMatch<["dy", "input", "dx"]>,
    AllTypesMatch<["mean", "variance", "dmean", "dvariance"]>]> {
  let summary = "gradient of norm.batch_norm_inference";
  let description = [{
    Per channel:

    ```
    dx = r·γ·dy,  dmean = −r·γ·Σ dy,  dvariance = −½·r²·γ·Σ dy·x̂,  dscale = Σ dy·x̂,  dshift = Σ dy
    ```

    ```mlir
    %dx, %dm, %dv, %dg, %db = norm.batch_norm_inference_grad %dy, %x statistics(%m, %v : tensor<256xf32>)
        scale(%g : tensor<256xf32>) : tensor<?x256xf32> dscale(tensor<256xf32>) dshift(tensor<256xf32>)
    ```
  }];
  let arguments = (ins Norm_Tensor:$dy, Norm_Tensor:$input, Norm_Tensor:$mean, Norm_Tensor:$variance,
                       Optional<Norm_Tensor>:$scale, Norm_Channel:$channel, Norm_Epsilon:$epsilon);
  let results = (outs Norm_Tensor:$dx, Norm_Tensor:$dmean, Norm_Tensor:$dvariance, Optional<Norm_Tensor>:$dscale,
                      Optional<Norm_Tensor>:$dshift);
  let hasCanonicalizer = 1;
  let assemblyFormat = [{
    $dy `,` $input `statistics` `(` $mean `,` $variance `:` type($mean) `)` (`scale` `(` $scale^ `:` type($scale) `)`)?
    (`channel` `=` $channel^)? (`epsilon` `=` $epsilon^)? attr-dict `:` type($dx)
    (`dscale` `(` type($dscale)^ `)`)? (`dshift` `(` type($dshift)^ `)`)?
  }];
}

def Norm_SoftmaxCrossEntropyGradOp : Norm_Op<"softmax_cross_entropy_grad", [AllTypesMatch<["logits", "dlogits"]>]> {
  let summary = "gradient of norm.softmax_cross_entropy";
  let description = [{
    With p = softmax(z), s = dloss (of rank 0: dloss divided by the number of
    cases), class labels and targets give

    ```
    dlogits = (p − onehot(label))·s
    dlogits = (p·Σt − t)·s,   dtargets = (log Σ exp(z − m) − (z − m))·s
    ```

    `dtargets` is optional.

    ```mlir
    %dz = norm.softmax_cross_entropy_grad %dloss, %logits, %labels : tensor<f32>, tensor<?x10xf32>, tensor<?xi32>
    ```
  }];
  let arguments = (ins Norm_Tensor:$dloss, Norm_Tensor:$logits, Norm_Targets:$labels);
  let results = (outs Norm_Tensor:$dlogits, Optional<Norm_Tensor>:$dtargets);
  let hasCanonicalizer = 1;
  let assemblyFormat = [{
    $dloss `,` $logits `,` $labels attr-dict `:` type($dloss) `,` type($logits) `,` type($labels)
    (`dtargets` `(` type($dtargets)^ `)`)?
  }];
}

#endif
