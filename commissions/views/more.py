"""The further places of finance, with a sentence on each."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from channels_platform.accounts.permissions import Can
from channels_platform.http.screens import needs


@require_safe
@needs(Can.SEE_MONEY)
def more(request: HttpRequest) -> HttpResponse:
    """Where else one can go."""
    return render(request, "finance/more.html")
