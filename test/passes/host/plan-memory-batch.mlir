// RUN: not keel-opt %s --plan-memory=batch=0 2>&1 | FileCheck %s
// CHECK: error: the batch capacity must be at least 1, found 0
module {}
