"""Folders of images, looked at without importing torch: the configuration counts classes with it."""

from pathlib import Path

ENDINGS = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".ppm", ".pgm"}


def is_image(path: Path) -> bool:
    """Whether the file's name is one of an image."""
    return path.suffix.lower() in ENDINGS


def class_folders(folder: Path) -> list[str]:
    """The names of the folders below `folder` (or its subfolder train) that hold images, sorted.

    None where images lie beside them: those have no class.
    """
    folder = folder / "train" if (folder / "train").is_dir() else folder
    if not folder.is_dir() or any(is_image(path) for path in folder.iterdir()):
        return []
    return sorted(f.name for f in folder.iterdir() if f.is_dir() and any(is_image(path) for path in f.rglob("*")))
