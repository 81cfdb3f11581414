"""Data sets: anything with ``len`` and ``[i]`` is one; these build new ones from others."""

from renkei._lazy import lazy

_FAMILIES = {
    "benchmarks": (
        "get_cifar10 get_cifar100 get_fashion_mnist get_fashion_mnist_labels get_kuzushiji_mnist "
        "get_kuzushiji_mnist_labels get_mnist get_ptb_words get_ptb_words_vocabulary get_svhn"
    ),
    "combine": (
        "ConcatenatedDataset DictDataset SubDataset TransformDataset TupleDataset "
        "get_cross_validation_datasets get_cross_validation_datasets_random split_dataset "
        "split_dataset_n split_dataset_n_random split_dataset_random"
    ),
    "convert": "concat_examples to_device",
    "dataset": "DatasetMixin",
    "digits": "get_digits stratified_split",
    "download": (
        "cache_or_load_file cached_download get_dataset_directory get_dataset_root set_dataset_root"
    ),
    "files": "ImageFolder prepare_image read_csv read_npz",
    "images": (
        "ImageDataset LabeledImageDataset LabeledZippedImageDataset MultiZippedImageDataset "
        "ZippedImageDataset"
    ),
    "record": ("RecordDataset RecordDatasetWriter open_record_dataset open_record_dataset_writer"),
    "tabular": "DelegateDataset TabularDataset",
    "text": "TextDataset",
}

__getattr__, __dir__, __all__ = lazy(__name__, _FAMILIES)
