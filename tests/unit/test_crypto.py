import pytest
from cryptography.fernet import Fernet, InvalidToken

from channels_platform.lib.crypto import BlindIndex, Cipher, current_index, fernet_key, separate_index

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def _cipher(*keys):
    return Cipher([fernet_key(key) for key in keys])


def test_what_is_encrypted_is_read_back_and_never_looks_the_same():
    box = _cipher(NEW)
    one, two = box.encrypt("+8613800000001"), box.encrypt("+8613800000001")
    assert one != two
    assert b"13800000001" not in one
    assert box.decrypt(one) == box.decrypt(two) == "+8613800000001"


def test_the_first_key_writes_and_every_key_reads():
    ring, old_only, new_only = _cipher(NEW, OLD), _cipher(OLD), _cipher(NEW)
    assert ring.decrypt(old_only.encrypt("x")) == "x"
    assert new_only.decrypt(ring.encrypt("x")) == "x"
    with pytest.raises(InvalidToken):
        old_only.decrypt(ring.encrypt("x"))


def test_a_token_is_current_under_the_first_key_only():
    ring = _cipher(NEW, OLD)
    assert ring.is_current(ring.encrypt("x"))
    assert not ring.is_current(_cipher(OLD).encrypt("x"))


def test_a_changed_token_is_refused():
    box = _cipher(NEW)
    token = bytearray(box.encrypt("x"))
    token[-5] ^= 1
    with pytest.raises(InvalidToken):
        box.decrypt(bytes(token))


def test_any_secret_makes_a_key_and_a_real_key_stays_itself():
    assert fernet_key(OLD) == OLD.encode()
    assert fernet_key("a pass phrase") == fernet_key("a pass phrase")
    Fernet(fernet_key("a pass phrase"))


def test_digests_go_by_key_and_value():
    one, other = BlindIndex([b"one"]), BlindIndex([b"other"])
    assert one.digest("x") == one.digest("x")
    assert len({one.digest("x"), one.digest("y"), other.digest("x")}) == 3


def test_an_index_in_rotation_writes_under_the_first_key_and_matches_all():
    ring = BlindIndex([b"new", b"old"])
    assert ring.in_rotation
    assert not BlindIndex([b"new"]).in_rotation
    assert ring.digest("x") == BlindIndex([b"new"]).digest("x")
    assert ring.digests("x") == [BlindIndex([key]).digest("x") for key in (b"new", b"old")]


def test_an_index_without_a_key_is_refused():
    with pytest.raises(ValueError, match="needs a key"):
        BlindIndex([])


def test_a_rehearsal_matches_under_a_key_of_its_own():
    real = BlindIndex([b"real"])
    with separate_index(b"own"):
        assert current_index(real).digest("x") == BlindIndex([b"own"]).digest("x")
    assert current_index(real) is real
