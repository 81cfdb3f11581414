"""Whole networks."""

from renkei._lazy import lazy

_FAMILIES = {
    "convnet": "ConvNet",
    "feature_extractor": "FeatureExtractor",
    "googlenet": "GoogLeNet",
    "mlp": "MLP",
    "resnet": "ResNet50Layers ResNet101Layers ResNet152Layers ResNetLayers",
    "vgg": "VGG16Layers VGG19Layers VGGLayers",
}

__getattr__, __dir__, __all__ = lazy(__name__, _FAMILIES)
