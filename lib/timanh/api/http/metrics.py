"""What Prometheus may read: latency by stage, queue, cache, translator, errors."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """Counters of one app; a separate registry, so that two apps share none."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "timanh_requests", "Answered requests.", ("method", "route", "status"),
            registry=self.registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "timanh_request_seconds", "From the first byte in to the last byte out.", ("route",),
            buckets=BUCKETS, registry=self.registry,
        )  # fmt: skip
        self.stages = Histogram(
            "timanh_stage_seconds", "Of a search: translate, wait, encode, search.", ("stage",),
            buckets=BUCKETS, registry=self.registry,
        )  # fmt: skip
        self.batches = Histogram(
            "timanh_batch_size", "Searches encoded together.",
            buckets=(1, 2, 4, 8, 16, 32, 64), registry=self.registry,
        )  # fmt: skip
        self.translations = Counter(
            "timanh_translations", "Who translated, or why nobody did.", ("by",),
            registry=self.registry,
        )  # fmt: skip
        self.thumbnails = Counter(
            "timanh_thumbnails", "From memory, or made.", ("cache",), registry=self.registry
        )
        self.searching = Gauge(
            "timanh_searches_in_progress", "Worked on or waiting.", registry=self.registry
        )
        self.waiting = Gauge("timanh_searches_waiting", "For the encoder.", registry=self.registry)
        self.pictures = Gauge("timanh_pictures", "In the gallery.", registry=self.registry)

    def stage(self, took_ms: dict[str, float]) -> None:
        """Count the stages of one search."""
        for stage, ms in took_ms.items():
            if stage != "total":
                self.stages.labels(stage).observe(ms / 1000)

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self.registry)
