"""Files whose transaction never committed."""

from datetime import timedelta

from django.core.files.storage import default_storage

from channels_platform.files.models import Attachment
from channels_platform.lib import clock

ROOT = "files"
_GRACE = timedelta(days=1)


def forget_strays() -> dict[str, int]:
    """Delete files older than a day that no row names: their transaction was rolled back.

    Shape:  {"forgotten"}.
    """
    before = clock.now() - _GRACE
    forgotten = 0
    for folder in _folders():
        paths = [f"{folder}/{name}" for name in default_storage.listdir(folder)[1]]
        known = set(Attachment.objects.filter(file__in=paths).values_list("file", flat=True))
        for path in paths:
            if path not in known and default_storage.get_modified_time(path) < before:
                default_storage.delete(path)
                forgotten += 1
    return {"forgotten": forgotten}


def _folders() -> list[str]:
    if not default_storage.exists(ROOT):
        return []
    return [
        f"{ROOT}/{year}/{month}"
        for year in default_storage.listdir(ROOT)[0]
        for month in default_storage.listdir(f"{ROOT}/{year}")[0]
    ]
