"""Make the database that test databases are copies of: every migration applied, nothing in it.

Run by `make test`, each time anew. To migrate takes ten seconds and every worker of every run needs a database of its
own; to copy one takes one. A test run by hand migrates for itself.
"""

import os

TEMPLATE = "test_template"


def main() -> None:
    os.environ["CHANNELS_ENV"] = "test"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "channels_platform.settings")
    import django
    from django.core.management import call_command
    from django.db import connection

    django.setup()
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {TEMPLATE}")
        cursor.execute(f"CREATE DATABASE {TEMPLATE}")
    connection.settings_dict["NAME"] = TEMPLATE
    call_command("migrate", verbosity=0)
    connection.close()


if __name__ == "__main__":
    main()
