"""The handler that one writes first: one photo, one prediction, in a thread of its own.

It has no batches, no limits, no queue and no checks. `run.py` starts it.
"""

import sys
from typing import Any

import uvicorn
from fastapi import FastAPI, UploadFile
from PIL import Image

from resistor_cls import load

app = FastAPI()
predictor = load(sys.argv[2])


@app.post("/predict")
def predict(photos: UploadFile) -> dict[str, Any]:
    """Reads the resistor in one photo."""
    return {"predictions": [predictor.predict(Image.open(photos.file)).as_json()]}


@app.get("/health")
def health() -> dict[str, str]:
    """Says that the handler runs."""
    return {"status": "ok"}


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_level="warning")
