"""Model IR that updates as many tensors as it is told, each from another: one kernel."""
import sys

count = int(sys.argv[1])
for index in range(count):
    print(f"ml_program.global public mutable @w{index}(#keel.init<kaiming_uniform, fan_in = {index + 1}>) : tensor<8xf32>")
    print(f"ml_program.global public mutable @v{index}(#keel.init<kaiming_uniform, fan_in = {index + 1}>) : tensor<8xf32>")
print("func.func @step(%x: tensor<8xf32>) {")
print("  %empty = tensor.empty() : tensor<8xf32>")
for index in range(count):
    print(f"""  %w{index} = ml_program.global_load @w{index} : tensor<8xf32>
  %v{index} = ml_program.global_load @v{index} : tensor<8xf32>
  %s{index} = linalg.sub ins(%w{index}, %v{index} : tensor<8xf32>, tensor<8xf32>) outs(%empty : tensor<8xf32>) -> tensor<8xf32>
  ml_program.global_store @w{index} = %s{index} : tensor<8xf32>""")
print("  return\n}")
