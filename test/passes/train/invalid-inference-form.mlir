// RUN: keel-opt %s --inference-form -verify-diagnostics

// expected-error @below {{no function @forward with a body to turn into its inference form}}
module {
}
