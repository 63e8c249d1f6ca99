"""From a dictionary to a running API with its tunnel; one of them per notebook."""

import gc
import logging
import signal
import threading
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import cache, partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from timanh.api import ApiConfig, create_ai_app, create_app
from timanh.api.ai.models import AiModels, Captioner
from timanh.api.ai.painting import Painter
from timanh.api.gallery.additions import ADDED
from timanh.data import find_gallery, keep_added
from timanh.errors import SettingsError
from timanh.models import Encoder
from timanh.search import SearchEngine
from timanh.search.local_translation import MODEL, TO_VIETNAMESE, find_local_translator
from timanh.search.translation import Translator, google_to_vietnamese, google_translate
from timanh.search.translation_cache import TranslationCache
from timanh.serving.config import ServeConfig
from timanh.serving.keeper import TunnelKeeper
from timanh.serving.listening import listen
from timanh.serving.running import Running
from timanh.serving.server import ApiServer
from timanh.serving.tunnels import tunnel_opener
from timanh.vectors import open_engine

log = logging.getLogger("timanh.serving")

# For each address, where others can reach the API; a page loads a dozen thumbnails a search.
SEARCHES_PER_MINUTE = 240
READS_PER_MINUTE = 6000

_current: Running | None = None


def start(config: ServeConfig) -> Running:
    """Load, serve, open the tunnel.

    Raises:
        DictionaryNotFoundError, EncoderMismatchError, ModelError: what is to be served.
        SettingsError, PortTakenError, TunnelError: how.
    """
    chosen = config.completed()
    listen(chosen.host, chosen.port).close()  # raises before a model is loaded
    app, pictures, model = _make_app(chosen)
    server = ApiServer(app, chosen.host, chosen.port).start()
    try:
        keeper = TunnelKeeper(tunnel_opener(chosen.tunnel, server.port))
    except BaseException:
        server.stop()
        raise
    return Running(server, keeper, replace(chosen, port=server.port), pictures, model)


def _make_app(config: ServeConfig) -> tuple[FastAPI, int, str]:
    """The app, how many pictures it searches, and its encoder's name."""
    general = ApiConfig(
        api_key=config.api_key,
        searches_per_minute=SEARCHES_PER_MINUTE if config.reachable else 0,
        reads_per_minute=READS_PER_MINUTE if config.reachable else 0,
        preload=config.preload,
    )
    load_captioner = captioner_loader(config.captioner, config.device) if config.captioner else None
    if config.index is None:
        name = config.model or "demo"
        models = AiModels(
            partial(_load_encoder, name, config.device), load_captioner,
            translator=lambda encoder: None if "vi" in encoder.languages
            else make_translator(config),
            translator_to=translators_to(config),
        )  # fmt: skip
        return create_ai_app(models, name, general), 0, name
    engine = load_engine(config)
    gallery = engine.dictionary.gallery
    complete = replace(
        general,
        examples=_examples(gallery),
        read_only=config.read_only,
        changed=partial(_keep_added, gallery, set(), set()),
        paints_drawings=config.vqgan == "demo",
    )
    captioner = load_captioner() if load_captioner else None
    painter = painter_loader(config, engine)
    app = create_app(engine, complete, captioner, translators_to(config), painter)
    return app, len(engine.dictionary), engine.encoder.name


def painter_loader(config: ServeConfig, engine: SearchEngine) -> Callable[[], Painter] | None:
    """What loads a painter, once it is called; None where no pictures are to be made.

    Raises:
        SettingsError: they are to be made, and what that takes is not installed.
    """
    wanted = not config.reachable if config.generate is None else config.generate
    if not wanted:
        return None
    generation = import_module("timanh.generation.offered")
    if not generation.can_paint():
        if config.generate is None:
            return None
        raise SettingsError(
            "Pictures cannot be made from words here: the package diffusers is missing.",
            cli="Install it with: pip install diffusers; or leave --generate away.",
            notebook="Install it with: pip install diffusers; or leave generate away.",
        )
    return lambda: import_module("timanh.generation").load_painter(
        engine.encoder, config.vqgan, device=config.device, words=engine.encode_texts
    )


def captioner_loader(name: str, device: str) -> Callable[[], Captioner]:
    """What loads a captioner by name or folder, once it is called.

    Raises:
        SettingsError: this version has none.
    """
    if find_spec("timanh.captioning") is None:
        raise SettingsError(
            f"This version of Tìm Ảnh has no captioners, so {name!r} cannot be loaded.",
            cli="Leave --captioner away.",
            notebook="Leave captioner away.",
        )
    return lambda: import_module("timanh.captioning").load_captioner(name, device=device)


def _load_encoder(name: str, device: str) -> Encoder:
    from timanh.models import load_encoder

    return load_encoder(name, device=device)


def serve_in_notebook(index: Path | str | None, **settings: Any) -> Running:
    """`start` for a notebook's cell: running the cell again first stops what it started. Without
    `index`, the AI service alone."""
    global _current
    if _current is not None:
        _current.stop()
        _current = None
    _current = start(ServeConfig(None if index is None else Path(index), **settings))
    return _current


def serve(index: Path | str | None, **settings: Any) -> None:
    """Serve until Ctrl-C or SIGTERM; logs where it can be reached. Without `index`, the AI
    service alone."""
    ended = threading.Event()
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: ended.set())
    running = start(ServeConfig(None if index is None else Path(index), **settings))
    # What has been loaded stays. Looking through it again for garbage stops every thread for
    # 0.3 s, every few hundred searches. (Not in a notebook, where it may have to go again.)
    gc.collect()
    gc.freeze()
    try:
        log.info("%s", running.describe())
        # Waiting in slices, because on Windows an endless wait hears no signal.
        while not ended.wait(0.5) and running.server.running:
            pass
    finally:
        running.stop()


def load_engine(config: ServeConfig) -> SearchEngine:
    """The search engine over `config.index`, wherever that is searched."""
    if config.index is None:
        raise SettingsError("There is no dictionary to search.", cli="Name one with --index.")
    dictionary = open_engine(config.index, config.engine)
    dictionary.gallery = config.gallery or find_gallery(dictionary.gallery, Path(config.index))
    encoder = dictionary.load_encoder(config.model, device=config.device)
    if "vi" in encoder.languages:
        return SearchEngine(encoder, dictionary)
    return SearchEngine(encoder, dictionary, make_translator(config))


def translators_to(config: ServeConfig) -> Callable[[str], Translator | None]:
    """What translates into a language, made when first needed; None for one it does not know."""

    @cache
    def translator_to(language: str) -> Translator | None:
        if language == "en":
            return make_translator(config)
        if language != "vi":
            return None
        services: dict[str, Callable[[str], object]] = {}
        local = find_local_translator(TO_VIETNAMESE)
        if local is not None:
            services["local"] = local
        services["google"] = google_to_vietnamese
        kept = TranslationCache(config.cache_folder / "translations.vi.jsonl")
        return Translator(services, cache=kept)

    return translator_to


def make_translator(config: ServeConfig) -> Translator:
    """What was translated before, then a model on this machine, then Google."""
    services: dict[str, Callable[[str], object]] = {}
    local = find_local_translator(config.translation_model or MODEL)
    if local is not None:
        services["local"] = local
    services["google"] = google_translate
    return Translator(services, cache=TranslationCache(config.cache_folder / "translations.jsonl"))


def _keep_added(
    gallery: Path,
    new: set[str],
    gone: set[str],
    added: Collection[str],
    deleted: Collection[str],
) -> None:
    """Pictures added in Colab go to Drive too, from where the machine's disk is filled again.

    `new`, `gone`: what was added or deleted while Drive could not be written, tried again with the
    next change.
    """
    new.update(added)
    gone.update(deleted)
    try:
        keep_added(gallery, ADDED, gone, new)
        new.clear()
        gone.clear()
    except OSError as error:
        log.warning(
            "Added pictures could not be copied to Google Drive (%s); they are lost when the "
            "session ends.\nChưa chép được ảnh vừa thêm lên Google Drive; ảnh sẽ mất khi phiên "
            "kết thúc.",
            error,
        )


def _examples(gallery: Path) -> tuple[tuple[str, str], ...]:
    """A drawn gallery comes with queries that find something in it."""
    if not any((place / "truth.json").is_file() for place in (gallery, gallery.parent)):
        return ()
    from timanh.data.scenes import EXAMPLES

    return tuple(zip(EXAMPLES["vi"], EXAMPLES["en"], strict=False))
