// RUN: keel-opt %s --select-entries --split-input-file | FileCheck %s

// CHECK: func.func private @block
func.func @block() { return }
// CHECK: func.func @forward
func.func @forward() { return }

// -----

// A module of another convention keeps every public function.
// CHECK: func.func @main
func.func @main() { return }
// CHECK: func.func @other
func.func @other() { return }
