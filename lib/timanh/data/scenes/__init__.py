"""Drawn pictures with known truth: the demo gallery, and a test bed.

Pictures are drawn from a seed with Pillow; each has five English and five Vietnamese captions.
"""

from timanh.data.scenes.changing import Change, changes
from timanh.data.scenes.english import english_captions
from timanh.data.scenes.gallery import draw_gallery, load_truth, matches
from timanh.data.scenes.rendering import render
from timanh.data.scenes.sampling import scene_of
from timanh.data.scenes.scene import Scene, Spot, Thing, to_json
from timanh.data.scenes.vietnamese import vietnamese_captions

# Queries that find at least five right pictures in the demo gallery; pairs by position.
EXAMPLES = {
    "en": (
        "a red car",
        "two dogs in a meadow",
        "a boat on the sea at sunset",
        "a black cat at night",
        "a white horse in the snow",
        "a child flying a kite",
        "a yellow fish under water",
        "a woman with an umbrella in the rain",
    ),
    "vi": (
        "chiếc ô tô màu đỏ",
        "hai con chó trên đồng cỏ",
        "chiếc thuyền trên biển lúc hoàng hôn",
        "con mèo đen vào ban đêm",
        "con ngựa trắng trong tuyết",
        "đứa trẻ đang thả diều",
        "con cá vàng dưới nước",
        "người phụ nữ che ô dưới mưa",
    ),
}

__all__ = [
    "EXAMPLES",
    "Change",
    "Scene",
    "Spot",
    "Thing",
    "changes",
    "draw_gallery",
    "english_captions",
    "load_truth",
    "matches",
    "render",
    "scene_of",
    "to_json",
    "vietnamese_captions",
]
