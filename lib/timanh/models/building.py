"""New encoders: joined pretrained towers, small random ones, or a model with a file's weights."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from timanh.errors import ModelFormatError
from timanh.models.loading import choose_device, download, load_encoder
from timanh.models.packages import needed_packages
from timanh.models.picture_tower import PictureTower
from timanh.models.preparation import ImagePreparation
from timanh.models.sidecar import Sidecar, guess_languages
from timanh.models.text.settings import guess_settings
from timanh.models.texts import repaired
from timanh.models.two_tower import TwoTower, TwoTowerEncoder, quiet
from timanh.models.weight_files import explain, read_weights

SMALL_SIDE = 112  # pixels; drawn pictures need no more


def join_towers(
    vision: str | Path,
    text: str | Path,
    *,
    dim: int = 512,
    name: str | None = None,
    image_size: int | None = None,
    device: str = "auto",
    seed: int = 0,
    **text_settings: Any,
) -> TwoTowerEncoder:
    """A pretrained vision tower and a pretrained text tower with new heads.

    Args:
        vision, text: folders or Hugging Face ids, such as a ResNet50 and PhoBERT.
        dim: length of the common vectors.
        image_size: side in pixels, for towers that take any; None keeps the tower's size.
        text_settings: what `TextSettings` names, such as pooling="cls" or segmentation="none";
            what is left away, or None, is guessed from the text tower.

    Raises:
        ModelNotFoundError, ModelFormatError: as `load_encoder`.
        SettingsError: a setting that a text tower cannot have.
    """
    from transformers import AutoTokenizer

    vision_folder, text_folder = _folder(vision), _folder(text)
    with needed_packages(vision_folder.name):
        vision_tower = _tower(vision_folder, "vision", image_size)
    with needed_packages(text_folder.name):
        tokenizer = AutoTokenizer.from_pretrained(text_folder)
        settings = guess_settings(text_folder, tokenizer, **text_settings)
        text_tower = _tower(text_folder, "text", pooler=settings.pooling == "pooler")
    preparation = ImagePreparation.from_folder(vision_folder)
    if image_size is not None:
        preparation = preparation.with_size(image_size)
    torch.manual_seed(seed)
    network = TwoTower(
        vision_tower, text_tower, dim=dim, text_settings=settings,
        image_size=(preparation.height, preparation.width),
    )  # fmt: skip
    sidecar = Sidecar(
        name or f"{vision_folder.name}+{text_folder.name}", guess_languages(str(text))
    )
    return TwoTowerEncoder(network, tokenizer, preparation, sidecar, device=choose_device(device))


def with_new_heads(
    encoder: TwoTowerEncoder, *, dim: int, seed: int = 0, **text_settings: Any
) -> TwoTowerEncoder:
    """The towers of an encoder, shared with it, with random heads into `dim` dimensions.

    Args:
        text_settings: what is to change of its `TextSettings`, such as
            segmentation="underthesea".
    """
    old = encoder.network
    torch.manual_seed(seed)
    network = TwoTower(
        old.vision_model, old.text_model, dim=dim, vision_width=old.vision_width,
        text_settings=replace(old.text_settings, **text_settings),
        interpolated=bool(old.vision_options), vision_pooling=old.vision_pooling,
    )  # fmt: skip
    return TwoTowerEncoder(
        network, encoder.texts.tokenizer, encoder.preparation,
        Sidecar(encoder.name, encoder.languages, encoder.reads_unmarked), device=encoder.device,
    )  # fmt: skip


def load_picture_tower(name: str | Path, *, device: str = "auto") -> PictureTower:
    """A vision tower alone: a vision model of transformers, or that of a CLIP-like one.

    Raises:
        ModelNotFoundError, ModelFormatError: as `load_encoder`.
    """
    folder = _folder(name)
    with needed_packages(folder.name):
        tower = _tower(folder, "vision")
    preparation = ImagePreparation.from_folder(folder)
    return PictureTower(tower, preparation, name=str(name), device=choose_device(device))


def small_encoder(
    texts: Iterable[str],
    *,
    name: str = "demo",
    languages: tuple[str, ...] = ("en", "vi"),
    widths: tuple[int, ...] = (64, 128, 256),
    depth: int = 2,
    text_width: int = 160,
    text_layers: int = 2,
    dim: int = 128,
    side: int = SMALL_SIDE,
    device: str = "auto",
    seed: int = 0,
) -> TwoTowerEncoder:
    """A small two-tower encoder with random weights: a ResNet beside a BERT.

    The vocabulary is made from `texts` (word pieces, lower case, diacritics kept), so that it
    knows the languages it will be trained on and can spell words it has never seen.
    """
    from transformers import BertConfig, BertModel, ResNetConfig, ResNetModel

    tokenizer = train_tokenizer(texts)
    torch.manual_seed(seed)
    vision = ResNetModel(
        ResNetConfig(
            embedding_size=max(8, widths[0] // 2),
            hidden_sizes=list(widths),
            depths=[depth] * len(widths),
            layer_type="basic",
            downsample_in_first_stage=True,
        )
    )
    text = BertModel(
        BertConfig(
            vocab_size=len(tokenizer),
            hidden_size=text_width,
            num_hidden_layers=text_layers,
            num_attention_heads=4,
            intermediate_size=2 * text_width,
            max_position_embeddings=64,
            hidden_dropout_prob=0.0,  # drawn pictures do not run out; masks would cost a sixth
            attention_probs_dropout_prob=0.0,
            pad_token_id=tokenizer.pad_token_id,
        ),
        add_pooling_layer=False,
    )
    network = TwoTower(vision, text, dim=dim)
    preparation = ImagePreparation(
        height=side,
        width=side,
        resize_to=side,
        resample=2,
        mean=(0.5, 0.5, 0.5),
        std=(0.25, 0.25, 0.25),
    )
    encoder = TwoTowerEncoder(
        network, tokenizer, preparation, Sidecar(name, languages), device=choose_device(device)
    )
    encoder.texts.made_here = True
    return encoder


def from_weights(base: str | Path, weights: Path, out: Path) -> Path:
    """A model folder of the model `base` with other weights of the same shapes.

    Args:
        base: the model that was fine-tuned, as `load_encoder` takes it; it gives tokenizer and
            preparation of pictures.
        weights: a state dict as torch or safetensors write it, with the names of transformers,
            or of OpenAI's CLIP and open_clip.
        out: the folder to write.

    Raises:
        ModelFormatError: the file holds no state dict, or one of another model.

    Example:
        >>> from_weights("openai/clip-vit-base-patch32", Path("best.pt"), Path("best"))
    """
    encoder = load_encoder(base, device="cpu", runtime="torch")
    wanted = encoder.network.state_dict()
    read = read_weights(Path(weights), device="cpu")
    for name in sorted(wanted.keys() | read.keys()):
        in_file, in_model = _shape(read.get(name)), _shape(wanted.get(name))
        if in_file != in_model and not name.endswith("position_ids"):
            raise ModelFormatError(
                f"{weights} does not fit {base}: {name} is {in_file} in the file and {in_model} in "
                "the model. Name the model that it was trained from."
            )
    encoder.network.load_state_dict({name: read[name] for name in wanted if name in read}, False)
    encoder.forget_fingerprint()
    encoder.name = Path(out).name
    encoder.save_pretrained(Path(out))
    return Path(out)


def train_tokenizer(texts: Iterable[str], *, vocabulary: int = 2000, max_length: int = 64) -> Any:
    """A word-piece tokenizer over `texts`; lower case, accents kept (Vietnamese needs them).

    The same texts give the same tokenizer in every process: a run that is taken up again reads
    its captions as before.
    """
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    def word_pieces(pieces: dict[str, int]) -> Tokenizer:
        made = Tokenizer(models.WordPiece(pieces, unk_token="[UNK]"))
        made.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
        made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        made.decoder = decoders.WordPiece()
        return made

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    learned = word_pieces({})
    cleaned = [repaired(text) for text in texts]
    # The trainer numbers letters within words in the order of a hash map, which differs from
    # process to process, and draws between equally frequent pairs by these numbers. Given as
    # special tokens they are numbered beforehand; the tokenizer made of them has them as pieces.
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocabulary,
        special_tokens=special + _inner_letters(learned, cleaned),
        show_progress=False,
    )
    learned.train_from_iterator(cleaned, trainer)
    tokenizer = word_pieces(learned.get_vocab())
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=max_length,
    )


def _inner_letters(tokenizer: Any, texts: Iterable[str]) -> list[str]:
    """Pieces for all letters that stand within words, "##a" and the like, in order."""
    letters: set[str] = set()
    for text in set(texts):
        normal = tokenizer.normalizer.normalize_str(text)
        for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(normal):
            letters.update(word[1:])
    return [f"##{letter}" for letter in sorted(letters)]


def _folder(name: str | Path) -> Path:
    folder = Path(name).expanduser()
    if folder.is_file():
        raise explain(folder)
    return folder if folder.is_dir() else download(str(name))


def _tower(
    folder: Path, side: str, image_size: int | None = None, *, pooler: bool = False
) -> nn.Module:
    """The vision or text tower in float32, alone or out of a CLIP-like checkpoint; `pooler` says
    that its own head is needed."""
    from transformers import AutoConfig, AutoModel

    try:
        config: Any = AutoConfig.from_pretrained(folder)
        _allow_size(config, image_size)
        with quiet():
            model, report = AutoModel.from_pretrained(
                folder, config=config, dtype=torch.float32, output_loading_info=True
            )
    except (OSError, ValueError, KeyError) as error:
        first = (str(error).splitlines() or [""])[0][:200]
        raise ModelFormatError(
            f"The {side} tower {folder.name} cannot be read ({first}). Name a folder or a hub id "
            "of a transformers model with its weights."
        ) from error
    if pooler and any("pooler" in name for name in report["missing_keys"]):
        raise ModelFormatError(
            f"The weights of {folder.name} hold no head over the first token, so its pooling "
            "cannot be “pooler”. Choose mean or cls."
        )
    tower: nn.Module = getattr(model, f"{side}_model", model)
    return tower


def _allow_size(config: Any, image_size: int | None) -> None:
    """Let a transformer of timm take pictures of another size than it learnt."""
    settings = getattr(config, "pretrained_cfg", None) or {}
    learnt = list(settings.get("input_size") or [])[1:]
    if image_size and settings.get("fixed_input_size") and learnt != [image_size] * 2:
        config.model_args = {**(config.model_args or {}), "dynamic_img_size": True}


def _shape(tensor: Tensor | None) -> str:
    return "absent" if tensor is None else "×".join(map(str, tensor.shape)) or "a number"
