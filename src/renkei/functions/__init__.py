"""F: functions by family. Arrays in, arrays out; a Variable among them, Variables out.

Each family is a module of the same name; this table says which names it defines.
"""

from renkei._lazy import lazy

_FAMILIES = {
    "accuracy": "accuracy binary_accuracy classification_summary f1_score precision r2_score "
    "recall",
    "activation": "clipped_relu crelu elu gelu hard_sigmoid leaky_relu maxout mish prelu relu "
    "relu6 rrelu selu sigmoid silu softplus swish tanh",
    "arithmetic": "absolute add divide fmod linear_interpolate maximum minimum multiply "
    "negative power subtract",
    "attention": "scaled_dot_product_attention",
    "bilinear": "bilinear",
    "broadcast": "bias broadcast broadcast_to scale sum_to",
    "conv": "convolution_1d convolution_2d convolution_3d convolution_nd deconvolution_1d "
    "deconvolution_2d deconvolution_3d deconvolution_nd depthwise_convolution_2d "
    "dilated_convolution_2d",
    "conversion": "cast copy identity",
    "cumulative": "cumprod cumsum prod",
    "decorrelation": "decorrelated_batch_normalization fixed_decorrelated_batch_normalization",
    "dropconnect": "simplified_dropconnect",
    "embedding": "embed_id",
    "fourier": "fft ifft",
    "gamma": "digamma lgamma polygamma zeta",
    "indexing": "get_item permutate scatter_add select_item where",
    "join_split": "concat dstack hstack separate split_axis stack transpose_sequence vstack",
    "linalg": "batch_matmul einsum matmul tensordot",
    "linear": "linear",
    "local_conv": "local_convolution_2d shift",
    "loss_class": "bernoulli_nll hinge sigmoid_cross_entropy smooth_labels softmax_cross_entropy",
    "loss_metric": "contrastive cross_covariance decov "
    "discriminative_margin_based_clustering_loss triplet",
    "loss_regression": "absolute_error gaussian_kl_divergence gaussian_nll huber_loss "
    "mean_absolute_error mean_squared_error squared_error",
    "loss_sampled": "binary_hierarchical_softmax black_out negative_sampling",
    "loss_sequence": "argmax_crf1d connectionist_temporal_classification crf1d",
    "math": "arccos arcsin arctan arctan2 arctanh ceil clip cos cosh exp expm1 fix floor log log1p "
    "log2 log10 rsqrt sign sin sinh sqrt square squared_difference tan",
    "matrix": "batch_det batch_inv cholesky det inv",
    "n_step": "n_step_bigru n_step_bilstm n_step_birnn n_step_gru n_step_lstm n_step_rnn",
    "noise": "dropout gaussian gumbel_softmax zoneout",
    "normalization": "batch_normalization fixed_batch_normalization group_normalization "
    "layer_normalization local_response_normalization normalize rms_normalization",
    "padding": "pad pad_sequence",
    "pooling": "average_pooling_1d average_pooling_2d average_pooling_3d average_pooling_nd "
    "max_pooling_1d max_pooling_2d max_pooling_3d max_pooling_nd spatial_pyramid_pooling_2d",
    "rearrange": "as_strided depth2space diagonal flip fliplr flipud repeat space2depth tile",
    "recompute": "forget",
    "reduction": "argmax argmin average batch_l2_norm_squared logsumexp max mean min sum",
    "renormalization": "batch_renormalization fixed_batch_renormalization",
    "resize": "resize_images",
    "rnn": "lstm slstm tree_lstm",
    "roi": "roi_average_align_2d roi_average_pooling_2d roi_max_align_2d roi_max_pooling_2d "
    "roi_pooling_2d",
    "sampling": "deformable_convolution_2d_sampler spatial_transformer_grid "
    "spatial_transformer_sampler",
    "shape": "expand_dims flatten moveaxis reshape rollaxis squeeze swapaxes transpose",
    "softmax": "log_softmax softmax",
    "sparse": "sparse_matmul",
    "special": "erf erfc erfcinv erfcx erfinv log_ndtr ndtr ndtri",
    "unpooling": "unpooling_1d unpooling_2d unpooling_3d unpooling_nd upsampling_2d",
    "windows": "im2col",
}

__getattr__, __dir__, __all__ = lazy(__name__, _FAMILIES)
