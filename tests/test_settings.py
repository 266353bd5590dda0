import pytest

from qa import Settings, SettingsError


def test_unknown_key_is_an_error_that_lists_the_settings():
    with pytest.raises(SettingsError, match="'chunk_size' is unknown: the settings are encoder, "):
        Settings.of({"chunk_size": 3})


@pytest.mark.parametrize("values", [{"passage_tokens": 0}, {"join_tokens": "64"}, {"article_bytes": True}, {"encoder": 3}])
def test_impossible_value_is_an_error_that_names_it(values):
    with pytest.raises(SettingsError, match=next(iter(values))):
        Settings.of(values)


def test_settings_are_read_from_toml(tmp_path):
    (tmp_path / "qa.toml").write_text('passage_tokens = 180\nlanguage = "es"\n')
    assert Settings.load(tmp_path / "qa.toml") == Settings(passage_tokens=180, language="es")


@pytest.mark.parametrize("content", [b"passage_tokens =", b"\xff\xfe"])
def test_broken_toml_is_an_error_of_one_line(tmp_path, content):
    (tmp_path / "qa.toml").write_bytes(content)
    with pytest.raises(SettingsError, match="not valid TOML"):
        Settings.load(tmp_path / "qa.toml")


def test_missing_settings_file_is_an_error_of_one_line(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        Settings.load(tmp_path / "none.toml")
