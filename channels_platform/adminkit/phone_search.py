"""Finding people by their phone without the phone ever standing in an address.

The search box posts. A full number is looked up by the blind index and goes on as the id of its row; anything
else goes on as the ordinary search.
"""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, QueryDict
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_platform.adminkit.filters import ExactFilter
from channels_platform.lib.phones import InvalidPhone, parse_phone
from channels_platform.privacy.models import Phone
from channels_platform.privacy.services import find_phones

NOBODY = 0


class PhoneFilter(ExactFilter):
    """The rows of one phone, by the id of its row."""

    title = gettext_lazy("phone")
    parameter_name = "phone"

    def __init__(self, request: HttpRequest, params: Any, model: Any, model_admin: Any) -> None:
        self.path = model_admin.phone_path
        super().__init__(request, params, model, model_admin)

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() is None:
            return queryset
        if not str(self.value()).isdecimal():
            return queryset.none()
        # Asked for first and alone: among all that a list joins, the planner would read the table through.
        rows = queryset.model._default_manager.filter(**{self.path: int(str(self.value()))})
        return queryset.filter(pk__in=list(rows.order_by().values_list("pk", flat=True)))

    def says(self) -> str:
        text = str(self.value())
        phone = Phone.objects.filter(pk=int(text)).first() if text.isdecimal() else None
        return phone.masked if phone else _("known to nobody")


class PhoneSearch:
    """A list whose search box also takes a full phone. `phone_path` is the lookup to the phone."""

    phone_path = "phones__phone"

    @property
    def find_url(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_find")  # type: ignore[attr-defined]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.find_view)  # type: ignore[attr-defined]
        name = f"{self.opts.app_label}_{self.opts.model_name}_find"  # type: ignore[attr-defined]
        return [path("find/", view, name=name), *super().get_urls()]  # type: ignore[misc]

    def find_view(self, request: HttpRequest) -> HttpResponse:
        """Lead from what was typed to the list of what fits; other filters stay."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):  # type: ignore[attr-defined]
            raise Http404
        query = QueryDict(mutable=True)
        for name, values in request.POST.lists():
            if name not in ("csrfmiddlewaretoken", "q", "phone", "p"):
                query.setlist(name, values)
        typed = request.POST.get("q", "").strip()
        phone_id = _phone_id(typed)
        if phone_id is not None:
            query["phone"] = str(phone_id)
        elif typed:
            query["q"] = typed
        base = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")  # type: ignore[attr-defined]
        return HttpResponseRedirect(f"{base}?{query.urlencode()}" if query else base)


def _phone_id(typed: str) -> int | None:
    """Return the id of the phone typed, NOBODY for one that is not known, None for what is no phone."""
    try:
        number = parse_phone(typed)
    except InvalidPhone:
        return None
    found = find_phones([number]).get(number)
    return found.pk if found else NOBODY
