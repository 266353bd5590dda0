import pytest

from qa.reading.content import UnreadableError
from qa.reading.kinds.html_walker import tree, walk
from qa.reading.kinds.writer import Writer


def written(html, **options):
    writer = Writer()
    walk(tree(f"<body>{html}</body>"), writer, **options)
    return writer.content().text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<h2>The vote</h2><p>It was\n <b>clo</b>se.</p>", "## The vote\n\nIt was close."),
        ("<p>One<br>two<br><br>three</p>", "One two\n\nthree"),
        ("<div>Bare <div>inner</div> tail</div>", "Bare\n\ninner\n\ntail"),
        ("<ul><li>a<ul><li>b</ul><li><p>c</p></ul>", "- a\n    - b\n- c"),
        ("<ol start=3><li>c<li value=7>g<li>h</ol>", "3. c\n7. g\n8. h"),
        ("<dl><dt>Term</dt><dd>Meaning.</dd><dt>Alone</dt></dl>", "- Term: Meaning.\n- Alone"),
        ("<blockquote><p>Said.</p></blockquote>", "> Said."),
        (
            '<pre class="language-python"><code>if a &lt; b:\n    <b>go</b>()</code></pre>',
            "```python\nif a < b:\n    go()\n```",
        ),
        ('<div class="highlight-c"><div class="highlight"><pre>x;</pre></div></div>', "```c\nx;\n```"),
        ('<div class="sourceCode"><pre class="sourceCode sh"><code>ls</code></pre></div>', "```sh\nls\n```"),
        ("<p>Call <code>f(x)</code> now.</p>", "Call `f(x)` now."),
        ("<p>10<sup>6</sup> m<sup>2</sup>, the 1<sup>st</sup></p>", "10⁶ m², the 1st"),
        ("<p>Hy\u00adphen <a href='x'>a link</a></p>", "Hyphen a link"),
    ],
)
def test_each_element_is_written_as_what_it_is(html, text):
    assert written(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<tr><th>A<th>B<tr><td>1<td>2|3", "| A | B |\n| --- | --- |\n| 1 | 2\\|3 |"),
        ("<tr><td rowspan=2>x<td>1<tr><td>2", "| x | 1 |\n| --- | --- |\n| x | 2 |"),
        ("<tr><td>a<td rowspan=3>b<tr><td>c<tr><td>d", "| a | b |\n| --- | --- |\n| c | b |\n| d | b |"),
        ("<tr><td colspan=2>x<tr><td>1<td>2<tr><td>3<td>4", "x\n\n| 1 | 2 |\n| --- | --- |\n| 3 | 4 |"),
        ("<tr><td>1<td>2<tr><td colspan=2>x", "| 1 | 2 |\n| --- | --- |\n| x |  |"),
        ("<caption>Of all</caption><tr><td>a<td>b<tr><td>c<td>d", "Of all\n\n| a | b |\n| --- | --- |\n| c | d |"),
        ("<tr><td>a<td><td>b<tr><td>c<td><td>d", "| a | b |\n| --- | --- |\n| c | d |"),
        ("<tr><td>k<td><ul><li>p<li>q</ul><tr><td>l<td>m", "| k | p; q |\n| --- | --- |\n| l | m |"),
        ("<tr><td><p>One.</p><p>Two.</p>", "One.\n\nTwo."),
        ("<tr><td><h2>Layout</h2><td>Beside.", "## Layout\n\nBeside."),
        ("<tr><td>Around<table><tr><td>a<td>b<tr><td>c<td>d</table>", "Around\n\n| a | b |\n| --- | --- |\n| c | d |"),
    ],
)
def test_tables_are_written_as_rows_unless_they_only_place_things(html, text):
    assert written(f"<table>{html}</table>") == text


@pytest.mark.parametrize(
    "html",
    [
        "<script>gone()</script>",
        "<style>p {gone: 1}</style>",
        "<noscript><p>gone</p></noscript>",
        "<template><p>gone</p></template>",
        "<svg><text>gone</text></svg>",
        "<p hidden>gone</p>",
        '<p style="color: red; display:none">gone</p>',
        "<button>gone</button>",
        "<select><option>gone</option></select>",
        "<!-- gone -->",
        '<span class="a sr-only">gone</span>',
        '<sup><a href="#gone">[1]</a></sup>',
        '<a class="headerlink" href="#gone">gone</a>',
        '<img alt="gone.jpeg and so on.jpeg" src="gone.jpeg">',
        '<img alt="gone" src="x">',
    ],
)
def test_what_nobody_sees_is_left_out_but_the_text_after_it_kept(html):
    assert written(f"<p>Before</p>{html}<p>after.</p>") == "Before\n\nafter."
    assert written(f"<div>Before {html} after.</div>").replace("\n\n", " ") == "Before after."


def test_a_link_to_another_section_is_text():
    assert written('<p>See Article <a href="#a5">5</a>.</p>') == "See Article 5."


def test_an_image_says_what_its_text_says_once():
    figure = '<figure><img alt="The court in session"><figcaption>{}</figcaption></figure>'
    assert written(figure.format("Opening day")) == "Opening day\n\nThe court in session"
    assert written(figure.format("The court in session, 2019")) == "The court in session, 2019"


def test_what_the_caller_skips_is_left_out():
    assert written("<nav>Home</nav><p>Text.</p>", skip=lambda element: element.tag == "nav") == "Text."


@pytest.mark.parametrize("tag", ["div", "span", "b", "section", "font", "a href='#x'"])
def test_text_in_any_number_of_elements_is_kept(tag):
    assert written(f"<p>Before.</p>{f'<{tag}>' * 100_000}deep<p>After.</p>") == "Before.\n\ndeep\n\nAfter."


@pytest.mark.parametrize("tags", ["<ul><li>", "<table><tr><td>", "<blockquote>", "<x-y>"])
def test_what_is_nested_beyond_all_limits_is_reported_not_cut_off(tags):
    with pytest.raises(UnreadableError, match="deeper"):
        written(tags * 100_000 + "deep")


@pytest.mark.parametrize(
    "row", ["<tr><td rowspan=9999 colspan=9999>{}", "<tr><td rowspan=99>{}<td>{}<tr>", "<tr><td colspan=99>{}"]
)
def test_spans_do_not_multiply_a_table(row):
    html = "".join(row.replace("{}", f"cell number {n}") for n in range(2_000))
    assert len(written(f"<table>{html}</table>")) < 4 * len(html)
