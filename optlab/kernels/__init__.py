"""Sequential loops in numba: plain arrays in and out, each with a pure twin it is tested against."""

from optlab.kernels.registry import KERNELS, Kernel, jit, register, warmup

__all__ = ["KERNELS", "Kernel", "jit", "register", "warmup"]
