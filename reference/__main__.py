"""`python -m reference`: writes the pages of the reference anew."""

from reference.pages import FOLDER, pages


def main() -> None:
    """Write them."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
