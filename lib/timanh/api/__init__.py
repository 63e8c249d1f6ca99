"""The HTTP API: FastAPI app, schemas, problem responses."""

from timanh.api.app import create_ai_app, create_app
from timanh.api.config import ApiConfig

__all__ = ["ApiConfig", "create_ai_app", "create_app"]
