// Splits the rows of every norm.moments into four parts that run in parallel.
module attributes {transform.with_named_sequence} {
  transform.named_sequence @__transform_main(%m: !transform.any_op {transform.readonly}) {
    %0 = transform.structured.match ops{["norm.moments"]} in %m : (!transform.any_op) -> !transform.any_op
    transform.foreach %0 : !transform.any_op {
    ^bb0(%op: !transform.any_op):
      %1, %2, %3, %4, %5, %6, %7, %8 = transform.structured.tile_reduction_using_forall %op by num_threads = [0, 4] tile_sizes = []
          : (!transform.any_op) -> (!transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op,
                                    !transform.any_op, !transform.any_op, !transform.any_op, !transform.any_op)
      transform.yield
    }
    transform.yield
  }
}
