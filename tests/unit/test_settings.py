"""The environment, read: what is there, what is missing, what cannot be used."""

from pathlib import Path

import pytest

from everloop.settings import BadSetting, ProviderSetting, Settings
from everloop.storage.location import database_file

LONG = "k" * 32


def test_nothing_needs_to_be_set():
    settings = Settings.read({})
    assert settings.data_dir == Path(".everloop").absolute()
    assert settings.database_url.endswith("/.everloop/everloop.db")
    assert (settings.api_key, settings.secret_key) == (None, None)
    assert set(settings.providers.values()) == {ProviderSetting(None, None)}
    assert (settings.allowed_hosts, settings.allowed_azure_hosts) == ((), ())
    assert (settings.log_level, settings.max_body_bytes, settings.max_samples) == ("info", 25_000_000, 32)
    assert settings.max_calls == 2000
    assert settings.log_retention_days is None


@pytest.mark.parametrize("folder", ["plain", "with space", "50%20off", "what?", "a#b", "ünï"])
def test_any_folder_can_hold_the_database(folder: str, tmp_path: Path):
    settings = Settings.read({"EVERLOOP_DATA_DIR": str(tmp_path / folder)})
    assert database_file(settings.database_url) == tmp_path / folder / "everloop.db"


def test_what_is_set_is_taken():
    settings = Settings.read(
        {
            "EVERLOOP_DATABASE_URL": "sqlite:////elsewhere.db",
            "EVERLOOP_API_KEY": LONG,
            "EVERLOOP_SECRET_KEY": LONG + "s",
            "EVERLOOP_LOG_LEVEL": "WARNING",
            "EVERLOOP_MAX_BODY_BYTES": "10",
            "EVERLOOP_MAX_SAMPLES": "2",
            "EVERLOOP_MAX_CALLS": "7",
            "EVERLOOP_LOG_RETENTION_DAYS": "30",
            "OPENAI_API_KEY": "sk-canary",
            "OPENAI_AZURE_API_KEY": "az",
            "EVERLOOP_ALLOWED_HOSTS": " 10.0.0.0/8, vllm.internal:8000,, ",
            "EVERLOOP_ALLOWED_AZURE_HOSTS": "*.openai.azure.com",
            "OPENAI_BASE_URL": "http://127.0.0.1/v1",
        }
    )
    assert settings.database_url == "sqlite:////elsewhere.db"
    assert (settings.api_key, settings.secret_key) == (LONG, LONG + "s")
    assert (settings.log_level, settings.max_body_bytes, settings.max_samples) == ("warning", 10, 2)
    assert (settings.max_calls, settings.log_retention_days) == (7, 30)
    assert settings.providers["openai"] == ProviderSetting("sk-canary", "http://127.0.0.1/v1")
    assert settings.providers["openai_azure"] == ProviderSetting("az", None)
    assert settings.allowed_hosts == ("10.0.0.0/8", "vllm.internal:8000")
    assert settings.allowed_azure_hosts == ("*.openai.azure.com",)
    assert "sk-canary" not in repr(settings)
    assert LONG not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EVERLOOP_API_KEY", "short"),
        ("EVERLOOP_API_KEY", "k" * 31),
        ("EVERLOOP_API_KEY", "k" * 31 + " "),
        ("EVERLOOP_API_KEY", "ü" * 32),
        ("EVERLOOP_SECRET_KEY", "short"),
        ("EVERLOOP_LOG_LEVEL", "loud"),
        ("EVERLOOP_MAX_BODY_BYTES", "0"),
        ("EVERLOOP_MAX_BODY_BYTES", "many"),
        ("EVERLOOP_MAX_SAMPLES", "-1"),
        ("EVERLOOP_MAX_CALLS", "0"),
        ("EVERLOOP_LOG_RETENTION_DAYS", "0"),
        ("EVERLOOP_LOG_RETENTION_DAYS", "1.5"),
    ],
)
def test_what_cannot_be_used_is_named(name: str, value: str):
    with pytest.raises(BadSetting, match=name):
        Settings.read({name: value})
