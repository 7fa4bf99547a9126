"""Every page of the admin opens for whom it should, and for nobody else."""

from typing import Any

import pytest
from django.contrib import admin
from django.urls import reverse

from tests.admin.conftest import CLIENT, Cast

pytestmark = pytest.mark.django_db

PRODUCT = ("accounts", "audit", "jobs", "projects", "brokers", "leads", "commissions")
MODELS = [model for model in admin.site._registry if model._meta.app_label in PRODUCT]


def address(model: Any, page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label_lower)
def test_manager_opens_every_list(model: Any, cast: Cast, enter: Any) -> None:
    cast.file()
    cast.subscribe(CLIENT)
    client = enter("marketing_manager")
    response = client.get(address(model, "changelist"))
    assert response.status_code == 200
    first = model._default_manager.first()
    if first is not None and response.context["cl"].result_count:
        shown = response.context["cl"].result_list[0]
        assert client.get(address(model, "change", shown.pk)).status_code == 200


def test_overview_opens(cast: Cast, enter: Any) -> None:
    cast.file()
    assert enter("marketing_manager").get(reverse("admin:index")).status_code == 200
