"""What a person does with files in a browser: as the operating system tells the browser of it."""

import base64
from pathlib import Path

from playwright.sync_api import Page

_COPY_PICTURE = """async (content) => {
    const bytes = Uint8Array.from(atob(content), (char) => char.charCodeAt(0));
    await navigator.clipboard.write([new ClipboardItem({"image/png": new Blob([bytes], {type: "image/png"})})]);
}"""


def copy_picture(page: Page, png: bytes) -> None:
    """Put a picture on the clipboard, for which the page needs the permission. The browser encodes it anew."""
    page.evaluate(_COPY_PICTURE, base64.b64encode(png).decode())


def drop_files(page: Page, test_id: str, *files: Path) -> None:
    """Drag files from elsewhere onto an element, and let them go there."""
    box = page.get_by_test_id(test_id).bounding_box()
    assert box is not None
    devtools = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(file) for file in files], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        devtools.send("Input.dispatchDragEvent", {"type": kind, "data": data, **place})
    devtools.detach()
