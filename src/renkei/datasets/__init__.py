"""Data sets: anything with ``len`` and ``[i]`` is one; these build new ones from others."""

from renkei._lazy import lazy

_FAMILIES = {
    "combine": (
        "ConcatenatedDataset DictDataset SubDataset TransformDataset TupleDataset split_dataset "
        "split_dataset_n split_dataset_n_random split_dataset_random"
    ),
    "convert": "concat_examples to_device",
    "dataset": "DatasetMixin",
    "digits": "get_digits stratified_split",
    "files": "ImageFolder prepare_image read_csv read_npz",
}

__getattr__, __dir__, __all__ = lazy(__name__, _FAMILIES)
