// The f32 functions against the C library's f64 ones: 100000 points each, the largest error in units of 2^-24 of the
// result (half a unit in the last place at least, one at most, so the bounds are twice those in ExpandMath.cpp).
// RUN: keel-opt %s --expand-math --convert-vector-to-scf --convert-scf-to-cf --convert-vector-to-llvm --convert-math-to-llvm --arith-expand \
// RUN:   --convert-arith-to-llvm --convert-func-to-llvm --convert-cf-to-llvm --reconcile-unrealized-casts \
// RUN: | mlir-runner -O2 -e main --entry-point-result=void --shared-libs=%mlir_runner_utils \
// RUN: | FileCheck %s

func.func @exp_error() -> f64 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = arith.constant 100000 : index
  %zero = arith.constant 0.0 : f64
  %tiny = arith.constant 1.0e-38 : f64
  %unit = arith.constant 16777216.0 : f64
  %from = arith.constant -87.0 : f64
  %step = arith.constant 0.00175 : f64
  %worst = scf.for %i = %c0 to %n step %c1 iter_args(%sofar = %zero) -> (f64) {
    %k = arith.index_cast %i : index to i64
    %t = arith.sitofp %k : i64 to f64
    %d = arith.mulf %t, %step : f64
    %x64 = arith.addf %from, %d : f64
    %x = arith.truncf %x64 : f64 to f32
    %y = math.exp %x : f32
    %exact = arith.extf %x : f32 to f64
    %want = math.exp %exact : f64
    %got = arith.extf %y : f32 to f64
    %difference = arith.subf %got, %want : f64
    %size = math.absf %want : f64
    %floor = arith.maximumf %size, %tiny : f64
    %relative = arith.divf %difference, %floor : f64
    %error = math.absf %relative : f64
    %max = arith.maximumf %sofar, %error : f64
    scf.yield %max : f64
  }
  %units = arith.mulf %worst, %unit : f64
  return %units : f64
}

func.func @exp2_error() -> f64 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = arith.constant 100000 : index
  %zero = arith.constant 0.0 : f64
  %tiny = arith.constant 1.0e-38 : f64
  %unit = arith.constant 16777216.0 : f64
  %from = arith.constant -126.0 : f64
  %step = arith.constant 0.002539 : f64
  %worst = scf.for %i = %c0 to %n step %c1 iter_args(%sofar = %zero) -> (f64) {
    %k = arith.index_cast %i : index to i64
    %t = arith.sitofp %k : i64 to f64
    %d = arith.mulf %t, %step : f64
    %x64 = arith.addf %from, %d : f64
    %x = arith.truncf %x64 : f64 to f32
    %y = math.exp2 %x : f32
    %exact = arith.extf %x : f32 to f64
    %want = math.exp2 %exact : f64
    %got = arith.extf %y : f32 to f64
    %difference = arith.subf %got, %want : f64
    %size = math.absf %want : f64
    %floor = arith.maximumf %size, %tiny : f64
    %relative = arith.divf %difference, %floor : f64
    %error = math.absf %relative : f64
    %max = arith.maximumf %sofar, %error : f64
    scf.yield %max : f64
  }
  %units = arith.mulf %worst, %unit : f64
  return %units : f64
}

func.func @expm1_error() -> f64 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = arith.constant 100000 : index
  %zero = arith.constant 0.0 : f64
  %tiny = arith.constant 1.0e-38 : f64
  %unit = arith.constant 16777216.0 : f64
  %from = arith.constant -80.0 : f64
  %step = arith.constant 0.00168 : f64
  %worst = scf.for %i = %c0 to %n step %c1 iter_args(%sofar = %zero) -> (f64) {
    %k = arith.index_cast %i : index to i64
    %t = arith.sitofp %k : i64 to f64
    %d = arith.mulf %t, %step : f64
    %x64 = arith.addf %from, %d : f64
    %x = arith.truncf %x64 : f64 to f32
    %y = math.expm1 %x : f32
    %exact = arith.extf %x : f32 to f64
    %want = math.expm1 %exact : f64
    %got = arith.extf %y : f32 to f64
    %difference = arith.subf %got, %want : f64
    %size = math.absf %want : f64
    %floor = arith.maximumf %size, %tiny : f64
    %relative = arith.divf %difference, %floor : f64
    %error = math.absf %relative : f64
    %max = arith.maximumf %sofar, %error : f64
    scf.yield %max : f64
  }
  %units = arith.mulf %worst, %unit : f64
  return %units : f64
}

func.func @log_error() -> f64 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = arith.constant 100000 : index
  %zero = arith.constant 0.0 : f64
  %tiny = arith.constant 1.0e-38 : f64
  %unit = arith.constant 16777216.0 : f64
  %from = arith.constant 1.0e-30 : f64
  %step = arith.constant 0.0008289306334778564 : f64
  %worst = scf.for %i = %c0 to %n step %c1 iter_args(%sofar = %zero) -> (f64) {
    %k = arith.index_cast %i : index to i64
    %t = arith.sitofp %k : i64 to f64
    %d = arith.mulf %t, %step : f64
    %e = math.exp %d : f64
    %x64 = arith.mulf %from, %e : f64
    %x = arith.truncf %x64 : f64 to f32
    %y = math.log %x : f32
    %exact = arith.extf %x : f32 to f64
    %want = math.log %exact : f64
    %got = arith.extf %y : f32 to f64
    %difference = arith.subf %got, %want : f64
    %size = math.absf %want : f64
    %floor = arith.maximumf %size, %tiny : f64
    %relative = arith.divf %difference, %floor : f64
    %error = math.absf %relative : f64
    %max = arith.maximumf %sofar, %error : f64
    scf.yield %max : f64
  }
  %units = arith.mulf %worst, %unit : f64
  return %units : f64
}

func.func @log2_error() -> f64 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = arith.constant 100000 : index
  %zero = arith.constant 0.0 : f64
  %tiny = arith.constant 1.0e-38 : f64
  %unit = arith.constant 16777216.0 : f64
  %from = arith.constant 1.0e-30 : f64
  %step = arith.constant 0.0008289306334778564 : f64
  %worst = scf.for %i = %c0 to %n step %c1 iter_args(%sofar = %zero) -> (f64) {
    %k = arith.index_cast %i : index to i64
    %t = arith.sitofp %k : i64 to f64
    %d = arith.mulf %t, %step : f64
    %e = math.exp %d : f64
    %x64 = arith.mulf %from, %e : f64
    %x = arith.truncf %x64 : f64 to f32
    %y = math.log2 %x : f32
    %exact = arith.extf %x : f32 to f64
    %want = math.log2 %exact : f64
    %got = arith.extf %y : f32 to f64
    %difference = arith.subf %got, %want : f64
    %size = math.absf %want : f64
    %floor = arith.maximumf %size, %tiny : f64
    %relative = arith.divf %difference, %floor : f64
    %error = math.absf %relative : f64
    %max = arith.maximumf %sofar, %error : f64
    scf.yield %max : f64
  }
  %units = arith.mulf %worst, %unit : f64
  return %units : f64
}

func.func @log10_error() -> f64 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = arith.constant 100000 : index
  %zero = arith.constant 0.0 : f64
  %tiny = arith.constant 1.0e-38 : f64
  %unit = arith.constant 16777216.0 : f64
  %from = arith.constant 1.0e-30 : f64
  %step = arith.constant 0.0008289306334778564 : f64
  %worst = scf.for %i = %c0 to %n step %c1 iter_args(%sofar = %zero) -> (f64) {
    %k = arith.index_cast %i : index to i64
    %t = arith.sitofp %k : i64 to f64
    %d = arith.mulf %t, %step : f64
    %e = math.exp %d : f64
    %x64 = arith.mulf %from, %e : f64
    %x = arith.truncf %x64 : f64 to f32
    %y = math.log10 %x : f32
    %exact = arith.extf %x : f32 to f64
    %want = math.log10 %exact : f64
    %got = arith.extf %y : f32 to f64
    %difference = arith.subf %got, %want : f64
    %size = math.absf %want : f64
    %floor = arith.maximumf %size, %tiny : f64
    %relative = arith.divf %difference, %floor : f64
    %error = math.absf %relative : f64
    %max = arith.maximumf %sofar, %error : f64
    scf.yield %max : f64
  }
  %units = arith.mulf %worst, %unit : f64
  return %units : f64
}

func.func @log1p_error() -> f64 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = arith.constant 100000 : index
  %zero = arith.constant 0.0 : f64
  %tiny = arith.constant 1.0e-38 : f64
  %unit = arith.constant 16777216.0 : f64
  %from = arith.constant -0.99 : f64
  %step = arith.constant 0.0005099 : f64
  %worst = scf.for %i = %c0 to %n step %c1 iter_args(%sofar = %zero) -> (f64) {
    %k = arith.index_cast %i : index to i64
    %t = arith.sitofp %k : i64 to f64
    %d = arith.mulf %t, %step : f64
    %x64 = arith.addf %from, %d : f64
    %x = arith.truncf %x64 : f64 to f32
    %y = math.log1p %x : f32
    %exact = arith.extf %x : f32 to f64
    %want = math.log1p %exact : f64
    %got = arith.extf %y : f32 to f64
    %difference = arith.subf %got, %want : f64
    %size = math.absf %want : f64
    %floor = arith.maximumf %size, %tiny : f64
    %relative = arith.divf %difference, %floor : f64
    %error = math.absf %relative : f64
    %max = arith.maximumf %sofar, %error : f64
    scf.yield %max : f64
  }
  %units = arith.mulf %worst, %unit : f64
  return %units : f64
}

func.func @tanh_error() -> f64 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = arith.constant 100000 : index
  %zero = arith.constant 0.0 : f64
  %tiny = arith.constant 1.0e-38 : f64
  %unit = arith.constant 16777216.0 : f64
  %from = arith.constant -10.0 : f64
  %step = arith.constant 0.0002 : f64
  %worst = scf.for %i = %c0 to %n step %c1 iter_args(%sofar = %zero) -> (f64) {
    %k = arith.index_cast %i : index to i64
    %t = arith.sitofp %k : i64 to f64
    %d = arith.mulf %t, %step : f64
    %x64 = arith.addf %from, %d : f64
    %x = arith.truncf %x64 : f64 to f32
    %y = math.tanh %x : f32
    %exact = arith.extf %x : f32 to f64
    %want = math.tanh %exact : f64
    %got = arith.extf %y : f32 to f64
    %difference = arith.subf %got, %want : f64
    %size = math.absf %want : f64
    %floor = arith.maximumf %size, %tiny : f64
    %relative = arith.divf %difference, %floor : f64
    %error = math.absf %relative : f64
    %max = arith.maximumf %sofar, %error : f64
    scf.yield %max : f64
  }
  %units = arith.mulf %worst, %unit : f64
  return %units : f64
}

func.func @erf_error() -> f64 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = arith.constant 100000 : index
  %zero = arith.constant 0.0 : f64
  %tiny = arith.constant 1.0e-38 : f64
  %unit = arith.constant 16777216.0 : f64
  %from = arith.constant -5.0 : f64
  %step = arith.constant 0.0001 : f64
  %worst = scf.for %i = %c0 to %n step %c1 iter_args(%sofar = %zero) -> (f64) {
    %k = arith.index_cast %i : index to i64
    %t = arith.sitofp %k : i64 to f64
    %d = arith.mulf %t, %step : f64
    %x64 = arith.addf %from, %d : f64
    %x = arith.truncf %x64 : f64 to f32
    %y = math.erf %x : f32
    %exact = arith.extf %x : f32 to f64
    %want = math.erf %exact : f64
    %got = arith.extf %y : f32 to f64
    %difference = arith.subf %got, %want : f64
    %size = math.absf %want : f64
    %floor = arith.maximumf %size, %tiny : f64
    %relative = arith.divf %difference, %floor : f64
    %error = math.absf %relative : f64
    %max = arith.maximumf %sofar, %error : f64
    scf.yield %max : f64
  }
  %units = arith.mulf %worst, %unit : f64
  return %units : f64
}

func.func @rsqrt_error() -> f64 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = arith.constant 100000 : index
  %zero = arith.constant 0.0 : f64
  %tiny = arith.constant 1.0e-38 : f64
  %unit = arith.constant 16777216.0 : f64
  %from = arith.constant 1.0e-30 : f64
  %step = arith.constant 0.0013815510557964273 : f64
  %worst = scf.for %i = %c0 to %n step %c1 iter_args(%sofar = %zero) -> (f64) {
    %k = arith.index_cast %i : index to i64
    %t = arith.sitofp %k : i64 to f64
    %d = arith.mulf %t, %step : f64
    %e = math.exp %d : f64
    %x64 = arith.mulf %from, %e : f64
    %x = arith.truncf %x64 : f64 to f32
    %y = math.rsqrt %x : f32
    %exact = arith.extf %x : f32 to f64
    %want = math.rsqrt %exact : f64
    %got = arith.extf %y : f32 to f64
    %difference = arith.subf %got, %want : f64
    %size = math.absf %want : f64
    %floor = arith.maximumf %size, %tiny : f64
    %relative = arith.divf %difference, %floor : f64
    %error = math.absf %relative : f64
    %max = arith.maximumf %sofar, %error : f64
    scf.yield %max : f64
  }
  %units = arith.mulf %worst, %unit : f64
  return %units : f64
}

func.func @specials(%x: vector<8xf32>) {
  %exp = math.exp %x : vector<8xf32>
  vector.print %exp : vector<8xf32>
  %log = math.log %x : vector<8xf32>
  vector.print %log : vector<8xf32>
  %tanh = math.tanh %x : vector<8xf32>
  vector.print %tanh : vector<8xf32>
  %erf = math.erf %x : vector<8xf32>
  vector.print %erf : vector<8xf32>
  %log1p = math.log1p %x : vector<8xf32>
  vector.print %log1p : vector<8xf32>
  %expm1 = math.expm1 %x : vector<8xf32>
  vector.print %expm1 : vector<8xf32>
  return
}

func.func @main() {
  %exp = func.call @exp_error() : () -> f64
  %exp_bound = arith.constant 2.0 : f64
  %exp_ok = arith.cmpf ole, %exp, %exp_bound : f64
  // CHECK: 1
  vector.print %exp_ok : i1
  %exp2 = func.call @exp2_error() : () -> f64
  %exp2_bound = arith.constant 3.0 : f64
  %exp2_ok = arith.cmpf ole, %exp2, %exp2_bound : f64
  // CHECK: 1
  vector.print %exp2_ok : i1
  %expm1 = func.call @expm1_error() : () -> f64
  %expm1_bound = arith.constant 6.0 : f64
  %expm1_ok = arith.cmpf ole, %expm1, %expm1_bound : f64
  // CHECK: 1
  vector.print %expm1_ok : i1
  %log = func.call @log_error() : () -> f64
  %log_bound = arith.constant 2.0 : f64
  %log_ok = arith.cmpf ole, %log, %log_bound : f64
  // CHECK: 1
  vector.print %log_ok : i1
  %log2 = func.call @log2_error() : () -> f64
  %log2_bound = arith.constant 5.0 : f64
  %log2_ok = arith.cmpf ole, %log2, %log2_bound : f64
  // CHECK: 1
  vector.print %log2_ok : i1
  %log10 = func.call @log10_error() : () -> f64
  %log10_bound = arith.constant 5.0 : f64
  %log10_ok = arith.cmpf ole, %log10, %log10_bound : f64
  // CHECK: 1
  vector.print %log10_ok : i1
  %log1p = func.call @log1p_error() : () -> f64
  %log1p_bound = arith.constant 5.0 : f64
  %log1p_ok = arith.cmpf ole, %log1p, %log1p_bound : f64
  // CHECK: 1
  vector.print %log1p_ok : i1
  %tanh = func.call @tanh_error() : () -> f64
  %tanh_bound = arith.constant 4.0 : f64
  %tanh_ok = arith.cmpf ole, %tanh, %tanh_bound : f64
  // CHECK: 1
  vector.print %tanh_ok : i1
  %erf = func.call @erf_error() : () -> f64
  %erf_bound = arith.constant 2.0 : f64
  %erf_ok = arith.cmpf ole, %erf, %erf_bound : f64
  // CHECK: 1
  vector.print %erf_ok : i1
  %rsqrt = func.call @rsqrt_error() : () -> f64
  %rsqrt_bound = arith.constant 3.2 : f64
  %rsqrt_ok = arith.cmpf ole, %rsqrt, %rsqrt_bound : f64
  // CHECK: 1
  vector.print %rsqrt_ok : i1
  // CHECK: ( 1, 1, inf, 0, nan, inf, 0, 2.71828 )
  // CHECK: ( -inf, -inf, inf, nan, nan, 88.722, nan, 0 )
  // CHECK: ( 0, -0, 1, -1, nan, 1, -1, 0.761594 )
  // CHECK: ( 0, -0, 1, -1, nan, 1, -1, 0.842701 )
  // CHECK: ( 0, -0, inf, nan, nan, 88.722, nan, 0.693147 )
  // CHECK: ( 0, -0, inf, -1, nan, inf, -1, 1.71828 )
  %specials = arith.constant dense<[0.0, -0.0, 0x7F800000, 0xFF800000, 0x7FC00000, 3.4e38, -3.4e38, 1.0]> : vector<8xf32>
  call @specials(%specials) : (vector<8xf32>) -> ()
  return
}
