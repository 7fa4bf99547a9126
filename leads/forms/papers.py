"""The papers of a visit: a signature drawn on the screen, a photo of the visit sheet."""

import base64
import binascii

from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_platform.http.once import OnceForm

_PNG = "data:image/png;base64,"
_LONGEST = 800_000


class SignForm(OnceForm):
    signature = forms.CharField(
        widget=forms.HiddenInput,
        max_length=_LONGEST,
        error_messages={
            "required": gettext_lazy("Nothing is signed yet: sign in the field, with a finger or a pen."),
            "max_length": gettext_lazy("This signature can't be read. Clear the field and sign again."),
        },
    )

    def clean_signature(self) -> SimpleUploadedFile:
        drawn: str = self.cleaned_data["signature"]
        try:
            if not drawn.startswith(_PNG):
                raise ValueError("no picture of ours")
            data = base64.b64decode(drawn.removeprefix(_PNG), validate=True)
        except (ValueError, binascii.Error) as error:
            unread = _("This signature can't be read. Clear the field and sign again.")
            raise forms.ValidationError(unread, code="invalid") from error
        return SimpleUploadedFile("signature.png", data, content_type="image/png")


class SheetForm(OnceForm):
    photo = forms.FileField(
        label=gettext_lazy("Photo of the visit sheet"),
        widget=forms.ClearableFileInput({"accept": "image/jpeg,image/png,image/webp", "capture": "environment"}),
        error_messages={"required": gettext_lazy("Take a photo of the sheet first.")},
    )
