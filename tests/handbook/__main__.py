"""Write every generated page, and take away those that are none any more. Run by scripts/docs."""

from __future__ import annotations

from tests.handbook import fake_page
from tests.handbook.pages import DOCS, pages

if __name__ == "__main__":
    made = pages()
    for path, text in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for path in set(DOCS.rglob("*.md")) - made.keys():
        path.unlink()
    fake_page.PAGE.write_text(fake_page.fresh(fake_page.PAGE.read_text()))
    print(f"{len(made)} pages below {DOCS.name}/")
