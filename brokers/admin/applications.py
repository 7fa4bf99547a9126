"""Applications in the admin: a queue; each is taken in, asked for more, or declined."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from brokers.models import AgencyApplication, ApplicationFile
from brokers.services.joining import approve_application, ask_for_more, decline_application
from brokers.states import WAITING, ApplicationState
from channels_platform.accounts.permissions import Can
from channels_platform.accounts.services.invitations import invitation_url, issue_invitation
from channels_platform.adminkit import cells
from channels_platform.adminkit.acts import Act, Shown
from channels_platform.adminkit.base import ReadOnlyAdmin
from channels_platform.adminkit.filters import DaysFilter
from channels_platform.adminkit.forms import ActForm, ReasonForm
from channels_platform.files.answers import file_answer

_LOOK = {
    ApplicationState.SUBMITTED: ("wait", "hourglass-split"),
    ApplicationState.MORE_NEEDED: ("info", "question-circle"),
    ApplicationState.APPROVED: ("good", "check-circle"),
    ApplicationState.DECLINED: ("past", "x-circle"),
}


class TakeInForm(ActForm):
    """How the agency and its manager are called here."""

    code = forms.CharField(
        label=gettext_lazy("Code"), max_length=60, help_text=gettext_lazy("Short, for lists and files; it stays.")
    )
    username = forms.CharField(label=gettext_lazy("Manager's user name"), max_length=60)


class AskForm(ActForm):
    asked = forms.CharField(
        label=gettext_lazy("What is missing"),
        help_text=gettext_lazy("The applicant reads this."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


def _approve(request: HttpRequest, application: AgencyApplication, data: dict[str, Any]) -> Shown:
    manager = approve_application(actor=request.user, application=application, **data)
    link = invitation_url(issue_invitation(user=manager.user, actor=request.user))  # type: ignore[arg-type]
    note = _("The same link goes to the contact by mail. It opens once; next, draft an agreement for a project.")
    return Shown(_("Taken in. The manager sets a password here:"), link, note)


def _ask(request: HttpRequest, application: AgencyApplication, data: dict[str, Any]) -> str:
    ask_for_more(actor=request.user, application=application, **data)
    return _("Asked. The applicant hears of it by mail.")


def _decline(request: HttpRequest, application: AgencyApplication, data: dict[str, Any]) -> str:
    decline_application(actor=request.user, application=application, reason=data["reason"])
    return _("Declined. The applicant hears of it by mail.")


def _is_submitted(application: AgencyApplication) -> bool:
    return application.state == ApplicationState.SUBMITTED


_act = partial(Act, can=Can.EDIT_AGENCIES)


@admin.register(AgencyApplication)
class AgencyApplicationAdmin(ReadOnlyAdmin):
    list_display = ("name", "badge", "kind", "licence_no", "contact_name", "created_at")
    list_filter = ("state", "kind", ("created_at", DaysFilter))
    search_fields = ("name", "licence_no", "contact_name")
    search_help_text = gettext_lazy("Name, licence number or contact")
    ordering = ("-created_at", "-id")
    fieldsets = (
        (None, {"fields": ("name", "badge", "kind", "licence_no", "licence_until", "papers")}),
        (gettext_lazy("Bank"), {"fields": ("bank_name", "bank_account")}),
        (gettext_lazy("Contact"), {"fields": ("contact_name", "contact_phone", "contact_email")}),
        (gettext_lazy("What became of it"), {"fields": ("asked", "answer", "reason", "decided_by", "agency")}),
    )
    acts = (
        _act(
            name="approve",
            label=gettext_lazy("Take in"),
            icon="verified",
            form=TakeInForm,
            when=_is_submitted,
            run=_approve,
            happens=gettext_lazy(
                "The agency and its manager's account are made. It can file nothing before an agreement."
            ),
            undo=gettext_lazy("It can be suspended later, not undone."),
            binding=True,
        ),
        _act(
            name="ask",
            label=gettext_lazy("Ask for more"),
            icon="help",
            form=AskForm,
            when=_is_submitted,
            run=_ask,
            happens=gettext_lazy("The applicant gets a mail, and can answer and add papers on the page it links to."),
        ),
        _act(
            name="decline",
            label=gettext_lazy("Decline"),
            icon="block",
            form=ReasonForm,
            when=lambda application: application.state in WAITING,
            run=_decline,
            happens=gettext_lazy("The applicant gets a mail with the reason, and may apply again."),
            undo=gettext_lazy("The decision stays on record."),
            binding=True,
            ends=True,
        ),
    )

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def badge(self, application: AgencyApplication) -> Any:
        tone, icon = _LOOK[ApplicationState(application.state)]
        return cells.badge(application.get_state_display(), tone, icon)

    @admin.display(description=gettext_lazy("papers"))
    def papers(self, application: AgencyApplication) -> Any:
        files = application.files.select_related("attachment")
        rows = ((reverse("admin:brokers_application_file", args=[one.pk]), one.attachment.name) for one in files)
        return format_html("{}", format_html_join("", '<p><a class="text-link" href="{}">{}</a></p>', rows))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.paper)
        return [path("papers/<int:file_id>/", view, name="brokers_application_file"), *super().get_urls()]

    def paper(self, request: HttpRequest, file_id: int) -> HttpResponse:
        """Show one paper to who may see the application."""
        if not self.has_view_permission(request):
            raise Http404
        found = ApplicationFile.objects.select_related("attachment").filter(pk=file_id).first()
        if found is None:
            raise Http404
        return file_answer(found.attachment)  # type: ignore[return-value]
