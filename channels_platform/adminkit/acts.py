"""Acts: what can be done to one object, each a question page over one service."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from unfold.enums import ActionVariant

from channels_platform.accounts.permissions import Can, may
from channels_platform.adminkit.forms import ActForm
from channels_platform.adminkit.refusals import add_refusal
from channels_platform.lib.errors import Refused

Text = str | Promise


@dataclass(frozen=True)
class Shown:
    """What an act shows once, on its own answer: it must not pass through a cookie or an address."""

    title: Text
    text: str
    note: Text = ""


@dataclass(frozen=True)
class Done:
    """An act's answer that is not plain success: recorded, but with a refusal to tell."""

    text: str
    level: str = "success"


@dataclass(frozen=True, kw_only=True)
class Act:
    """One act: who may, when, what is asked, what will happen, and the service that does it.

    `binding`: it can't simply be taken back; `ends`: it stops something, and its button says so by colour.
    `run(request, obj, data)` returns the sentence to show on the object's page, `Done`, `Shown`, or a file.
    """

    name: str
    label: Text
    run: Callable[[HttpRequest, Any, dict[str, Any]], Text | Done | Shown | HttpResponseBase]
    can: Can
    form: Callable[..., Any] = ActForm
    when: Callable[[Any], bool] = field(default=lambda obj: True)
    happens: Text | Callable[[Any], Text] = ""
    undo: Text = ""
    icon: str = ""
    binding: bool = False
    ends: bool = False
    template: str = "admin/act.html"

    def says(self, obj: Any) -> Text:
        return self.happens(obj) if callable(self.happens) else self.happens


class ActsMixin:
    """Pages and buttons of a model's acts."""

    acts: tuple[Act, ...] = ()

    @classmethod
    def offer(cls, act: Act) -> None:
        """Add an act to this page: for an app above, whose service it calls."""
        cls.acts = (*cls.acts, act)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.act_view)  # type: ignore[attr-defined]
        name = f"{self.opts.app_label}_{self.opts.model_name}_act"  # type: ignore[attr-defined]
        return [path("<path:object_id>/do/<slug:act>/", view, name=name), *super().get_urls()]  # type: ignore[misc]

    def act_url(self, obj: Any, act: str) -> str:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_act"  # type: ignore[attr-defined]
        return reverse(name, args=[quote(obj.pk), act])

    def object_url(self, obj: Any) -> str:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"  # type: ignore[attr-defined]
        return reverse(name, args=[quote(obj.pk)])

    def open_acts(self, request: HttpRequest, obj: Any) -> list[Act]:
        """Return what this person can do to the object as it stands."""
        return [act for act in self.acts if may(request.user, act.can) and act.when(obj)]

    def act_links(self, request: HttpRequest, obj: Any) -> list[dict[str, Any]]:
        """Return the acts as the theme's header wants them: two buttons, the rest in a menu."""
        links = [
            {
                "title": act.label,
                "icon": act.icon or None,
                "variant": ActionVariant.DANGER if act.ends else ActionVariant.DEFAULT,
                "attrs": {},
                "path": self.act_url(obj, act.name),
            }
            for act in self.open_acts(request, obj)
        ]
        if len(links) <= 3:
            return links
        menu = {"title": _("More"), "icon": None, "variant": ActionVariant.DEFAULT, "attrs": {}, "items": links[2:]}
        return [*links[:2], menu]

    def act_view(self, request: HttpRequest, object_id: str, act: str) -> HttpResponseBase:
        """Ask, then do: a refusal comes back beside the field at fault."""
        chosen = next((one for one in self.acts if one.name == act), None)
        obj = self.get_object(request, unquote(object_id))  # type: ignore[attr-defined]
        if chosen is None or obj is None:
            raise Http404
        if not self.has_view_permission(request, obj) or not may(request.user, chosen.can):  # type: ignore[attr-defined]
            raise PermissionDenied
        if not chosen.when(obj):
            messages.warning(request, _("That is no longer possible: it has moved on meanwhile."))
            return HttpResponseRedirect(self.object_url(obj))
        given = (request.POST, request.FILES) if request.method == "POST" else ()
        form = chosen.form(*given, target=obj, request=request, site=self.admin_site)  # type: ignore[attr-defined]
        if request.method == "POST" and form.is_valid():
            try:
                done = chosen.run(request, obj, form.cleaned_data)
            except (Refused, ValidationError) as refusal:
                add_refusal(form, refusal)
            else:
                if isinstance(done, HttpResponseBase):
                    return done
                if isinstance(done, Shown):
                    return self._act_page(request, obj, chosen, form, shown=done)
                if not isinstance(done, Done):
                    done = Done(str(done))
                messages.add_message(request, getattr(messages, done.level.upper()), done.text)
                return HttpResponseRedirect(self.object_url(obj))
        return self._act_page(request, obj, chosen, form)

    def _act_page(
        self, request: HttpRequest, obj: Any, act: Act, form: Any, shown: Shown | None = None
    ) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": act.label,
            "subtitle": str(obj),
            "opts": self.opts,  # type: ignore[attr-defined]
            "original": obj,
            "act": act,
            "happens": act.says(obj),
            "form": form,
            "shown": shown,
            "back": self.object_url(obj),
            "media": self.media + form.media,  # type: ignore[attr-defined]
        }
        response = TemplateResponse(request, act.template, context)
        response["Cache-Control"] = "no-store"
        if form.errors:
            response.status_code = 422
        return response
