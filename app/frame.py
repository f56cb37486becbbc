"""What every page has: navigation, the picture beside it, one sentence where a page fails. `app/main.py` serves it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.navigation.page import StreamlitPage

from app import address, present, state
from app.components import why
from app.import_panel import LARGEST_MB
from app.link_panel import link_panel
from app.once import one_run
from app.pages import PAGES
from app.picture_panel import photograph, picture_panel
from app.take_away_panel import take_away_panel
from app.text import LANGUAGES, language, plain, said, t, table
from app.top_five import top_five
from app.why_panel import is_asked, take_asked

CSS = """
.stMainBlockContainer { padding: 2.5rem clamp(1rem, 3vw, 3rem) 3rem; }
[data-testid="stLayoutWrapper"]:has(> .st-key-foot) { position: sticky; bottom: 0; z-index: 10; padding: .25rem 0 .5rem;
  background: light-dark(LIGHT, DARK); border-top: 1px solid #8886; }
.st-key-foot { gap: .25rem .5rem; }
.st-key-foot [data-testid="stCaptionContainer"] p { font-size: .8rem; line-height: 1.35; }
@media (min-width: 640px) {
  [data-testid="stLayoutWrapper"]:has(> .st-key-left) { position: sticky; top: 3.5rem; max-height: calc(100vh - 6.5rem); overflow-y: auto; scrollbar-width: thin; }
  [data-testid="stLayoutWrapper"]:has(> .st-key-left) { scroll-padding-bottom: 14rem; }  /* what has the focus is above the foot */
}
@media (max-width: 639px) {  /* one column: the photograph, the page, and at its foot what stays in sight */
  [data-testid="stColumn"]:has(.st-key-left), [data-testid="stColumn"]:has(.st-key-left) > [data-testid="stVerticalBlock"],
  [data-testid="stLayoutWrapper"]:has(> .st-key-left), .st-key-left { display: contents; }
  [data-testid="stHorizontalBlock"]:has(> [data-testid="stColumn"] .st-key-left) { gap: 1rem; }
  [data-testid="stHorizontalBlock"] > [data-testid="stColumn"]:has(.st-key-left) + [data-testid="stColumn"] { order: 1; }
  [data-testid="stLayoutWrapper"]:has(> .st-key-foot) { order: 2; }
  [data-testid="stMain"] { scroll-padding-bottom: 9rem; }  /* what has the focus is above the foot */
  .st-key-foot { flex-flow: row wrap; }
  .st-key-foot > [data-testid="stLayoutWrapper"] { width: auto; flex: 1 0 auto; }
}
.st-key-unit_panel { transition: opacity .15s; }
.st-key-unit_panel.other-unit { opacity: .3; }
[data-testid="stCaptionContainer"] { opacity: .8; }  /* paler ones are hard to read */
[data-testid="stBaseButton-primary"] p { color: light-dark(#fff, #141516); }  /* white is too pale on the dark theme's */
@media (prefers-reduced-motion: reduce) {
  *, *::before, *::after { transition-duration: 0s !important; animation-duration: 1ms !important; animation-iteration-count: 1 !important; }
}
""".replace("LIGHT", st.get_option("theme.light.backgroundColor")).replace(
    "DARK", st.get_option("theme.dark.backgroundColor")
)


def main() -> None:
    """Draw the page that the address names, beside the picture."""
    st.set_page_config(page_title=t("title"), layout="wide")
    folder = Path(__file__).parent / "views"  # not "pages": Streamlit would serve a folder of that name by itself
    pages = [
        st.Page(folder / f"{name}.py", title=t(f"page_{name}"), url_path=name, default=name == PAGES[0])
        for name in PAGES
    ]
    page = st.navigation(pages, position="hidden")  # Streamlit's own hides behind a drawer on a telephone
    if is_asked():
        st.switch_page(pages[PAGES.index("predict")])
    address.read(page.url_path)
    address.write(page.url_path)
    with one_run():
        _draw(page, pages)


def _draw(page: StreamlitPage, pages: list[StreamlitPage]) -> None:
    """The page that is shown, and what is above and beside every one."""
    st.html(f"<style>{CSS}{_uploader_words()}{present.style()}</style>")
    links = st.container(horizontal=True, gap="small", vertical_alignment="center")
    left, right = st.columns(present.columns(), gap="large")
    first = {"": top_five, "neighbours": page.run}.get(page.url_path)
    fine = first is None or _drawn(right, first)  # the answer comes first; all else would hold it up by 40 ms and more
    with links:
        for one in pages:
            st.page_link(one)
        if not state.view().present:
            _language()
            link_panel()
        present.controls(page.url_path or PAGES[0])
    beside = left.container(key="left")
    with beside:
        photograph()
    why.listen(take_asked)  # below everything: it shows nothing
    if first != page.run:
        fine = fine and _drawn(right, page.run)
    with beside:  # after the page, which says what the new picture is
        picture_panel()
    if fine and not state.view().present:
        _drawn(links, lambda: take_away_panel(page.url_path or PAGES[0]))


def _uploader_words() -> str:
    """Streamlit's file boxes speak English alone; this writes our words over theirs."""
    box = '[data-testid="stFileUploaderDropzone"]'
    words = {f"{box} button p": t("picture_upload_button")}
    for key, megabytes in {"upload": st.get_option("server.maxUploadSize"), **LARGEST_MB}.items():
        most = t("picture_upload_most", megabytes=megabytes)
        words[f'.st-key-{key} {box} > [data-testid$="Instructions"] span'] = most
    return "".join(
        f"{part} {{ font-size: 0; }} {part}::after {{ font-size: .875rem; content: {json.dumps(word, ensure_ascii=False)}; }}"
        for part, word in words.items()
    )


def _language() -> None:
    """The one switch: to the other language."""
    other = next(name for name in LANGUAGES if name != language())
    label = table(other)["language_name"]
    st.button(label, key="language", type="tertiary", on_click=state.change, kwargs={"lang": other})


def _drawn(place: DeltaGenerator, draw: Callable[[], None]) -> bool:
    """Draw a part of the page; where it fails, a sentence. Whether it went well."""
    with place:
        try:
            draw()
        except ValueError as reason:  # what `model` says to the user
            st.error(plain(said(str(reason))))
        except Exception:
            logging.getLogger(__name__).exception("a page failed")
            st.error(t("failed"))
        else:
            return True
    return False


main()
