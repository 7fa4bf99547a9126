"""Forms of the admin outside model pages, in the theme's clothes."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold import widgets

_CLOTHES: tuple[tuple[type[forms.Widget], type[forms.Widget]], ...] = (
    (forms.Textarea, widgets.UnfoldAdminTextareaWidget),
    (forms.NumberInput, widgets.UnfoldAdminTextInputWidget),
    (forms.EmailInput, widgets.UnfoldAdminEmailInputWidget),
    (forms.DateInput, widgets.UnfoldAdminSingleDateWidget),
    (forms.TextInput, widgets.UnfoldAdminTextInputWidget),
)


def dress(form: forms.BaseForm) -> None:
    """Give the form's fields the theme's widgets; their attributes stay."""
    for field in form.fields.values():
        worn = field.widget
        if isinstance(worn, forms.HiddenInput | forms.CheckboxSelectMultiple):
            continue
        if isinstance(worn, forms.CheckboxInput):
            worn.attrs.setdefault("class", " ".join(widgets.SWITCH_CLASSES))
        elif isinstance(worn, forms.DateTimeInput):
            worn.attrs.setdefault("class", " ".join(widgets.INPUT_CLASSES))
        elif type(worn) is forms.Select:
            field.widget = widgets.UnfoldAdminSelectWidget(attrs=dict(worn.attrs))
            field.widget.choices = worn.choices
            field.widget.is_required = field.required
        elif isinstance(worn, forms.SelectMultiple):
            worn.attrs.setdefault("class", " ".join(widgets.SELECT_CLASSES))
        elif not type(worn).__module__.startswith("unfold"):
            _change_clothes(field)


def _change_clothes(field: forms.Field) -> None:
    for plain, dressed in _CLOTHES:
        if type(field.widget) is plain:
            attrs = {**field.widget.attrs, **field.widget_attrs(field.widget)}
            numeric = isinstance(field, forms.IntegerField | forms.DecimalField)
            field.widget = dressed(attrs=attrs | ({"inputmode": "decimal"} if numeric else {}))
            field.widget.is_required = field.required
            return


class ActForm(forms.Form):
    """The questions of one act on one object; `half` names those that stand two in a row on wide screens."""

    half: frozenset[str] = frozenset()

    def __init__(self, *args: Any, target: Any, request: HttpRequest, site: Any = None, **kwargs: Any) -> None:
        self.target = target
        self.request = request
        self.site = site
        super().__init__(*args, **kwargs)
        self.prepare()
        dress(self)

    def prepare(self) -> None:
        """Fill in choices and first values that depend on the object."""


class ReasonForm(ActForm):
    """An act that asks why."""

    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("Kept on the audit trail with your name."),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=2000,
    )
