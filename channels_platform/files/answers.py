"""Sending a kept file to somebody whom its owner let see it."""

from django.http import FileResponse

from channels_platform.files.models import Attachment


def file_answer(attachment: Attachment) -> FileResponse:
    """Return the file to show (images, PDF) or to save, where it can run nothing and load nothing.

    Who may see it is the caller's question, asked before.
    """
    shown = attachment.is_image or attachment.content_type == "application/pdf"
    response = FileResponse(
        attachment.file.open("rb"),
        as_attachment=not shown,
        filename=attachment.name,
        content_type=attachment.content_type,
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; sandbox"
    response["Cache-Control"] = "private, no-store"
    return response
