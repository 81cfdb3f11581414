"""The module tree of Chainer, as one table, and the finder that makes its modules on demand.

A module that only re-exports has a row here instead of a file. ``LEAVES`` lists, for each package
that has no file either, the module whose names its modules show; ``ALIASES`` names modules that are
another module; ``NAMES`` says where the names of ``chainer`` itself live.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

__all__ = ["ALIASES", "LEAVES", "NAMES", "ROOT", "exists", "submodules"]

ROOT = "renkei.compat.chainer"

# package: (module whose names its modules show, the modules)
LEAVES: dict[str, tuple[str, str]] = {
    # -- functions
    "functions.activation": (
        "functions",
        "clipped_relu crelu elu hard_sigmoid leaky_relu log_softmax maxout prelu relu rrelu selu "
        "sigmoid softmax softplus swish tanh",
    ),
    "functions.array": (
        "functions",
        "as_strided broadcast cast concat copy depth2space diagonal dstack expand_dims flatten "
        "flip fliplr flipud get_item hstack im2col moveaxis pad pad_sequence permutate repeat "
        "reshape resize_images rollaxis scatter_add select_item separate space2depth "
        "spatial_transformer_grid spatial_transformer_sampler split_axis squeeze stack swapaxes "
        "tile transpose transpose_sequence vstack where",
    ),
    "functions.connection": (
        "functions",
        "bilinear convolution_2d convolution_nd deconvolution_2d deconvolution_nd "
        "deformable_convolution_2d_sampler depthwise_convolution_2d dilated_convolution_2d "
        "embed_id linear local_convolution_2d shift",
    ),
    "functions.evaluation": (
        "functions",
        "accuracy binary_accuracy classification_summary r2_score",
    ),
    "functions.loss": (
        "functions",
        "absolute_error black_out contrastive crf1d cross_covariance ctc decov discriminative_loss "
        "hinge huber_loss mean_absolute_error mean_squared_error negative_sampling "
        "sigmoid_cross_entropy softmax_cross_entropy squared_error triplet vae",
    ),
    "functions.math": (
        "functions",
        "arctanh average basic_math batch_l2_norm_squared bias ceil cholesky clip cumprod cumsum "
        "det digamma einsum erf erfc erfcinv erfcx erfinv exponential exponential_m1 fft fix floor "
        "fmod hyperbolic identity inv lgamma linear_interpolate log_ndtr logarithm_1p logsumexp "
        "matmul maximum minimum minmax ndtr ndtri polygamma prod scale sign sparse_matmul sqrt "
        "square sum tensordot trigonometric zeta",
    ),
    "functions.noise": (
        "functions",
        "dropout gaussian gumbel_softmax simplified_dropconnect zoneout",
    ),
    "functions.normalization": (
        "functions",
        "batch_normalization batch_renormalization decorrelated_batch_normalization "
        "group_normalization l2_normalization layer_normalization local_response_normalization",
    ),
    "functions.pooling": (
        "functions",
        "average_pooling_2d average_pooling_nd max_pooling_2d max_pooling_nd pooling_2d "
        "roi_average_align_2d roi_average_pooling_2d roi_max_align_2d roi_max_pooling_2d "
        "roi_pooling_2d spatial_pyramid_pooling_2d unpooling_2d unpooling_nd upsampling_2d",
    ),
    "functions.rnn": ("functions", "lstm n_step_gru n_step_lstm n_step_rnn slstm tree_lstm"),
    "functions.theano": ("functions", "theano_function"),
    "functions.util": ("functions", "forget"),
    "distributions": (
        "distributions",
        "bernoulli beta categorical cauchy chisquare dirichlet exponential gamma geometric gumbel "
        "independent laplace log_normal multivariate_normal normal one_hot_categorical pareto "
        "poisson uniform utils",
    ),
    # -- links
    "links.activation": ("links", "maxout prelu simplified_dropconnect swish"),
    "links.connection": (
        "links",
        "bias bilinear convolution_2d convolution_nd deconvolution_2d deconvolution_nd "
        "deformable_convolution_2d depthwise_convolution_2d dilated_convolution_2d embed_id "
        "highway inception inceptionbn linear local_convolution_2d mlp_convolution_2d parameter "
        "scale",
    ),
    "links.loss": ("links", "black_out crf1d hierarchical_softmax negative_sampling"),
    "links.model": ("links", "classifier"),
    "links.normalization": (
        "links",
        "batch_normalization batch_renormalization decorrelated_batch_normalization "
        "group_normalization layer_normalization",
    ),
    "links.rnn": (
        "links",
        "gru lstm mgu n_step_gru n_step_lstm n_step_rnn peephole tree_lstm zoneoutlstm",
    ),
    "links.theano": ("links", "theano_function"),
    # -- training
    "initializers": ("initializers", "constant normal orthogonal sampling uniform"),
    "optimizers": (
        "optimizers",
        "ada_delta ada_grad adam corrected_momentum_sgd momentum_sgd msvag nesterov_ag rmsprop "
        "rmsprop_graves sgd smorms3",
    ),
    "optimizer_hooks": (
        "optimizer_hooks",
        "gradient_clipping gradient_hard_clipping gradient_lars gradient_noise lasso weight_decay",
    ),
    "training.updaters": (
        "training.updaters",
        "multiprocess_parallel_updater parallel_updater standard_updater",
    ),
    "training.triggers": (
        "training.triggers",
        "early_stopping_trigger interval_trigger manual_schedule_trigger minmax_value_trigger "
        "once_trigger time_trigger",
    ),
    "training.extensions": (
        "training.extensions",
        "_snapshot computational_graph evaluator exponential_shift fail_on_nonnumber "
        "inverse_shift linear_shift log_report micro_average multistep_shift parameter_statistics "
        "plot_report polynomial_shift print_report progress_bar step_shift "
        "value_observation variable_statistics_plot variable_unchain warmup_shift",
    ),
    "iterators": (
        "iterators",
        "dali_iterator multiprocess_iterator multithread_iterator order_samplers serial_iterator "
        "_statemachine",
    ),
    "datasets": (
        "datasets",
        "cifar concatenated_dataset dict_dataset fashion_mnist image_dataset kuzushiji_mnist mnist "
        "pickle_dataset ptb sub_dataset svhn text_dataset transform_dataset tuple_dataset",
    ),
    "dataset.tabular": ("dataset.tabular", "delegate_dataset tabular_dataset"),
    "link_hooks": ("link_hooks", "spectral_normalization timer weight_standardization"),
}

# module: the module that it is
ALIASES: dict[str, str] = {
    "array": "functions.array",
    "basic_math": "functions.math.basic_math",
    "cuda": "backends.cuda",
}

# module: the names that `chainer` itself shows of it
NAMES: dict[str, str] = {
    "_runtime_info": "print_runtime_info",
    "backend": "get_device using_device",
    "backends.cuda": "should_use_cudnn should_use_cudnn_tensor_core",
    "configuration": "DebugMode config force_backprop_mode get_compute_mode get_dtype "
    "global_config is_debug mixed16 no_backprop_mode set_debug using_config",
    "device_resident": "DeviceResident",
    "distribution": "Distribution cross_entropy kl_divergence register_kl",
    "function": "Function FunctionAdapter",
    "function_hook": "FunctionHook get_function_hooks",
    "function_node": "FunctionNode grad",
    "graph_optimizations.static_graph": "static_graph",
    "graph_optimizations.static_graph_utilities": "static_code",
    "initializer": "Initializer",
    "link": "Chain ChainList Link",
    "link_hook": "LinkHook get_link_hooks",
    "optimizer": "GradientMethod Optimizer UpdateRule",
    "reporter": "DictSummary Reporter Summary get_current_reporter report report_scope",
    "sequential": "Sequential",
    "serializer": "AbstractSerializer Deserializer Serializer",
    "variable": "Parameter Variable as_array as_variable backward",
}

# modules with files of their own, which `chainer.X` finds without an import
_FILES = (
    "backend backends computational_graph configuration dataset datasets device_resident "
    "distribution distributions exporters function function_hook function_hooks function_node "
    "functions gradient_check graph_optimizations initializer initializers iterators link "
    "link_hook link_hooks links memory_layouts optimizer optimizer_hooks optimizers reporter "
    "sequential serializer serializers testing training types utils variable warnings "
)
FILES = frozenset(_FILES.split())


def exists(name: str) -> bool:
    """Whether the tree has a row for a module, as in ``"functions.activation.relu"``."""
    if name in LEAVES or name in ALIASES:
        return True
    package, _, leaf = name.rpartition(".")
    return package in LEAVES and leaf in LEAVES[package][1].split()


def submodules(package: str) -> Callable[[str], Any]:
    """Makes the ``__getattr__`` of a package that has rows here besides its own names."""

    def get(name: str) -> Any:
        if exists(f"{package}.{name}"):
            return importlib.import_module(f"{ROOT}.{package}.{name}")
        raise AttributeError(f"module {f'chainer.{package}'!r} has no attribute {name!r}")

    return get


class _Shown(ModuleType):
    """A module that shows the names of another one."""

    _source: str

    def __getattr__(self, name: str) -> Any:
        below = f"{self.__name__.removeprefix(ROOT + '.')}.{name}"
        if exists(below):
            return importlib.import_module(f"{ROOT}.{below}")
        if name.startswith("__"):
            raise AttributeError(name)
        source = importlib.import_module(f"{ROOT}.{self._source}")
        if self._source == "functions" and name[0].isupper():  # classes of functions
            classes = importlib.import_module(f"{ROOT}.functions._classes")
            return classes.find(name)
        return getattr(source, name)

    def __dir__(self) -> list[str]:
        return dir(importlib.import_module(f"{ROOT}.{self._source}"))


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Makes the modules of the table."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not fullname.startswith(ROOT + ".") or not exists(fullname[len(ROOT) + 1 :]):
            return None
        package = fullname[len(ROOT) + 1 :] in LEAVES
        return importlib.machinery.ModuleSpec(fullname, self, is_package=package)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        name = spec.name[len(ROOT) + 1 :]
        if name in ALIASES:
            return importlib.import_module(f"{ROOT}.{ALIASES[name]}")
        module = _Shown(spec.name, f"See ``chainer.{name}``.")
        module._source = LEAVES[name if name in LEAVES else name.rpartition(".")[0]][0]
        return module

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing to run: names are looked up when they are asked for."""


sys.meta_path.append(_Finder())
