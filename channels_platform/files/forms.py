"""Form fields for files."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from channels_platform.files.services import LARGEST, MOST_FILES

# What the service says by code, in words beside the field.
WORDS = {
    "file_empty": _("This file is empty."),
    "file_too_large": _("This file is too large; the most is 10 MB."),
    "file_type": _("This type of file is not taken. Send a photo (JPEG, PNG) or a PDF."),
    "file_broken": _("This file cannot be read. Take the photo again, or send a PDF."),
    "image_too_large": _("This picture is too large. Send it in a smaller size."),
    "too_many_files": _("At most 5 files."),
}


class ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files, at most `MOST_FILES`; cleans to a list. What they contain is the service's question."""

    widget = ManyFilesInput(attrs={"multiple": True, "accept": "image/jpeg,image/png,image/webp,application/pdf"})

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        given = [one for one in (data if isinstance(data, (list, tuple)) else [data]) if one]
        if not given:
            super().clean(None, initial)
            return []
        if len(given) > MOST_FILES:
            raise forms.ValidationError(WORDS["too_many_files"], code="too_many_files")
        files = [super(FilesField, self).clean(one, initial) for one in given]
        if any(one.size > LARGEST for one in files):
            raise forms.ValidationError(WORDS["file_too_large"], code="file_too_large")
        return files
