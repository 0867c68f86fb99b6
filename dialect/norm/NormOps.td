//===- The norm dialect: what is normalized -------------------------------===//
#ifndef KEEL_DIALECT_NORM_NORMOPS
#define KEEL_DIALECT_NORM_NORMOPS

include "dialect/norm/NormBase.td"

//===----------------------------------------------------------------------===//
// The layer family: statistics of each case over some axes
//===----------------------------------------------------------------------===//

class Norm_LayerFamilyOp<string mnemonic, list<Trait> traits = []>
    : Norm_ForwardOp<mnemonic, !listconcat(traits, [AttrSizedOperandSegments, AllTypesMatch<["input", "result"]>])> {
  let arguments = (ins Norm_Tensor:$input, Optional<Norm_Tensor>:$scale, Optional<Norm_Tensor>:$shift,
                       DenseI64ArrayAttr:$axes, Norm_Epsilon:$epsilon);
  let results = (outs Norm_Tensor:$result);
  let hasCanonicalizer = 1;
  let assemblyFormat = [{
    $input (`scale` `(` $scale^ `:` type($scale) `)`)? (`shift` `(` $shift^ `:` type($shift) `)`)?
    `axes` `=` $axes (`epsilon` `=` $epsilon^)? attr-dict `:` type($input)
  }];
  let builders = [
    OpBuilder<(ins "::mlir::Value":$input, "::mlir::Value":$scale, "::mlir::Value":$shift,
                   "::llvm::ArrayRef<int64_t>":$axes, CArg<"double", "1.0e-5">:$epsilon), [{
      build($_builder, $_state, input.getType(), input, scale, shift, $_builder.getDenseI64ArrayAttr(axes),
            $_builder.getF64FloatAttr(epsilon));
    }]>];
}

def Norm_LayerNormOp : Norm_LayerFamilyOp<"layer_norm"> {
  let summary = "layer normalization";
  let description = [{
    For each index of the other dimensions, over the N elements along `axes`:

    ```
    μ = mean x,  σ² = mean (x − μ)²,  r = (σ² + ε)^-½
    x̂ = (x − μ)·r,  y = γ·x̂ + β
    ```

    `scale` (γ) and `shift` (β) are optional and have the extents of `axes`, in
    their order. The statistics accumulate in f32, or in f64 for f64 input; x̂ is
    rounded to the input's element type, so that forward and backward see the
    same values, and y has the input's type. Nothing but y is returned: the
    gradient takes the input, and after decomposition CSE shares μ, r and x̂.

    `zero_mean_input` asserts that the input's mean along `axes` is zero by
    construction (`--center-weights`): μ is then not computed. It changes neither
    the value nor the gradient, which keeps its mean term.

    ```mlir
    %y = norm.layer_norm %x scale(%g : tensor<256xf32>) shift(%b : tensor<256xf32>) axes = [1] : tensor<?x256xf32>
    ```

    Reference: Ba, Kiros and Hinton 2016, arXiv 1607.06450.
  }];
  let arguments = (ins Norm_Tensor:$input, Optional<Norm_Tensor>:$scale, Optional<Norm_Tensor>:$shift,
                       DenseI64ArrayAttr:$axes, Norm_Epsilon:$epsilon, UnitAttr:$zero_mean_input);
  let assemblyFormat = [{
    $input (`scale` `(` $scale^ `:` type($scale) `)`)? (`shift` `(` $shift^ `:` type($shift) `)`)?
    `axes` `=` $axes (`epsilon` `=` $epsilon^)? (`zero_mean_input` $zero_mean_input^)? attr-dict `:` type($input)
  }];
  let builders = [
    OpBuilder<(ins "::mlir::Value":$input, "::mlir::Value":$scale, "::mlir::Value":$shift,
                   "::llvm::ArrayRef<int64_t>":$axes, CArg<"double", "1.0e-5">:$epsilon,
                   CArg<"bool", "false">:$zeroMeanInput), [{
      build($_builder, $_state, input.getType(), input, scale, shift, $_builder.getDenseI64ArrayAttr(axes),
            $_builder.getF64FloatAttr(epsilon), zeroMeanInput ? $_builder.getUnitAttr() : ::mlir::UnitAttr());
    }]>];
}

def Norm_RmsNormOp : Norm_LayerFamilyOp<"rms_norm"> {
  let summary = "root-mean-square normalization";
  let description = [{
    Layer normalization without centring: over the elements along `axes`

    ```
    r = (mean x² + ε)^-½,  x̂ = x·r,  y = γ·x̂ + β
    ```

    Shapes and types as for `norm.layer_norm`.

    ```mlir
    %y = norm.rms_norm %x scale(%g : tensor<256xf32>) axes = [1] epsilon = 1.0e-6 : tensor<?x256xf32>
    ```

    Reference: Zhang and Sennrich 2019, arXiv 1910.07467.
  }];
}

def Norm_GroupNormOp : Norm_ForwardOp<"group_norm", [AttrSizedOperandSegments, AllTypesMatch<["input", "result"]>]> {
  let summary = "group normalization";
  let description = [{
    The channels are cut into `groups` runs of equal length; each run of each
    case (dimension 0), with all other dimensions, is normalized as by
    `norm.layer_norm`. `scale` and `shift` are per channel. `channel` is the
    dimension of the channels: 1 (NCHW) by default, the last for NHWC. As many
    groups as channels is instance normalization; one group, layer normalization
    with a scale per channel.

    ```mlir
    %y = norm.group_norm %x scale(%g : tensor<64xf32>) shift(%b : tensor<64xf32>) groups = 8 : tensor<?x64x16x16xf32>
    ```

    Reference: Wu and He 2018, arXiv 1803.08494; instance normalization: Ulyanov
    et al. 2016, arXiv 1607.08022.
  }];
  let arguments = (ins Norm_Tensor:$input, Optional<Norm_Tensor>:$scale, Optional<Norm_Tensor>:$shift,
                       I64Attr:$groups, Norm_Channel:$channel, Norm_Epsilon:$epsilon);
  let hasCanonicalizer = 1;
  let results = (outs Norm_Tensor:$result);
  let assemblyFormat = [{
    $input (`scale` `(` $scale^ `:` type($scale) `)`)? (`shift` `(` $shift^ `:` type($shift) `)`)?
    `groups` `=` $groups (`channel` `=` $channel^)? (`epsilon` `=` $epsilon^)? attr-dict `:` type($input)
  }];
}

//===----------------------------------------------------------------------===//
// Batch normalization: statistics of each channel over the cases
//===----------------------------------------------------------------------===//

def Norm_BatchNormOp : Norm_ForwardOp<"batch_norm", [
    AttrSizedOperandSegments, AllTypesMatch<["input", "result"]>,
    AllTypesMatch<["runningMean", "runningVariance", "newRunningMean", "newRunningVariance"]>]> {
  let summary = "batch normalization in training";
  let description = [{
    For each channel, over the M elements along all other dimensions:

    ```
    μ = mean x,  σ² = mean (x − μ)²,  r = (σ² + ε)^-½
    x̂ = (x − μ)·r,  y = γ·x̂ + β
    new_running_mean     = (1 − momentum)·running_mean     + momentum·μ
    new_running_variance = (1 − momentum)·running_variance + momentum·σ²·M / (M − 1)
    ```

    as in PyTorch: the running variance is the unbiased one. With a single
    element it is undefined and the running variance stays; with none both stay.
    All vectors have the channels' extent. The statistics accumulate in f32, or
    in f64 for f64 input. The running statistics are state, not part of what is
    differentiated. `channel` is the dimension of the channels: 1 (`?xC`, NCHW)
    by default, the last for NHWC.

    `pivot` (`--pivot-batch-norm`) is what was subtracted from the input before,
    near its mean: the running mean takes `pivot + μ`, and since μ is then small
    beside σ, one pass over Σx and Σx² gives stable statistics. It changes nothing
    else, and has no gradient: batch norm does not see a shift.

    ```mlir
    %y, %m1, %v1 = norm.batch_norm %x running(%m, %v : tensor<256xf32>)
                   scale(%g : tensor<256xf32>) shift(%b : tensor<256xf32>) momentum = 0.1 : tensor<?x256xf32>
    ```

    Reference: Ioffe and Szegedy 2015, arXiv 1502.03167.
  }];
  let arguments = (ins Norm_Tensor:$input, Norm_Tensor:$runningMean, Norm_Tensor:$runningVariance,
                       Optional<Norm_Tensor>:$scale, Optional<Norm_Tensor>:$shift, Optional<Norm_Tensor>:$pivot,
                       Norm_Channel:$channel, DefaultValuedAttr<F64Attr, "0.1">:$momentum, Norm_Epsilon:$epsilon);
  let hasCanonicalizer = 1;
  let results = (outs Norm_Tensor:$result, Norm_Tensor:$newRunningMean, Norm_Tensor:$newRunningVariance);
  let assemblyFormat = [{
    $input `running` `(` $runningMean `,` $runningVariance `:` type($runningMean) `)`
    (`scale` `(` $scale^ `:` type($scale) `)`)? (`shift` `(` $shift^ `:` type($shift) `)`)?
    (`pivot` `(` $pivot^ `:` type($pivot) `)`)? (`channel` `=` $channel^)? (`momentum` `=` $momentum^)? (`epsilon` `=` $epsilon^)? attr-dict `:` type($input)
  }];
}

def Norm_BatchNormInferenceOp : Norm_ForwardOp<"batch_norm_inference", [
    AttrSizedOperandSegments, AllTypesMatch<["input", "result"]>, AllTypesMatch<["mean", "variance"]>]> {
  let summary = "batch normalization with given statistics";
  let description = [{
    `y = γ·(x − mean)·(variance + ε)^-½ + β`, every vector per channel: what
    `norm.batch_norm` becomes in `@forward`, with its running statistics.
    `--fold-batch-norm` moves it into the weights of a linear layer before it.

    ```mlir
    %y = norm.batch_norm_inference %x statistics(%m, %v : tensor<256xf32>)
         scale(%g : tensor<256xf32>) shift(%b : tensor<256xf32>) : tensor<?x256xf32>
    ```
  }];
  let arguments = (ins Norm_Tensor:$input, Norm_Tensor:$mean, Norm_Tensor:$variance,
                       Optional<Norm_Tensor>:$scale, Optional<Norm_Tensor>:$shift,
                       Norm_Channel:$channel, Norm_Epsilon:$epsilon);
  let hasFolder = 1;
  let hasCanonicalizer = 1;
  let results = (outs Norm_Tensor:$result);
  let assemblyFormat = [{
    $input `statistics` `(` $mean `,` $variance `:` type($mean) `)`
    (`scale` `(` $scale^ `:` type($scale) `)`)? (`shift` `(` $shift^ `:` type($shift) `)`)?
    (`channel` `=` $channel^)? (`epsilon` `=` $epsilon^)? attr-dict `:` type($input)
  }];
}

//===----------------------------------------------------------------------===//
// Loss and dropout
//===----------------------------------------------------------------------===//

def Norm_SoftmaxCrossEntropyOp : Norm_ForwardOp<"softmax_cross_entropy"> {
  let summary = "cross entropy of the softmax of logits";
  let description = [{
    The classes are the logits' last dimension, the cases all others. With class
    labels (i32 or i64, the cases' shape) and with targets (floats, the logits'
    shape), a case costs

    ```
    loss = log Σ_c exp(z_c − m) − (z_label − m),   m = max_c z_c
    loss = Σ_c t_c·(log Σ_k exp(z_k − m) − (z_c − m))
    ```

    A result of rank 0 is the mean over the cases, one of the cases' shape holds
    each case's loss; its element type is the accumulation type (f32, or f64 for
    f64 logits) or the logits'. A class label outside of [0, classes) costs NaN,
    so that it cannot go unnoticed.

    ```mlir
    %loss = norm.softmax_cross_entropy %logits, %labels : tensor<?x10xf32>, tensor<?xi32> -> tensor<f32>
    ```
  }];
  let arguments = (ins Norm_Tensor:$logits, Norm_Targets:$labels);
  let results = (outs Norm_Tensor:$loss);
  let assemblyFormat = "$logits `,` $labels attr-dict `:` type($logits) `,` type($labels) `->` type($loss)";
}

def Norm_DropoutOp : Norm_ForwardOp<"dropout", [AllTypesMatch<["input", "result"]>]> {
  let summary = "dropout with a counter-based mask";
  let description = [{
    `y = keep ? x / (1 − rate) : 0`. Whether element i (its row-major index) is
    kept is a function of (seed, counter, i) alone, so backward is the same op on
    the gradient, with the same seed and counter, and nothing is stored:

    ```
    word = Philox4x32-10(counter = (i low, i high, counter low, counter high), key = (seed low, seed high))[0]
    keep = word ≥ round(rate·2³²)
    ```

    `seed` and `counter` are rank-0 i32 or i64 tensors; the counter must differ
    from one use of the same seed to the next (step, layer). `@forward` drops the op.

    ```mlir
    %y = norm.dropout %x seed(%s : tensor<i64>) counter(%c : tensor<i64>) rate = 0.1 : tensor<?x256xf32>
    ```

    References: Srivastava et al. 2014, JMLR 15; Philox: Salmon et al. 2011, SC'11.
  }];
  let arguments = (ins Norm_Tensor:$input, Norm_Counter:$seed, Norm_Counter:$counter, F64Attr:$rate);
  let results = (outs Norm_Tensor:$result);
  let assemblyFormat = [{
    $input `seed` `(` $seed `:` type($seed) `)` `counter` `(` $counter `:` type($counter) `)`
    `rate` `=` $rate attr-dict `:` type($input)
  }];
  let hasFolder = 1;
}

//===----------------------------------------------------------------------===//
// Statistics
//===----------------------------------------------------------------------===//

def Norm_MomentsOp : Norm_ForwardOp<"moments", [
    AllTypesMatch<["mean", "m2"]>, DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>,
    DeclareOpInterfaceMethods<TilingInterface, [
      "getLoopIteratorTypes", "getIterationDomain", "getTiledImplementation", "getResultTilePosition",
      "generateResultTileValue", "getIterationDomainTileFromResultTile"]>,
    DeclareOpInterfaceMethods<PartialReductionOpInterface, [
      "generateInitialTensorForPartialReduction", "tileToPartialReduction", "mergeReductions",
      "getPartialResultTilePosition"]>]> {
  let summary = "mean and sum of squared deviations along axes";
  let description = [{
    `mean = Σx / N` and `m2 = Σ (x − mean)²` over the N elements along `axes`; the
    results have the other dimensions, and f32 elements, or f64 for f64 input.
    This is the one norm op that survives fusion: a target chooses two passes
    where the row is held, and Chan's merge where it is split. It never computes
    E[x²] − E[x]². Over no elements both results are 0.

    ```mlir
    %mean, %m2 = norm.moments %x axes = [1] : tensor<?x256xf32> -> tensor<?xf32>
    ```

    Reference: Chan, Golub and LeVeque 1983, The American Statistician 37(3).
  }];
  let arguments = (ins Norm_Tensor:$input, DenseI64ArrayAttr:$axes);
  let results = (outs Norm_Tensor:$mean, Norm_Tensor:$m2);
  let assemblyFormat = "$input `axes` `=` $axes attr-dict `:` type($input) `->` type($mean)";
  let builders = [OpBuilder<(ins "::mlir::Value":$input, "::llvm::ArrayRef<int64_t>":$axes)>];
}

def Norm_CenterOp : Norm_ForwardOp<"center", [AllTypesMatch<["input", "result"]>]> {
  let summary = "a tensor minus its mean along axes";
  let description = [{
    `y = x − mean x`, the mean over the elements along `axes`, accumulated in f32,
    or in f64 for f64 input. `--center-weights` centres weights and biases with it
    so that what they compute has zero mean. Its gradient centres: `dx = dy − mean dy`;
    `zero_mean_gradient` asserts that the gradient of the result has zero mean
    along `axes` by construction, so that `dx = dy` and nothing is computed.

    ```mlir
    %wc = norm.center %w axes = [1] zero_mean_gradient : tensor<64x256xf32>
    ```

    Reference: Jiang et al. 2023, arXiv 2305.14858.
  }];
  let arguments = (ins Norm_Tensor:$input, DenseI64ArrayAttr:$axes, UnitAttr:$zero_mean_gradient);
  let results = (outs Norm_Tensor:$result);
  let assemblyFormat = "$input `axes` `=` $axes (`zero_mean_gradient` $zero_mean_gradient^)? attr-dict `:` type($input)";
}

def Norm_StopGradientOp : Norm_ForwardOp<"stop_gradient", [AllTypesMatch<["input", "result"]>]> {
  let summary = "its operand, taken as a constant by differentiation";
  let description = [{
    The value is the input; the gradient is zero, and nothing is computed for it.

    ```mlir
    %y = norm.stop_gradient %x : tensor<256xf32>
    ```
  }];
  let arguments = (ins Norm_Tensor:$input);
  let results = (outs Norm_Tensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
  let hasVerifier = 0;
}

include "dialect/norm/NormGradients.td"

#endif
