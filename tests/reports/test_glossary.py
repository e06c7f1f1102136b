"""Words explained where they come first, once, and listed at the end."""

import re

import natrium
from natrium.reports import excitability_into
from natrium.reports.glossary import TERMS, Glossary


def test_a_term_is_explained_where_it_comes_first_and_only_there():
    glossary = Glossary()
    first = glossary.mark("A saddle <b> & a fold of cycles: class 2.")
    assert first.count("<abbr ") == 3
    assert "&lt;b&gt; &amp; a" in first
    assert f'title="{TERMS["fold of cycles"]}">fold of cycles</abbr>' in first
    assert glossary.mark("Another saddle and a fold").count("<abbr ") == 1
    assert glossary.html().count("<dt") == 4
    assert Glossary().html() == ""
    assert Glossary().mark("no unfolding & threefold") == "no unfolding &amp; threefold"


def test_every_word_that_a_page_explains_is_listed_at_its_end(tmp_path, monkeypatch, undrawn):
    undrawn(monkeypatch)
    excitability_into(natrium.notebook.lif(), tmp_path, name="lif", inputs=[14.0, 20.0], quiet=True)
    page = (tmp_path / "report.html").read_text()
    hovers, listed = re.findall(r'<abbr title="(.*?)"', page), re.findall(r"<dd>(.*?)</dd>", page)
    assert hovers
    assert sorted(hovers) == sorted(listed)
    assert len(set(listed)) == len(listed)


def test_explanations_are_short_sentences():
    for term, told in TERMS.items():
        assert told.endswith("."), term
        assert len(told) < 120, term
