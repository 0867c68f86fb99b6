// All that sm_80 has.
#include "numbers.cu"
#include "warps.cu"
