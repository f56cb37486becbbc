"""What does the paper say, and what does it look like on your own picture?"""

from __future__ import annotations

import streamlit as st

from app import state
from app.lessons import Lesson
from app.lessons.every import LESSONS
from app.text import t

STEPS = ("ask", "try", "see")


def main() -> None:
    """The lesson that the address names, or the list of all."""
    lesson = LESSONS.get(state.view().lesson)
    if lesson is None:
        _list()
    else:
        _lesson(lesson)


def _list() -> None:
    st.subheader(t("lessons_title"))
    st.caption(t("lessons_caption"))
    for lesson in LESSONS.values():
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.button(
                t(f"lesson_{lesson.name}_title"), key=f"open_{lesson.name}", type="tertiary", on_click=_open,
                args=(lesson.name,),
            )  # fmt: skip
            st.caption(_section(lesson))


def _open(name: str, step: int = 0) -> None:
    state.change(lesson=name, step=step)


def _section(lesson: Lesson) -> str:
    """Where in the paper, in the language in use."""
    figure = lesson.section.removeprefix("Figure ")
    if figure != lesson.section:
        return t("lessons_figure", number=figure)
    first, _, last = lesson.section.partition("–")
    if last:
        return t("lessons_sections", first=first, last=last)
    return t("lessons_section", section=lesson.section)


def _lesson(lesson: Lesson) -> None:
    names = list(LESSONS)
    at = names.index(lesson.name)
    with st.container(horizontal=True, gap="small"):
        st.button(t("lessons_all"), key="lessons_all", on_click=_open, args=("",))
        if at:
            st.button(t("lessons_before"), key="lessons_before", on_click=_open, args=(names[at - 1],))
        if at + 1 < len(names):
            st.button(t("lessons_next"), key="lessons_next", on_click=_open, args=(names[at + 1],))
    st.subheader(t(f"lesson_{lesson.name}_title"))
    st.caption(_section(lesson))
    if not lesson.fits(state.explorer().config):
        st.info(t(f"lesson_{lesson.name}_unfit"))
        return
    step = min(state.view().step, len(STEPS) - 1)
    _steps(step)
    chosen = _ask(lesson)
    if step == 0:
        st.button(t("lessons_try"), key="lessons_go", type="primary", on_click=_open, args=(lesson.name, 1))
        return
    st.markdown(f"#### {t('lessons_step_try')}")
    st.write(t(f"lesson_{lesson.name}_try"))
    lesson.panel()
    if step == 1:
        st.button(t("lessons_see"), key="lessons_go", type="primary", on_click=_open, args=(lesson.name, 2))
        return
    st.markdown(f"#### {t('lessons_step_see')}")
    _verdict(lesson, chosen)
    st.write(t(f"lesson_{lesson.name}_see"))
    lesson.see()


def _steps(step: int) -> None:
    state.show("lesson_step", STEPS[step])
    st.segmented_control(
        t("lessons_steps"), STEPS, required=True, format_func=lambda name: t(f"lessons_step_{name}"),
        key="lesson_step", on_change=_take_step, label_visibility="collapsed",
    )  # fmt: skip


def _take_step() -> None:
    state.change(step=STEPS.index(st.session_state["lesson_step"]))


def _ask(lesson: Lesson) -> int | None:
    """The question, and the answer that was chosen; it is kept while the visitor stays."""
    key = f"answer_{lesson.name}"
    chosen: int | None = st.radio(
        t(f"lesson_{lesson.name}_ask"), range(lesson.options), index=None, key=key, persist_state="session",
        format_func=lambda i: t(f"lesson_{lesson.name}_option_{i}"),
    )  # fmt: skip
    return chosen


def _verdict(lesson: Lesson, chosen: int | None) -> None:
    right = lesson.right()
    if right is None:
        st.info(t("lessons_unsettled"))
        return
    word = t(f"lesson_{lesson.name}_option_{right}")
    if chosen is None:
        st.info(t("lessons_unanswered", right=word))
    elif chosen == right:
        st.success(t("lessons_right", right=word))
    else:
        st.warning(t("lessons_wrong", chosen=t(f"lesson_{lesson.name}_option_{chosen}"), right=word))


main()
