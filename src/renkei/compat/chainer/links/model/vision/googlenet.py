"""See ``renkei.models.googlenet``."""

from renkei.compat.chainer.links.model.vision import showing

__getattr__ = showing(
    "googlenet",
    "GoogLeNet prepare",
)
