"""Crops of images."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["oversample"]


def oversample(images: Any, crop_dims: tuple[int, int]) -> np.ndarray:
    """Ten crops of each image: the four corners, the centre, and the same mirrored.

    Args:
        images: images (height, width, channel).
        crop_dims: height and width of the crops.

    Returns:
        An array (10 · images, crop height, crop width, channel) of float32.
    """
    height, width = images[0].shape[:2]
    ch, cw = (int(size) for size in crop_dims)
    top, left = (height - ch) // 2, (width - cw) // 2
    corners = [(i, j) for i in (0, height - ch) for j in (0, width - cw)] + [(top, left)]
    rows = []
    for image in images:
        crops = [image[i : i + ch, j : j + cw] for i, j in corners]
        rows += crops + [crop[:, ::-1] for crop in crops]
    return np.asarray(rows, np.float32).reshape(len(rows), ch, cw, images[0].shape[-1])
