"""What lists of agencies, brokers and agreements can be narrowed by."""

import django_filters

from brokers.models import Agency, Agreement
from channels_platform.http.filters import WordFilter


class AgencyFilter(django_filters.FilterSet):
    kind = django_filters.ChoiceFilter(choices=Agency.Kind.choices)
    status = django_filters.ChoiceFilter(choices=Agency.Status.choices)


class BrokerFilter(django_filters.FilterSet):
    username = WordFilter(field_name="user__username")
    store = WordFilter(field_name="store__name")


class AgreementFilter(django_filters.FilterSet):
    project = WordFilter(field_name="project__code")
    agency = WordFilter(field_name="agency__code")
    state = django_filters.ChoiceFilter(choices=Agreement.State.choices)
