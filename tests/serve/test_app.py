import subprocess
import sys

import pytest
from starlette.testclient import TestClient

from roadscan.serve.app import create_app
from roadscan.serve.town import Town

HEAVY = ("av", "openvino", "torch", "ultralytics", "cv2", "roadscan.read.video")
LIGHT = {"roadscan.detect", "roadscan.detect.model_folder", "roadscan.detect.thresholds"}
"""Of detection: what reads the description of a model and its checksums."""


def test_the_web_process_imports_no_model_decoder_or_torch():
    script = (
        "import sys; import roadscan.serve.app;"
        "from roadscan.detect.model_folder import model_folders;"
        "from roadscan.serve.admin_status import model_response;"
        "assert [model_response(folder) for folder in model_folders()];"
        f"heavy = [m for m in {HEAVY} if m in sys.modules];"
        f"print(heavy, [m for m in sys.modules if 'roadscan.detect' in m and m not in {LIGHT}])"
    )
    out = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert out.strip() == "[] []"


def test_every_answer_carries_the_security_headers(client):
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("origin", ["https://maps.town.example", "https://elsewhere.example"])
def test_only_pages_of_origins_that_are_named_may_read(store, settings, origin):
    named = settings.model_copy(update={"allow_origins": ("https://maps.town.example",)})
    with TestClient(create_app(Town(named, store))) as client:
        answer = client.get("/ogc", headers={"Origin": origin})
    told = answer.headers.get("access-control-allow-origin")
    assert told == (origin if origin in named.allow_origins else None)
    assert "access-control-allow-credentials" not in answer.headers
