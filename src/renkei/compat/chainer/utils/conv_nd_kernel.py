"""CUDA sources of n-dimensional convolutions: not needed, CuPy runs the array code itself."""
