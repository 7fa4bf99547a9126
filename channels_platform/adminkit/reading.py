"""Fields that are only shown: they lead to the objects they name where the person may open those."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest
from unfold.fields import UnfoldAdminField, UnfoldAdminReadonlyField
from unfold.forms import AdminForm, Fieldline, Fieldset


class ReadingForm(AdminForm):
    """A page's form as its template reads it, for one person."""

    def __init__(self, plain: AdminForm, request: HttpRequest) -> None:
        self.__dict__.update(plain.__dict__)
        self.request = request

    def __iter__(self) -> Iterator[Fieldset]:
        for name, options in self.fieldsets:
            part = _Fieldset(
                self.form, name, readonly_fields=self.readonly_fields, model_admin=self.model_admin, **options
            )
            part.request = self.request
            yield part


class _Fieldset(Fieldset):
    request: HttpRequest

    def __iter__(self) -> Iterator[Fieldline]:
        for field in self.fields:
            line = _Fieldline(self.form, field, self.readonly_fields, model_admin=self.model_admin)
            line.request = self.request
            yield line


class _Fieldline(Fieldline):
    request: HttpRequest

    def __iter__(self) -> Iterator[Any]:
        for place, field in enumerate(self.fields):
            if field not in self.readonly_fields:
                yield UnfoldAdminField(self.form, field, is_first=place == 0)
                continue
            shown = _ReadField(self.form, field, is_first=place == 0, model_admin=self.model_admin)
            shown.request = self.request
            yield shown


class _ReadField(UnfoldAdminReadonlyField):
    request: HttpRequest

    def get_admin_url(self, remote_field: Any, remote_obj: Any) -> Any:
        page = self.model_admin.admin_site._registry.get(remote_field.model)
        if page is None or not page.has_view_permission(self.request, remote_obj):
            return str(remote_obj)
        return super().get_admin_url(remote_field, remote_obj)
