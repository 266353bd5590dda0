"""The strings of the page in English and Spanish, side by side, so that none can be written in one language only."""

from __future__ import annotations

from collections.abc import Mapping

from qa.web.articles.strings import ARTICLES_TAB

LANGUAGES = ("en", "es")

STRINGS: Mapping[str, tuple[str, str]] = {
    # The page
    "title": ("Ask the articles", "Pregunta a los artículos"),
    "tab_ask": ("Ask", "Preguntar"),
    "tab_articles": ("Articles", "Artículos"),
    "conversation": ("Conversation", "Conversación"),
    "sources": ("Sources", "Fuentes"),
    "your_question": ("Your question", "Tu pregunta"),
    "type_a_question": ("Type a question about the articles", "Escribe una pregunta sobre los artículos"),
    "ask": ("Ask", "Preguntar"),
    "welcome": (
        "Answers are quoted word for word from the articles, each with its source.",
        "Las respuestas son citas literales de los artículos, cada una con su fuente.",
    ),
    "no_sources": (
        "The articles that an answer quotes are shown here, with the quoted words highlighted.",
        "Aquí se muestran los artículos que cita una respuesta, con las palabras citadas resaltadas.",
    ),
    "went_wrong": (
        "Something went wrong here: the server's log says where.",
        "Algo ha fallado aquí: el registro del servidor dice dónde.",
    ),
    # How much there is
    "nothing_indexed": ("No articles are indexed yet.", "Todavía no hay artículos en el índice."),
    "indexed": ("{articles}, {passages} indexed", "{articles}, {passages} en el índice"),
    "in_step": ("up to date with the folder", "al día con la carpeta"),
    "pending": ("{count} pending", "{count} por indexar"),
    "not_readable": ("{count} unreadable", "{count} ilegibles"),
    "stays_here": ("Nothing leaves this computer.", "Nada sale de este ordenador."),
    # An answer
    "unsure": ("Not sure. The closest passage:", "No es seguro. El pasaje más cercano:"),
    "nothing": (
        "I found nothing in these {count} articles that answers this.",
        "No encontré nada que responda a esto en estos {count} artículos.",
    ),
    "nothing_in_one": (
        "I found nothing in this article that answers this.",
        "No encontré nada que responda a esto en este artículo.",
    ),
    "none_admitted": ("No article matches the filter.", "Ningún artículo coincide con el filtro."),
    "also_found": ("Also found:", "También se encontró:"),
    "looking": ("Searching…", "Buscando…"),
    "still_ranking": (
        "First passages found; still looking for the best answer…",
        "Primeros pasajes encontrados; aún se busca la mejor respuesta…",
    ),
    "match": ("Match: {sure}", "Coincidencia: {sure}"),
    "strong": ("strong", "fuerte"),
    "likely": ("likely", "probable"),
    "weak": ("weak", "débil"),
    "strong_means": (
        "At least nine in ten answers that look like this one are right.",
        "Al menos nueve de cada diez respuestas como esta son correctas.",
    ),
    "likely_means": (
        "Seven to nine in ten answers that look like this one are right. Check the source.",
        "De siete a nueve de cada diez respuestas como esta son correctas. Comprueba la fuente.",
    ),
    "weak_means": (
        "Fewer than seven in ten answers that look like this one are right. Read the source before you rely on it.",
        "Menos de siete de cada diez respuestas como esta son correctas. Lee la fuente antes de fiarte.",
    ),
    "contents": ("Contents of {count}", "Contenido de {count}"),
    "summary": ("First sentences of “{subject}”, section by section", "Primeras frases de «{subject}», sección por sección"),
    "dates": ("{count}, by date", "{count}, por fecha"),
    "dates_about": ("{count} about “{subject}”, by date", "{count} sobre «{subject}», por fecha"),
    "mentions": ("About “{subject}”, from {count}", "Sobre «{subject}», de {count}"),
    "said_greeting": (
        "Hello. Ask anything about the articles, and their own words answer.",
        "Hola. Pregunta lo que quieras sobre los artículos: responden con sus propias palabras.",
    ),
    "said_thanks": ("Gladly. Ask another question whenever you like.", "Con mucho gusto. Haz otra pregunta cuando quieras."),
    "said_help": (
        "Ask who, what, when, where, why or how many about anything in the articles: the answer quotes the sentences that"
        " say it, with their source. Then ask on in few words, such as “And when was that?” or “What about 2020?”.",
        "Pregunta quién, qué, cuándo, dónde, por qué o cuántos sobre lo que tratan los artículos: la respuesta cita las frases"
        " que lo dicen, con su fuente. Después puedes seguir en pocas palabras, en inglés: «And when was that?» o"
        " «What about 2020?».",
    ),
    "for_example": ("For example:", "Por ejemplo:"),
    "searched": ("Searched for: {question}", "Se buscó: {question}"),
    "instead": ("“{searched}” instead of “{typed}”", "«{searched}» en lugar de «{typed}»"),
    "in_parts": ("Split into these questions:", "Dividida en estas preguntas:"),
    "differ": ("The articles differ: compare {markers}.", "Los artículos difieren: compara {markers}."),
    "and": ("and", "y"),
    "also_in": ("also in {count}", "también en {count}"),
    "one_changed": ("One file changed and is not indexed yet.", "Un archivo ha cambiado y aún no está en el índice."),
    "changed": ("{files} changed and are not indexed yet.", "{files} han cambiado y aún no están en el índice."),
    "unread": ("{files} could not be read.", "No se pudo leer: {files}."),
    "only_these": ("Limited to: {filters}", "Limitado a: {filters}"),
    # What may help without an answer
    "some_searched": ("Only some articles were searched ({filters}).", "Solo se buscó en algunos artículos ({filters})."),
    "ask_in": (
        "The articles seem to be in {language}: ask in {language}.",
        "Los artículos parecen estar en {language}: pregunta en {language}.",
    ),
    "closest_article": ("Open the closest article:", "Abre el artículo más cercano:"),
    "language_en": ("English", "inglés"),
    "language_es": ("Spanish", "español"),
    "language_fr": ("French", "francés"),
    "language_de": ("German", "alemán"),
    "language_it": ("Italian", "italiano"),
    "language_pt": ("Portuguese", "portugués"),
    "language_nl": ("Dutch", "neerlandés"),
    # What can be done with it
    "just": ("Search only for “{question}”", "Buscar solo «{question}»"),
    "about": ("About:", "Sobre:"),
    "without": ("Ask without", "Preguntar sin"),
    "ask_next": ("Ask next", "Sigue preguntando"),
    "said_under": ("What is said under “{section}”?", "¿Qué se dice en «{section}»?"),
    "said_about": ("What is said about {subject}?", "¿Qué se dice sobre {subject}?"),
    "copy_answer": ("Copy with citations", "Copiar con citas"),
    "edit_question": ("Edit question", "Editar la pregunta"),
    "copy_link": ("Copy link", "Copiar enlace"),
    "was_right": ("Right answer", "Respuesta correcta"),
    "was_wrong": ("Wrong answer", "Respuesta errónea"),
    "wrong_source": ("Wrong source", "Fuente errónea"),
    "thanks": ("Saved on this computer.", "Guardado en este ordenador."),
    "copied": ("Copied", "Copiado"),
    "not_copied": ("The browser does not allow copying.", "El navegador no permite copiar."),
    # A source
    "line": ("line {line}", "línea {line}"),
    "lines": ("lines {first}–{last}", "líneas {first}–{last}"),
    "section": ("Section: {section}", "Sección: {section}"),
    "original": ("Original", "Original"),
    "whole_article": ("Whole article", "Artículo completo"),
    "plain_text": ("Plain text", "Texto sin formato"),
    "page_picture": ("Page {label} of the file, with the quote marked", "Página {label} del archivo, con la cita marcada"),
    "part_of_long": ("Part of this long article:", "Parte de este artículo largo:"),
    "back": ("Back to answer", "Volver a la respuesta"),
    "previous": ("Previous", "Anterior"),
    "next": ("Next", "Siguiente"),
    "copy_citation": ("Copy citation", "Copiar cita"),
    "style_plain": ("Plain", "Simple"),
    "why": ("Why this passage", "Por qué este pasaje"),
    "why_words": ("Words it shares with the question: {words}", "Palabras que comparte con la pregunta: {words}"),
    "why_no_words": ("It shares no words with the question.", "No comparte palabras con la pregunta."),
    "why_meaning": ("Meaning of its closest sentence", "Significado de su frase más cercana"),
    "why_lexical": ("Words of the question, by weight", "Palabras de la pregunta, por peso"),
    "why_rerank": ("Second ranking, word by word", "Segunda ordenación, palabra por palabra"),
    "why_order": (
        "Number {first} by meaning and words; number {rank} after the second ranking.",
        "Número {first} por significado y palabras; número {rank} tras la segunda ordenación.",
    ),
    "not_reranked": (
        "Number {rank} by meaning and words, without the second ranking.",
        "Número {rank} por significado y palabras, sin la segunda ordenación.",
    ),
    # Only some articles
    "scope": ("Only", "Solo"),
    "everything": ("Ask all articles", "Preguntar a todos"),
    "since": ("since {value}", "desde {value}"),
    "until": ("until {value}", "hasta {value}"),
    "of_source": ("source: {value}", "fuente: {value}"),
    "tagged": ("tag: {value}", "etiqueta: {value}"),
    "at_path": ("files: {value}", "archivos: {value}"),
    "by_author": ("author: {value}", "autor: {value}"),
    "of_kind": ("kind: {value}", "tipo: {value}"),
    "dated": ("from {value}", "de {value}"),
    "only_articles": ("Only articles {filters}", "Solo artículos {filters}"),
    "remove": ("Remove the filter {filter}", "Quitar el filtro {filter}"),
    # Keys and dialogs
    "keyboard": ("Keyboard", "Teclado"),
    "key_question": ("type a question", "escribir una pregunta"),
    "key_sources": ("next and previous source", "fuente siguiente y anterior"),
    "key_back": ("back to where you were", "volver a donde estabas"),
    "key_help": ("this list", "esta lista"),
    "close": ("Close", "Cerrar"),
    "history": ("History", "Historial"),
    "history_empty": ("No questions are saved.", "No hay preguntas guardadas."),
    "history_on": ("Remember questions in this browser", "Recordar las preguntas en este navegador"),
    "history_forget": ("Forget all", "Olvidar todo"),
    "save": ("Save", "Guardar"),
    "save_title": ("Save this conversation", "Guardar esta conversación"),
    "save_about": (
        "A file with every question, its quotes and their places, and the checksum of each article.",
        "Un archivo con cada pregunta, sus citas y su ubicación, y la suma de comprobación de cada artículo.",
    ),
    "save_empty": ("There is nothing to save yet.", "Todavía no hay nada que guardar."),
    # Timeline and map
    "timeline": ("Timeline", "Cronología"),
    "timeline_about": ("Articles by month", "Artículos por mes"),
    "bar": ("{month}: {articles}", "{month}: {articles}"),
    "no_month": ("Without a month: {articles}.", "Sin mes: {articles}."),
    "map": ("Map", "Mapa"),
    "map_about": (
        "Articles that say similar things are close to each other.",
        "Los artículos que dicen cosas parecidas están cerca unos de otros.",
    ),
    "map_some": ("{shown} of {articles} are shown.", "Se muestran {shown} de {articles}."),
    "map_unfinished": ("The map is being drawn.", "Se está dibujando el mapa."),
    "other_sources": ("Other sources", "Otras fuentes"),
    # Reading an article
    "tags": ("Tags", "Etiquetas"),
    "part_shown": ("Only part of this long article is shown.", "Solo se muestra una parte de este artículo largo."),
    "no_such_span": (
        "The marked place is not in this text: the article has changed.",
        "El lugar marcado no está en este texto: el artículo ha cambiado.",
    ),
    "no_article": ("there is no article “{id}”", "no existe el artículo «{id}»"),
    **ARTICLES_TAB,
}
"""By name; `{…}` takes a value."""
