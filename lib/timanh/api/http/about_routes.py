"""The endpoints that every app has: metrics and documentation."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from timanh.api.http.docs_page import docs_page
from timanh.api.http.metrics import Metrics


def about_router(metrics: Metrics) -> APIRouter:
    """What Prometheus and a person may read about the app."""
    router = APIRouter()

    @router.get("/metrics", response_class=Response)
    def prometheus() -> Response:
        """For Prometheus."""
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @router.get("/docs", include_in_schema=False)
    def docs(request: Request) -> HTMLResponse:
        return docs_page(request.app)

    return router
