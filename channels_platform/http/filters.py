"""Filters as the API's lists use them: by the words of the contract, refused when they make no sense."""

from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError as RestValidationError

from channels_platform.http.fields import Instant


class _WordField(forms.CharField):
    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        try:
            text.encode()
        except UnicodeEncodeError as broken:
            raise ValidationError(_("This cannot be read."), code="invalid") from broken
        return text


class WordFilter(django_filters.CharFilter):
    """A code, number or name, exactly."""

    field_class = _WordField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, max_length=kwargs.pop("max_length", 150), **kwargs)


class NamedFilter(WordFilter):
    """What is of one object that a word names, as `agency__code`; found first, so that the list's own index serves."""

    def filter(self, qs: QuerySet[Any], value: str) -> QuerySet[Any]:
        if not value:
            return qs
        name, _, naming = self.field_name.partition("__")
        owner = qs.model._meta.get_field(name).related_model
        return qs.filter(**{name: owner._default_manager.filter(**{naming: value}).order_by().values("pk")[:1]})


class _InstantField(forms.CharField):
    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            # a plus sign that nobody escaped arrives as a blank
            return Instant().to_internal_value(str(text).replace(" ", "+"))
        except RestValidationError as fault:
            raise ValidationError(Instant.default_error_messages["invalid"], code="invalid") from fault


class InstantFilter(django_filters.Filter):
    """An RFC 3339 instant with its offset."""

    field_class = _InstantField
