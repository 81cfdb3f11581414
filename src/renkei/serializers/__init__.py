"""Saving and loading: npz and HDF5 in Chainer's layout, and safetensors.

Each format is a module; this table says which names it defines.
"""

from renkei._lazy import lazy

_FAMILIES = {
    "atomic": "atomic_write",
    "hdf5": "load_hdf5 read_hdf5_state save_hdf5",
    "npz": "load_npz read_npz_state save_npz",
    "safetensors": "load_safetensors read_safetensors_state save_safetensors",
}

__getattr__, __dir__, __all__ = lazy(__name__, _FAMILIES)
