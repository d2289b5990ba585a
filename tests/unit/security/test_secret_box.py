import pytest
from hypothesis import given
from hypothesis import strategies as st

from everloop.errors import Unprocessable
from everloop.ports.system import SecretBox
from everloop.security.secret_box import AesGcmSecretBox

KEY = bytes(range(32))
BOX: SecretBox = AesGcmSecretBox(KEY)
ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(ANY_TEXT, st.binary(), st.binary(min_size=32, max_size=32))
def test_what_was_sealed_opens(plaintext: str, context: bytes, key: bytes):
    box = AesGcmSecretBox(key)
    assert AesGcmSecretBox(key).open(box.seal(plaintext, context), context) == plaintext


@given(st.text(), st.binary(), st.data())
def test_any_flipped_bit_is_refused(plaintext: str, context: bytes, data: st.DataObject):
    sealed = bytearray(BOX.seal(plaintext, context))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Unprocessable):
        BOX.open(bytes(sealed), context)


@given(st.text(), st.data())
def test_what_was_cut_short_is_refused(plaintext: str, data: st.DataObject):
    sealed = BOX.seal(plaintext, b"row")
    with pytest.raises(Unprocessable):
        BOX.open(sealed[: data.draw(st.integers(0, len(sealed) - 1))], b"row")


@given(st.text(), st.binary(), st.binary())
def test_another_context_is_refused(plaintext: str, context: bytes, other: bytes):
    if context != other:
        with pytest.raises(Unprocessable, match="copied from elsewhere"):
            BOX.open(BOX.seal(plaintext, context), other)


@given(st.text(), st.binary(min_size=32, max_size=32).filter(lambda key: key != KEY))
def test_another_key_is_refused_and_said_to_be_the_reason(plaintext: str, other: bytes):
    with pytest.raises(Unprocessable, match="another EVERLOOP_SECRET_KEY"):
        AesGcmSecretBox(other).open(BOX.seal(plaintext, b"row"), b"row")


def test_a_later_format_is_said_to_be_one():
    with pytest.raises(Unprocessable, match="newer version"):
        BOX.open(b"\x02" + BOX.seal("a", b"row")[1:], b"row")


def test_the_same_secret_never_looks_the_same():
    sealed = [BOX.seal("sk-canary", b"row") for _ in range(1000)]
    nonces = {secret[9:21] for secret in sealed}
    assert len(nonces) == 1000
    assert not any(b"canary" in secret for secret in sealed)


def test_refusals_hold_neither_secret_nor_key():
    sealed = BOX.seal("sk-canary", b"row")
    for box, context in ((BOX, b"other"), (AesGcmSecretBox(bytes(32)), b"row")):
        with pytest.raises(Unprocessable) as refused:
            box.open(sealed, context)
        assert refused.value.__cause__ is None
        assert "canary" not in str(refused.value)
        assert sealed.hex() not in str(refused.value)
    assert KEY.hex() not in repr(BOX)


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_of_another_length_is_refused(length: int):
    with pytest.raises(ValueError, match="32 bytes"):
        AesGcmSecretBox(bytes(length))
