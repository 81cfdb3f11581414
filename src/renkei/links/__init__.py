"""L: links, the layers that hold parameters, by family.

Each family is a module of the same name; this table says which names it defines.
"""

from renkei._lazy import lazy

_FAMILIES = {
    "activation": "Maxout PReLU Swish",
    "attention": "MultiHeadAttention TransformerEncoderLayer",
    "bilinear": "Bilinear",
    "broadcast": "Bias Parameter Scale",
    "chain": "Chain ChainList Sequential",
    "classifier": "Classifier",
    "conv": (
        "Convolution1D Convolution2D Convolution3D ConvolutionND "
        "Deconvolution1D Deconvolution2D Deconvolution3D DeconvolutionND"
    ),
    "conv_variants": "DeformableConvolution2D DepthwiseConvolution2D DilatedConvolution2D "
    "LocalConvolution2D MLPConvolution2D",
    "dropconnect": "SimplifiedDropconnect",
    "embedding": "EmbedID",
    "highway": "Highway",
    "inception": "Inception InceptionBN",
    "linear": "Linear",
    "link": "Link State",
    "loss_sampled": "BinaryHierarchicalSoftmax BlackOut NegativeSampling",
    "loss_sequence": "CRF1d",
    "n_step": "NStepBiGRU NStepBiLSTM NStepBiRNNReLU NStepBiRNNTanh NStepGRU NStepLSTM "
    "NStepRNNReLU NStepRNNTanh",
    "normalization": "BatchNormalization GroupNormalization LayerNormalization RMSNorm",
    "renormalization": "BatchRenormalization DecorrelatedBatchNormalization",
    "rnn": "GRU LSTM StatefulGRU StatefulPeepholeLSTM StatelessGRU StatelessLSTM",
    "rnn_variants": "ChildSumTreeLSTM NaryTreeLSTM StatefulMGU StatefulZoneoutLSTM StatelessMGU",
    "theano": "TheanoFunction",
}

__getattr__, __dir__, __all__ = lazy(__name__, _FAMILIES)
