"""Saving and loading through ``serialize``: npz and HDF5, in the keys of Chainer.

No file is ever unpickled: the None that Chainer stores is recognised by its bytes.
"""

from renkei.compat.chainer.serializers.hdf5 import (
    HDF5Deserializer,
    HDF5Serializer,
    load_hdf5,
    save_hdf5,
)
from renkei.compat.chainer.serializers.npz import (
    DictionarySerializer,
    NpzDeserializer,
    load_npz,
    save_npz,
)

__all__ = [
    "DictionarySerializer",
    "HDF5Deserializer",
    "HDF5Serializer",
    "NpzDeserializer",
    "load_hdf5",
    "load_npz",
    "save_hdf5",
    "save_npz",
]
