"""Heat maps: which parts of a picture have to do with words, for every encoder with a grid.

Transformers are read through their attention (Chefer et al. 2021), convolutional towers through
their feature maps (HiResCAM, Draelos and Carin 2020, in several sizes).
"""

from timanh.models.heat_maps.maps import HeatMap, HeatMaps
from timanh.models.heat_maps.overlays import on_picture, overlay
from timanh.models.heat_maps.words import words_of

__all__ = ["HeatMap", "HeatMaps", "on_picture", "overlay", "words_of"]
