"""What goes over the wire; snake_case JSON."""

from timanh.api.schemas.ai import (
    AiCaptions,
    AiEmbedding,
    AiHealth,
    AiPart,
    AiState,
    CaptionAnswer,
    ImageFeatures,
    LookedAt,
    ManyImageFeatures,
    PictureProblem,
    Prediction,
    Predictions,
    TextEmbedding,
    TextToEmbed,
    ToPaint,
    TranslatedText,
    WordLookedAt,
)
from timanh.api.schemas.common import Notice, Problem
from timanh.api.schemas.gallery import (
    Added,
    Deleted,
    Folder,
    Folders,
    GalleryPage,
    NotTaken,
    PersonCaptions,
    Restored,
)
from timanh.api.schemas.pictures import MachineCaption, Picture, Result, StreamedResult
from timanh.api.schemas.search import (
    ExplainRequest,
    Explanation,
    Finished,
    ReportAnswer,
    ReportHit,
    SearchAnswer,
    SimilarAnswer,
    Understood,
    WordsRead,
)
from timanh.api.schemas.sorting import (
    PicturesToSort,
    SortedPicture,
    SortedPictures,
    Tag,
    TagList,
    TagsToKeep,
)
from timanh.api.schemas.status import Example, Examples, Health, Vectors

__all__ = [
    "Added", "AiCaptions", "AiEmbedding", "AiHealth", "AiPart", "AiState", "CaptionAnswer",
    "Deleted", "Example", "Examples", "ExplainRequest", "Explanation", "Finished", "Folder",
    "Folders", "GalleryPage", "Health", "ImageFeatures", "LookedAt", "MachineCaption",
    "ManyImageFeatures", "NotTaken", "Notice", "PersonCaptions", "Picture", "PictureProblem",
    "PicturesToSort", "Prediction", "Predictions", "Problem", "ReportAnswer", "ReportHit",
    "Restored", "Result", "SearchAnswer", "SimilarAnswer", "SortedPicture", "SortedPictures",
    "StreamedResult", "Tag", "TagList", "TagsToKeep", "TextEmbedding", "TextToEmbed", "ToPaint",
    "TranslatedText", "Understood", "Vectors", "WordLookedAt", "WordsRead",
]  # fmt: skip
