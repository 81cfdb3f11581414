"""Chainer's functions: the engine's, which here always return Variables.

>>> import numpy as np
>>> from renkei.compat.chainer import functions as F
>>> F.relu(np.array([-1.0, 2.0], np.float32))
variable([0., 2.])
"""

from __future__ import annotations

import functools
import importlib
import inspect
from typing import Any

from renkei.compat.chainer._legacy import refuse_removed
from renkei.compat.chainer._random import numpy_keys
from renkei.compat.chainer._tree import exists
from renkei.compat.chainer._wrap import returning_variables

_NAMES = (
    "absolute absolute_error accuracy add arccos arcsin arctan arctan2 arctanh argmax "
    "argmax_crf1d argmin as_strided average average_pooling_1d average_pooling_2d "
    "average_pooling_3d average_pooling_nd batch_det batch_inv batch_l2_norm_squared batch_matmul "
    "batch_normalization batch_renormalization bernoulli_nll bias bilinear binary_accuracy "
    "black_out broadcast broadcast_to cast ceil cholesky classification_summary clip clipped_relu "
    "concat connectionist_temporal_classification contrastive convolution_1d convolution_2d "
    "convolution_3d convolution_nd copy cos cosh crelu crf1d cross_covariance cumprod cumsum "
    "deconvolution_1d deconvolution_2d deconvolution_3d deconvolution_nd "
    "decorrelated_batch_normalization decov deformable_convolution_2d_sampler depth2space "
    "depthwise_convolution_2d det diagonal digamma dilated_convolution_2d "
    "discriminative_margin_based_clustering_loss dropout dstack einsum elu embed_id erf erfc "
    "erfcinv erfcx erfinv exp expand_dims expm1 f1_score fft fix fixed_batch_normalization "
    "fixed_batch_renormalization fixed_decorrelated_batch_normalization flatten flip fliplr "
    "flipud floor fmod forget gaussian gaussian_kl_divergence gaussian_nll get_item "
    "group_normalization gumbel_softmax hard_sigmoid hinge hstack huber_loss identity ifft im2col "
    "inv layer_normalization leaky_relu lgamma linear linear_interpolate local_convolution_2d "
    "local_response_normalization log log10 log1p log2 log_ndtr log_softmax logsumexp lstm matmul "
    "max max_pooling_1d max_pooling_2d max_pooling_3d max_pooling_nd maximum maxout mean "
    "mean_absolute_error mean_squared_error min minimum moveaxis n_step_bigru n_step_bilstm "
    "n_step_birnn n_step_gru n_step_lstm n_step_rnn ndtr ndtri negative_sampling normalize pad "
    "pad_sequence permutate polygamma precision prelu prod r2_score recall relu relu6 repeat "
    "reshape resize_images roi_average_align_2d roi_average_pooling_2d roi_max_align_2d "
    "roi_max_pooling_2d roi_pooling_2d rollaxis rrelu rsqrt scale scatter_add select_item selu "
    "separate shift sigmoid sigmoid_cross_entropy sign simplified_dropconnect sin sinh slstm "
    "softmax softmax_cross_entropy softplus space2depth sparse_matmul spatial_pyramid_pooling_2d "
    "spatial_transformer_grid spatial_transformer_sampler split_axis sqrt square "
    "squared_difference squared_error squeeze stack sum sum_to swapaxes swish tan tanh tensordot "
    "tile transpose transpose_sequence tree_lstm triplet unpooling_1d unpooling_2d unpooling_3d "
    "unpooling_nd upsampling_2d vstack where zeta zoneout "
).split()

__all__ = list(_NAMES)

# where the functions are that differ from the engine's by more than what they return
_OWN = {
    name: "renkei.compat.chainer.functions._own"
    for name in (
        "add broadcast dropout gaussian gumbel_softmax rrelu simplified_dropconnect zoneout"
    ).split()
}

_CONFIG = "Use chainer.using_config"
_DETERMINISTIC = "Use chainer.using_config('cudnn_deterministic', value)"
# arguments that were dropped long ago, and what to do instead
_REMOVED = {
    "batch_normalization": {"train": _CONFIG},
    "convolution_2d": {"deterministic": _DETERMINISTIC},
    "deconvolution_2d": {"deterministic": _DETERMINISTIC},
    "dropout": {"train": _CONFIG},
    "rrelu": {"train": _CONFIG},
    "zoneout": {"train": _CONFIG},
    **{
        f"n_step_{kind}": {"train": _CONFIG, "use_cudnn": _CONFIG}
        for kind in ("bigru", "bilstm", "birnn", "gru", "lstm", "rnn")
    },
}


def _without_removed(name: str, function: Any) -> Any:
    """The function with Chainer's words for the arguments that it does not take any more."""
    known = inspect.signature(function).parameters

    def call(*args: Any, **options: Any) -> Any:
        unknown = {k: v for k, v in options.items() if k not in known}
        if unknown:
            refuse_removed(name, unknown, **_REMOVED[name])
        return function(*args, **options)

    call.__name__, call.__doc__, call.__module__ = name, function.__doc__, function.__module__
    call.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
    return call


def _random(function: Any) -> Any:
    """The function with random numbers that follow ``numpy.random``."""

    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        with numpy_keys():
            return function(*args, **options)

    return call


# what they return beside their Variable (places, masks, noise) stays an array
_BESIDE = frozenset(
    "dropout gaussian max_pooling_1d max_pooling_2d max_pooling_3d max_pooling_nd rrelu "
    "simplified_dropconnect zoneout".split()
)


def _first_variable(function: Any) -> Any:
    """The function with arrays for all but the first of what it returns."""

    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        y = function(*args, **options)
        return (y[0], *(getattr(a, "array", a) for a in y[1:])) if y.__class__ is tuple else y

    call.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]
    return call


def _made(name: str) -> Any:
    """The facade's function of a name."""
    home = importlib.import_module(_OWN.get(name, "renkei.functions"))
    function = getattr(home, name)
    if name.startswith("n_step_"):  # they drop out between layers
        function = _random(function)
    if name in _REMOVED:
        function = _without_removed(name, function)
    function = returning_variables(function)
    return _first_variable(function) if name in _BESIDE else function


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        value = globals()[name] = _made(name)
        return value
    if exists(f"functions.{name}"):
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module 'chainer.functions' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
