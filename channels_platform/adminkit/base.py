"""The model pages' common behaviour: row scope, writes through services, reading without N+1."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.admin import ShowFacets
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DataError
from django.db.models import DecimalField, Model, QuerySet
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from unfold import admin as unfold
from unfold.views import ChangeList
from unfold.widgets import UnfoldAdminTextInputWidget

from channels_platform.accounts.permissions import Can, may
from channels_platform.adminkit.acts import ActsMixin
from channels_platform.adminkit.cells import Section
from channels_platform.adminkit.paginator import CappedPaginator
from channels_platform.adminkit.reading import ReadingForm
from channels_platform.adminkit.refusals import add_refusal
from channels_platform.adminkit.scope import within_projects
from channels_platform.http.amounts import AmountField
from channels_platform.lib.errors import Refused


class WithinReach:
    """Choices of related objects are those that the person could open."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs.setdefault("queryset", self.reach(request, db_field.remote_field.model))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs.setdefault("queryset", self.reach(request, db_field.remote_field.model))
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]

    def reach(self, request: HttpRequest, model: type[Model]) -> QuerySet[Any]:
        return within_reach(self.admin_site, request, model)  # type: ignore[attr-defined]


def within_reach(site: Any, request: HttpRequest, model: type[Model]) -> QuerySet[Any]:
    """Return the rows of a model that the person could open in the admin."""
    page = site._registry.get(model)
    return page.get_queryset(request) if page is not None else model._default_manager.all()


class _Rows(ChangeList):
    """A list that says how many rows there are in one place only; a filter that cannot be is a wrong filter."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        with _wrong_filters():
            return super().get_queryset(request, exclude_parameters)

    def get_results(self, request: HttpRequest) -> None:
        with _wrong_filters():
            super().get_results(request)
        self.full_result_count = self.result_count


@contextmanager
def _wrong_filters() -> Iterator[None]:
    """Tell what no column holds (NUL in text, no UUID) as Django's list tells other wrong filters."""
    try:
        yield
    except (ValueError, ValidationError, DataError) as fault:
        raise IncorrectLookupParameters(fault) from fault


class Admin(WithinReach, ActsMixin, unfold.ModelAdmin):
    """A model page over services.

    A page that adds or changes gives `create` and `amend`; what they refuse is shown in the form.
    `project_path` is the lookup from the model to its project, `pk` for projects, nothing for what all staff see.
    """

    project_path = ""
    actions = None
    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    list_fullwidth = True
    list_filter_submit = True
    warn_unsaved_form = True
    view_on_site = False
    save_as = False
    change_form_outer_after_template = "admin/about.html"
    formfield_overrides = {DecimalField: {"form_class": AmountField, "widget": UnfoldAdminTextInputWidget}}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if isinstance(self.list_select_related, tuple):
            rows = rows.select_related(*self.list_select_related)
        return within_projects(rows, request.user, self.project_path)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return _Rows

    # --- writing --------------------------------------------------------------------------------------------

    def create(self, request: HttpRequest, data: dict[str, Any]) -> Model:
        """Make the object through its service."""
        raise PermissionDenied

    def amend(self, request: HttpRequest, stored: Any, data: dict[str, Any]) -> Model:
        """Change the object through its service; `data` holds only what the form changed."""
        raise PermissionDenied

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except (Refused, ValidationError) as refusal:
            # The transaction was rolled back; the same form is shown again with what the service said.
            request.refusal = refusal  # type: ignore[attr-defined]
            response = super().changeform_view(request, object_id, form_url, extra_context)
            response.status_code = 422
            return response

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        refusal = getattr(request, "refusal", None)
        return form if refusal is None else _refused(form, refusal)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            data = {name: form.cleaned_data[name] for name in form.changed_data if name in form.cleaned_data}
            kept = self.amend(request, obj, data) if data else obj
        else:
            kept = self.create(request, form.cleaned_data)
        obj.__dict__.update(kept.__dict__)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        for formset in formsets:
            self.save_formset(request, form, formset, change=change)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        if formset.has_changed():
            raise PermissionDenied

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        raise PermissionDenied

    # The audit trail is the record of what was done; Django's own log would be a second, thinner one.
    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None: ...
    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None: ...
    def log_deletions(self, request: HttpRequest, queryset: Any) -> None: ...

    # --- reading --------------------------------------------------------------------------------------------

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        context["adminform"] = ReadingForm(context["adminform"], request)
        obj = kwargs.get("obj")
        if obj is not None:
            context["actions_detail"] = self.act_links(request, obj)
            context["show_history"] = may(request.user, Can.SEE_AUDIT)
            context["sections"] = self.about(request, obj)
        return super().render_change_form(request, context, **kwargs)

    def about(self, request: HttpRequest, obj: Any) -> list[Section]:
        """Return what the object's page shows below its fields."""
        return []

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """An object's history is its part of the audit trail."""
        if not may(request.user, Can.SEE_AUDIT):
            raise PermissionDenied
        if self.get_object(request, object_id) is None:
            raise Http404
        query = urlencode({"target": f"{self.opts.label_lower}:{object_id}"})
        return HttpResponseRedirect(f"{reverse('admin:audit_event_changelist')}?{query}")

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        raise Http404

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        try:
            return super().get_object(request, object_id, from_field)
        except (ValueError, OverflowError):
            return None


class ReadOnlyAdmin(Admin):
    """Facts: read, never written here, whoever asks."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Inline(WithinReach, unfold.TabularInline):
    """Rows of a parent's page; the parent's `save_formset` hands them to a service."""

    extra = 0
    tab = True
    show_change_link = False


class ReadOnlyInline(Inline):
    can_delete = False
    max_num = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _refused(form: Any, refusal: Refused | ValidationError) -> Any:
    def _post_clean(self: BaseForm) -> None:
        form._post_clean(self)
        add_refusal(self, refusal)

    return type(form.__name__, (form,), {"_post_clean": _post_clean})


__all__ = ["Admin", "Inline", "ReadOnlyAdmin", "ReadOnlyInline", "within_reach"]
