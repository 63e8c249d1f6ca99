"""What can be fetched, from where, and under which licence."""

from collections.abc import Mapping
from dataclasses import dataclass

COCO, DRIVE = "http://images.cocodataset.org", "https://drive.usercontent.google.com"
KAGGLE, HUB = "https://www.kaggle.com", "https://huggingface.co"


@dataclass(frozen=True)
class Collection:
    """A published collection.

    Attributes:
        title: what people call it, with what is in it.
        licence: who may do what with it.
        size: of what is fetched, in words.
        addresses: its files by the names under which they are kept while they are unpacked.
        wanted: of an archive, how the names begin that are kept, and how they begin here.
        pictures: where the pictures are that captions name by their COCO address.
    """

    title: str
    licence: str
    size: str
    addresses: Mapping[str, str]
    wanted: Mapping[str, str]
    pictures: str = ""


FLICKR = "the pictures belong to their Flickr authors; for research and teaching, not for commerce"
CATALOGUE = {
    "uit-viic": Collection(
        "UIT-ViIC: 3,850 pictures of ball sports from COCO, 19,250 Vietnamese captions",
        f"captions published by UIT for research, without a licence file; {FLICKR}",
        "1 MB of captions, then about 0.6 GB of pictures, one by one",
        {
            "captions.zip": f"{DRIVE}/download?id=1YexKrE6o0UiJhFWpE8M5LKoe6-k3AiM4"
            "&export=download&confirm=t"
        },
        {"UIT-ViIC/": ""},
        COCO,
    ),
    "ktvic": Collection(
        "KTVIC: 4,327 pictures of daily life in Vietnam, 21,635 Vietnamese captions",
        "published with its paper (arXiv 2401.08100); the terms stand on "
        "kaggle.com/datasets/leo040802/ktvic-dataset",
        "an archive of pictures and captions; its size is shown as it comes",
        {"ktvic.zip": f"{KAGGLE}/api/v1/datasets/download/leo040802/ktvic-dataset"},
        {
            "ktvic_dataset/train-images/": "images/train-images/",
            "ktvic_dataset/public-test-images/": "images/public-test-images/",
            "ktvic_dataset/": "",
        },
    ),
    "flickr8k": Collection(
        "Flickr8k: 8,091 pictures, five English captions each", FLICKR, "about 1.1 GB", {}, {}
    ),
    "flickr30k": Collection(
        "Flickr30k: 31,783 pictures, five English captions each, Karpathy's splits",
        FLICKR,
        "4.4 GB",
        {
            "captions.csv": f"{HUB}/datasets/nlphuji/flickr30k/resolve/main/"
            "flickr_annotations_30k.csv",
            "images.zip": f"{HUB}/datasets/nlphuji/flickr30k/resolve/main/flickr30k-images.zip",
        },
        {"flickr30k-images/": "images/"},
    ),
    "coco": Collection(
        "COCO 2017: 123,287 pictures, five English captions each, train and val",
        f"annotations CC BY 4.0; {FLICKR}",
        "19.3 GB",
        {
            "annotations.zip": f"{COCO}/annotations/annotations_trainval2017.zip",
            "val2017.zip": f"{COCO}/zips/val2017.zip",
            "train2017.zip": f"{COCO}/zips/train2017.zip",
        },
        {
            "annotations/captions_": "annotations/captions_",
            "val2017/": "images/val2017/",
            "train2017/": "images/train2017/",
        },
    ),
}
