"""See ``renkei.models.vgg``."""

from renkei.compat.chainer.links.model.vision import showing

__getattr__ = showing(
    "vgg",
    "VGG16Layers VGG19Layers VGGLayers prepare",
)
