// RUN: keel-opt %s --build-train-step=optimizer=lion -verify-diagnostics

// expected-error @below {{unknown optimizer 'lion'; expected sgd, momentum or adamw}}
module {
}
