"""What the page says, in English and Spanish, side by side: a string that one language lacks cannot be written."""

from __future__ import annotations

import re
from collections.abc import Mapping

from qa.text.dates import written_out

LANGUAGES = ("en", "es")

_STRINGS: Mapping[str, tuple[str, str]] = {
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
    "in_step": ("in step with the folder", "al día con la carpeta"),
    "pending": ("{count} pending", "{count} por indexar"),
    "not_readable": ("{count} not readable", "{count} ilegibles"),
    "stays_here": ("Nothing leaves this computer.", "Nada sale de este ordenador."),
    # An answer
    "silent": ("The articles do not say.", "Los artículos no lo dicen."),
    "closest": ("Closest passages:", "Los pasajes más cercanos:"),
    "none_admitted": ("No article passes the filter.", "Ningún artículo pasa el filtro."),
    "also_found": ("Also found:", "También se encontró:"),
    "looking": ("Looking…", "Buscando…"),
    "looking_closer": ("Found so far, looking closer…", "Hallado hasta ahora; se sigue mirando…"),
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
    "searched": ("Searched for: {question}", "Se buscó: {question}"),
    "in_parts": ("Asked in parts:", "Preguntado por partes:"),
    "differ": ("The articles differ: compare {markers}.", "Los artículos difieren: compara {markers}."),
    "and": ("and", "y"),
    "also_in": ("also in {count}", "también en {count}"),
    "one_changed": ("One file changed and is not indexed yet.", "Un archivo ha cambiado y aún no está en el índice."),
    "changed": ("{files} changed and are not indexed yet.", "{files} han cambiado y aún no están en el índice."),
    "unread": ("{files} could not be read.", "No se pudo leer: {files}."),
    "only_these": ("Asked of: {filters}", "Preguntado a: {filters}"),
    # What can be done with it
    "just": ("Search for just “{question}”", "Buscar solo «{question}»"),
    "ask_next": ("Ask next", "Sigue preguntando"),
    "said_under": ("What is said under “{section}”?", "¿Qué se dice en «{section}»?"),
    "said_about": ("What is said about {subject}?", "¿Qué se dice sobre {subject}?"),
    "copy_answer": ("Copy with citations", "Copiar con citas"),
    "edit_question": ("Edit question", "Editar la pregunta"),
    "copy_link": ("Copy link", "Copiar enlace"),
    "was_right": ("Right answer", "Respuesta correcta"),
    "was_wrong": ("Wrong answer", "Respuesta errónea"),
    "wrong_source": ("Wrong source", "Fuente errónea"),
    "thanks": ("Noted on this computer.", "Anotado en este ordenador."),
    "copied": ("Copied", "Copiado"),
    "not_copied": ("The browser does not allow copying.", "El navegador no permite copiar."),
    # A source
    "line": ("line {line}", "línea {line}"),
    "lines": ("lines {first}–{last}", "líneas {first}–{last}"),
    "section": ("Section: {section}", "Sección: {section}"),
    "original": ("Original", "Original"),
    "whole_article": ("Whole article", "Artículo completo"),
    "plain_text": ("Plain text", "Texto sin formato"),
    "part_of_long": ("A part of this long article:", "Una parte de este artículo largo:"),
    "back": ("Back to answer", "Volver a la respuesta"),
    "previous": ("Previous", "Anterior"),
    "next": ("Next", "Siguiente"),
    "copy_citation": ("Copy citation", "Copiar cita"),
    "style_plain": ("Plain", "Simple"),
    "why": ("Why this passage", "Por qué este pasaje"),
    "why_words": ("Words of the question in it: {words}", "Palabras de la pregunta en él: {words}"),
    "why_no_words": ("It has none of the question's words.", "No contiene palabras de la pregunta."),
    "why_meaning": ("Nearest sentence, by meaning", "Frase más cercana, por significado"),
    "why_lexical": ("The question's words, by weight", "Palabras de la pregunta, por peso"),
    "why_closer": ("Closer look", "Mirada más detenida"),
    "why_order": (
        "By the first two it was number {first}; the closer look made it number {rank}.",
        "Por los dos primeros era el número {first}; la mirada más detenida lo hizo el número {rank}.",
    ),
    "no_closer_look": ("Number {rank}, without a closer look.", "Número {rank}, sin mirada más detenida."),
    # Only some articles
    "scope": ("Only", "Solo"),
    "everything": ("Ask all articles", "Preguntar a todos"),
    "since": ("since {value}", "desde {value}"),
    "until": ("until {value}", "hasta {value}"),
    "of_source": ("source: {value}", "fuente: {value}"),
    "tagged": ("tag: {value}", "etiqueta: {value}"),
    "at_path": ("files: {value}", "archivos: {value}"),
    "remove": ("Remove the filter {filter}", "Quitar el filtro {filter}"),
    # Keys and dialogs
    "keyboard": ("Keyboard", "Teclado"),
    "key_question": ("type a question", "escribir una pregunta"),
    "key_sources": ("next and previous source", "fuente siguiente y anterior"),
    "key_back": ("back to where you were", "volver a donde estabas"),
    "key_help": ("this list", "esta lista"),
    "close": ("Close", "Cerrar"),
    "history": ("History", "Historial"),
    "history_empty": ("No questions are remembered.", "No se recuerda ninguna pregunta."),
    "history_on": ("Remember questions in this browser", "Recordar las preguntas en este navegador"),
    "history_forget": ("Forget all", "Olvidar todo"),
    "save": ("Save", "Guardar"),
    "save_title": ("Save this conversation", "Guardar esta conversación"),
    "save_about": (
        "One file with each question, its quotes, where they stand, and the checksum of each article.",
        "Un archivo con cada pregunta, sus citas, dónde están y la suma de comprobación de cada artículo.",
    ),
    "save_empty": ("There is nothing to save yet.", "Todavía no hay nada que guardar."),
    # The shelf
    "search": ("Search in title, file and source", "Buscar en título, archivo y fuente"),
    "filters": ("Filters", "Filtros"),
    "filters_chosen": ("Chosen filters", "Filtros elegidos"),
    "after": ("From", "Desde"),
    "before": ("To", "Hasta"),
    "date_hint": ("2024, 2024-03 or 2024-03-15", "2024, 2024-03 o 2024-03-15"),
    "source": ("Source", "Fuente"),
    "tag": ("Tag", "Etiqueta"),
    "path": ("File", "Archivo"),
    "path_hint": ("A pattern such as reports/*", "Un patrón como informes/*"),
    "sort": ("Order", "Orden"),
    "page": ("Page", "Página"),
    "show": ("Show", "Mostrar"),
    "remove_filter": ("Remove the filter {what}: {value}", "Quitar el filtro {what}: {value}"),
    "remove_all": ("Remove all", "Quitar todos"),
    "refused": ("“{value}” makes no sense for “{what}” and was left out.", "«{value}» no sirve para «{what}» y no se usó."),
    "ask_only": ("Ask only these", "Preguntar solo a estos"),
    "scope_without_search": (
        "The filters apply to questions, the search words do not.",
        "A las preguntas se aplican los filtros, no las palabras buscadas.",
    ),
    "none_found": ("No article matches.", "Ningún artículo coincide."),
    "date": ("Date", "Fecha"),
    "passages": ("Passages", "Pasajes"),
    "state": ("State", "Estado"),
    "article_title": ("Title", "Título"),
    "is_indexed": ("Indexed", "Indexado"),
    "is_changed": ("Changed, not indexed yet", "Cambiado, aún sin indexar"),
    "is_new": ("New, not indexed yet", "Nuevo, aún sin indexar"),
    "is_gone": ("No longer in the folder", "Ya no está en la carpeta"),
    "is_unreadable": ("Not readable: {reason}", "No se puede leer: {reason}"),
    "pages": ("Pages", "Páginas"),
    "page_of": ("Page {page} of {pages}", "Página {page} de {pages}"),
    # The sync
    "look_again": ("Look for changes", "Buscar cambios"),
    "reading": ("Reading articles", "Leyendo artículos"),
    "loading": ("Loading the encoder", "Cargando el codificador"),
    "embedding": ("Embedding passages", "Codificando pasajes"),
    "calibrating": ("Fitting the confidence", "Ajustando la confianza"),
    "starting": ("Looking for changes", "Buscando cambios"),
    "of": ("{done} of {total}", "{done} de {total}"),
    "per_second": ("{number} a second", "{number} por segundo"),
    "seconds_left": ("{number} s left", "faltan {number} s"),
    "minutes_left": ("{number} min left", "faltan {number} min"),
    "added": ("{number} added", "{number} nuevos"),
    "changed_count": ("{number} changed", "{number} cambiados"),
    "renamed": ("{number} renamed", "{number} con otro nombre"),
    "removed": ("{number} removed", "{number} quitados"),
    "unchanged": ("Nothing had changed.", "No había cambios."),
    "all_in_step": ("{articles}, {passages}, in step with the folder", "{articles}, {passages}, al día con la carpeta"),
    "some_behind": ("{articles}, {passages}; not indexed yet: {files}", "{articles}, {passages}; aún sin indexar: {files}"),
    "files_unread": ("Not readable: {files}", "No se pueden leer: {files}"),
    "server_lost": ("The server does not answer.", "El servidor no responde."),
    # Adding an article
    "add_articles": ("Add articles ({kinds})", "Añadir artículos ({kinds})"),
    "is_added": ("“{what}” is added.", "Se añadió «{what}»."),
    "upload_off": (
        "articles cannot be added here: start the server with --allow-upload",
        "aquí no se pueden añadir artículos: inicia el servidor con --allow-upload",
    ),
    "bad_name": (
        "“{what}” cannot be the name of an article: it takes a plain file name that ends in {kinds}",
        "«{what}» no puede ser el nombre de un artículo: debe ser un nombre de archivo simple que acabe en {kinds}",
    ),
    "uploads_at_once": (
        "too many articles are being added at once: try again in a moment",
        "se están añadiendo demasiados artículos a la vez: inténtelo de nuevo en un momento",
    ),
    "uploads_full": (
        "no more articles can be added: what a server takes, or the disk, is used up",
        "no se pueden añadir más artículos: se agotó lo que admite el servidor o el disco",
    ),
    "upload_slow": ("“{what}” took too long to come", "«{what}» tardó demasiado en llegar"),
    "upload_broken": ("“{what}” did not come whole", "«{what}» no llegó entero"),
    "name_taken": ("“{what}” is there already: nothing was changed", "«{what}» ya existe: no se cambió nada"),
    "cannot_read": ("“{what}” cannot be read: {reason}", "«{what}» no se puede leer: {reason}"),
    "cannot_write": ("“{what}” cannot be written: {reason}", "«{what}» no se puede guardar: {reason}"),
    # Timeline and map
    "timeline": ("Timeline", "Cronología"),
    "timeline_about": ("Articles by month", "Artículos por mes"),
    "bar": ("{month}: {articles}", "{month}: {articles}"),
    "no_month": ("Without a month: {articles}.", "Sin mes: {articles}."),
    "map": ("Map", "Mapa"),
    "map_about": (
        "Articles that say similar things are near each other.",
        "Los artículos que dicen cosas parecidas están cerca.",
    ),
    "map_some": ("{shown} of {articles} are drawn.", "Se muestran {shown} de {articles}."),
    "map_unfinished": ("The map is being drawn.", "Se está dibujando el mapa."),
    "other_sources": ("Other sources", "Otras fuentes"),
    # Reading an article
    "tags": ("Tags", "Etiquetas"),
    "part_shown": ("A part of this long article is shown.", "Se muestra una parte de este artículo largo."),
    "no_such_span": (
        "The marked place is not in this text: the article has changed.",
        "El lugar marcado no está en este texto: el artículo ha cambiado.",
    ),
    "no_article": ("there is no article “{id}”", "no existe el artículo «{id}»"),
}
"""By name; `{…}` is filled in by whoever says it."""

_COUNTED: Mapping[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "article": (("article", "articles"), ("artículo", "artículos")),
    "passage": (("passage", "passages"), ("pasaje", "pasajes")),
    "file": (("file", "files"), ("archivo", "archivos")),
    "other article": (("other article", "other articles"), ("artículo más", "artículos más")),
}
"""One and many of what is counted."""

_MONTHS_ES = (
    *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
    *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
)


class Words:
    """The strings of one language.

    >>> Words("es").counted(1200, "article"), Words("en").counted(1, "article")
    ('1.200 artículos', '1 article')
    """

    def __init__(self, language: str = "en") -> None:
        """Take one of `LANGUAGES`; of any other, English."""
        self.language = language if language in LANGUAGES else "en"
        self._column = LANGUAGES.index(self.language)

    def __call__(self, name: str, **values: object) -> str:
        """Return the string of that name, with the values in their places."""
        return _STRINGS[name][self._column].format(**values)

    def counted(self, number: int, noun: str) -> str:
        """Return a number with its noun."""
        return f"{self.number(number)} {_COUNTED[noun][self._column][number != 1]}"

    def number(self, number: int) -> str:
        """Return a whole number as it is written."""
        written = f"{number:,}"
        return written.replace(",", ".") if self.language == "es" else written

    def date(self, iso: str) -> str:
        """Return an ISO 8601 date as it is written; anything else unchanged.

        >>> Words("es").date("2024-01-13"), Words("es").date("2024-01")
        ('13 de enero de 2024', 'enero de 2024')
        """
        found = re.fullmatch(r"(\d{4})-(\d{2})(?:-(\d{2}))?", iso)
        if self.language == "en" or not found or not 1 <= int(found[2]) <= 12:
            return written_out(iso)
        month = f"{_MONTHS_ES[int(found[2]) - 1]} de {found[1]}"
        return f"{int(found[3])} de {month}" if found[3] else month

    def table(self) -> dict[str, str]:
        """Return all strings by name, their places not filled in: for the page's script."""
        return {name: texts[self._column] for name, texts in _STRINGS.items()}


ENGLISH = Words("en")


def preferred(accepted: str) -> Words:
    """Return the language that a browser likes best of those there are, by its `Accept-Language` header.

    >>> preferred("de, es-MX;q=0.9, en;q=0.8").language, preferred("").language
    ('es', 'en')
    """
    weighed = []
    for part in accepted.split(","):
        tag, _, weight = part.partition(";q=")
        try:
            weighed.append((-float(weight or 1), tag.strip().lower()[:2]))
        except ValueError:
            continue
    known = [language for weight, language in sorted(weighed, key=lambda each: each[0]) if language in LANGUAGES and weight < 0]
    return Words(known[0] if known else "en")
