"""See ``renkei.models.resnet``."""

from renkei.compat.chainer.links.model.vision import showing

__getattr__ = showing(
    "resnet",
    "BottleneckA BottleneckB BuildingBlock ResNet101Layers ResNet152Layers ResNet50Layers "
    "ResNetLayers prepare",
)
