// RUN: keel-opt %s -split-input-file -verify-diagnostics

// expected-error @below {{unknown initializer 'kaiming', expected zeros, ones, constant, uniform, normal, kaiming_uniform, kaiming_normal, xavier_uniform, xavier_normal, orthogonal}}
ml_program.global public mutable @w(#keel.init<kaiming>) : tensor<4xf32>

// -----

// expected-error @below {{initializer 'normal' has no option 'deviation', only mean, std}}
ml_program.global public mutable @w(#keel.init<normal, deviation = 0.1>) : tensor<4xf32>

// -----

// expected-error @below {{initializer 'zeros' has no option 'gain', and no other}}
ml_program.global public mutable @w(#keel.init<zeros, gain = 2.0>) : tensor<4xf32>

// -----

// expected-error @below {{initializer option 'low' must be a number, found "none"}}
ml_program.global public mutable @w(#keel.init<uniform, low = "none">) : tensor<4xf32>

// -----

// expected-error @below {{initializer 'kaiming_uniform' needs the option 'fan_in'}}
ml_program.global public mutable @w(#keel.init<kaiming_uniform>) : tensor<4xf32>
