"""Guards that models put into the database, written once."""

from collections.abc import Iterable

import pgtrigger


def only_known_moves(thing: str, moves: Iterable[tuple[str, str]]) -> pgtrigger.Trigger:
    """Refuse a change of `state` that is not among the moves; the refusal names the thing and both states."""
    known = ", ".join(f"'{a}>{b}'" for a, b in sorted(moves))
    return pgtrigger.Trigger(
        name="only_known_moves",
        when=pgtrigger.Before,
        operation=pgtrigger.UpdateOf("state"),
        condition=pgtrigger.Q(old__state__df=pgtrigger.F("new__state")),
        func=f"IF (OLD.state || '>' || NEW.state) <> ALL (ARRAY[{known}]) "
        f"THEN RAISE EXCEPTION '{thing} cannot go from % to %', OLD.state, NEW.state "
        "USING ERRCODE = 'check_violation'; END IF; RETURN NEW;",
    )
