"""What lists of projects and units can be narrowed by."""

import django_filters

from channels_platform.http.filters import WordFilter
from projects.models import Project, Unit


class ProjectFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(choices=Project.Status.choices)
    city = WordFilter()


class UnitFilter(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(choices=Unit.State.choices)
    building = WordFilter()
    number = WordFilter()
