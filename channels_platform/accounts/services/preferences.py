"""What people choose for themselves."""

from channels_platform.accounts.models import User


def choose_language(*, user: User, language: str) -> None:
    """Keep the language in which the person wants pages and mail.

    Writes: User.language.
    """
    _keep(user, "language", language)


def remember_spoken(*, user: User, language: str) -> None:
    """Keep the language that pages spoke as the person signed in, for mail to one who chose none.

    Writes: User.spoken.
    """
    _keep(user, "spoken", language)


def _keep(user: User, field: str, value: str) -> None:
    User.objects.filter(pk=user.pk).exclude(**{field: value}).update(**{field: value})
    setattr(user, field, value)
