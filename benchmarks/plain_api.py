"""The report's API written out plainly, as the peer of `api.py`.

One request at a time, one cosine after the other over a dict, five originals in base64.

    python benchmarks/plain_api.py INDEX PORT
"""

import base64
import sys
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import uvicorn
from fastapi import FastAPI, Form

from timanh.vectors import VectorDictionary


def make_app(index: Path) -> FastAPI:
    """`POST /search` over the dictionary as a dict path → vector."""
    dictionary = VectorDictionary.open(index)
    encoder = dictionary.load_encoder(device="cpu")
    vectors = {
        str(dictionary.gallery / item.path): np.array(vector)
        for item, vector in zip(dictionary.items, dictionary.vectors, strict=True)
    }
    app = FastAPI()

    @app.post("/search")
    async def search(query: Annotated[str, Form()]) -> dict[str, Any]:
        text = encoder.encode_texts([query])[0]
        scores = [
            (path, np.dot(text, vector) / (np.linalg.norm(text) * np.linalg.norm(vector)))
            for path, vector in vectors.items()
        ]
        best = sorted(scores, key=lambda entry: entry[1], reverse=True)[:5]
        return {
            "top5": [
                {
                    "image": base64.b64encode(Path(path).read_bytes()).decode(),
                    "score": float(score),
                }
                for path, score in best
            ]
        }

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    return app


if __name__ == "__main__":
    uvicorn.run(make_app(Path(sys.argv[1])), port=int(sys.argv[2]), log_level="error")
