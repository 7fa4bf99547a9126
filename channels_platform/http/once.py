"""A page's form is done once: a second tap, a reload or a lost connection gets the first outcome again."""

import hashlib
import re
from collections.abc import Callable
from typing import Any, cast
from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.db import connection
from django.http import HttpRequest, HttpResponseRedirect, QueryDict
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from channels_platform.db import one_transaction
from channels_platform.http.models import StoredAnswer
from channels_platform.lib import clock

_KEY = re.compile(r"[0-9a-f]{32}")
_ASIDE = frozenset({"csrfmiddlewaretoken", "once"})


class OnceForm(forms.Form):
    """A form that carries a key of its own, made when it is shown and kept with its draft."""

    once = forms.RegexField(regex=_KEY, required=False, widget=forms.HiddenInput({"data-draft-keep": ""}))

    def get_initial_for_field(self, field: forms.Field, field_name: str) -> Any:
        return uuid4().hex if field_name == "once" else super().get_initial_for_field(field, field_name)


def sent(request: HttpRequest) -> QueryDict | None:
    """Return what a form is bound to: the fields sent, also where there are none; None where the form is only shown."""
    return request.POST if request.method == "POST" else None


def submit_once(request: HttpRequest, form: OnceForm, work: Callable[[], str]) -> HttpResponseRedirect:
    """Do `work` and go to the address it returns, or go where the first sending of this form went; as `do_once`."""
    address, same = do_once(request, form, work)
    if not same:
        messages.warning(request, _("This form had arrived before; what you changed since was not sent."))
    return HttpResponseRedirect(address)


def do_once(request: HttpRequest, form: OnceForm, work: Callable[[], str]) -> tuple[str, bool]:
    """Do `work` and return its address, or the one of the first sending, and whether that said the same.

    The address is kept in the transaction of the work itself. A second sender waits for the first.
    A refusal raised by `work` rolls back, and the form may be sent again.
    Locks:  an advisory lock on the person and the form's key.
    Writes: StoredAnswer.
    """
    key = form.cleaned_data.get("once") or uuid4().hex
    # The line feed keeps a form's key apart from any that a client of the API can send.
    name, digest, person = f"page\n{key}", _digest(request), cast(UUID, request.user.pk)

    def first_or_again() -> tuple[str, bool]:
        _wait_for(f"{person}\n{name}")
        kept = StoredAnswer.objects.filter(caller_id=person, key=name).first()
        if kept is not None:
            return str(kept.body), bytes(kept.request_digest) == digest
        address = work()
        StoredAnswer.objects.create(
            caller_id=person,
            key=name,
            request_digest=digest,
            status=303,
            content_type="text/uri-list",
            body=address,
            created_at=clock.now(),
        )
        return address, True

    return one_transaction(first_or_again)


def _digest(request: HttpRequest) -> bytes:
    fields = sorted((name, values) for name, values in request.POST.lists() if name not in _ASIDE)
    files = sorted((name, [_file_digest(file) for file in files]) for name, files in request.FILES.lists())
    return salted_hmac("http.once", f"{request.path}\n{fields!r}\n{files!r}", algorithm="sha256").digest()


def _file_digest(file: Any) -> str:
    file.seek(0)
    found = hashlib.file_digest(file, "blake2b").hexdigest()
    file.seek(0)
    return found


def _wait_for(name: str) -> None:
    key = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])
