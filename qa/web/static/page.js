// What the page does in the browser: the address of a question, the filter, the clipboard, the history, the file to save, and the
// dialogs.
"use strict";

(() => {
  const FILTERS = ["after", "before", "path", "source", "tag", "author", "kind"];
  const REMEMBERED = "qa:history";
  const FORGETFUL = "qa:forgetful";
  const MOST = 100;
  const addresses = document.currentScript.dataset;
  let words = {};

  const element = (tag, properties = {}, ...inside) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...inside);
    return made;
  };

  // --- telling the server, through Gradio's own boxes

  const enter = (box, value) => {
    Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(box, value);
    box.dispatchEvent(new Event("input", { bubbles: true }));
  };

  const question = () => document.querySelector("#qa-box textarea");
  const showTab = (name) => {
    const tabs = document.querySelectorAll("#qa-tabs [role=tab]");
    const tab = tabs[name === "articles" ? 1 : 0];
    if (tab && tab.getAttribute("aria-selected") !== "true") tab.click();
  };

  // A question from a link is standalone: it says all that it asks, to the letter, and is no follow-up of the one before.
  const ask = (text) => {
    showTab("ask");
    enter(question(), text);
    enter(document.querySelector("#qa-standalone textarea"), question().value);
    requestAnimationFrame(() => document.querySelector("#qa-box button.submit-button").click());
  };

  // --- the address says what is looked at: question, filter, open citation

  const filterOf = (query) => {
    const filter = new URLSearchParams();
    for (const [name, value] of new URLSearchParams(query)) if (FILTERS.includes(name) && value) filter.append(name, value);
    return filter.toString();
  };

  const note = (query, hash = "") => {
    const address = location.pathname + (query && query !== "?" ? query : "") + hash;
    if (address !== location.pathname + location.search + location.hash) history.replaceState(null, "", address);
  };

  const opened = (event) => {
    const [, turn, n] = event.detail.split("-");
    const marker = document.getElementById(`ref-${turn}-${n}`);
    if (marker) note(marker.closest(".qa-reply").querySelector("a.qa-link").getAttribute("href"), `#citation-${n}`);
  };

  let citation = /^#citation-\d+$/.test(location.hash) ? location.hash.split("-")[1] : "";
  const answered = (event) => {
    const href = event.detail.getAttribute("href");
    note(href);
    remember(href);
    const marker = event.detail.closest(".qa-reply").querySelector("a.qa-marker");
    if (citation && marker) document.dispatchEvent(new CustomEvent("qa:show", { detail: `src-${marker.id.split("-")[1]}-${citation}` }));
    citation = "";
  };

  const limit = (query) => {
    enter(document.querySelector("#qa-scope textarea"), filterOf(query));
    const asked = new URLSearchParams(location.search).get("q");
    if (!asked) note(filterOf(query) && `?${filterOf(query)}`);
  };

  // --- the clipboard

  const say = (text) => {
    let line = document.getElementById("qa-said");
    if (!line) {
      line = element("p", { id: "qa-said" });
      line.setAttribute("role", "status");
      document.querySelector(".gradio-container").append(line);
    }
    line.textContent = text;
    clearTimeout(say.timer);
    say.timer = setTimeout(() => { line.textContent = ""; }, 2500);
  };

  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      say(words.copied);
    } catch {
      say(words.not_copied);
    }
  };

  // --- the history: only in this browser, only while it is wanted

  const stored = (name) => {
    try { return localStorage.getItem(name); } catch { return null; }
  };
  const store = (name, value) => {
    try {
      if (value === null) localStorage.removeItem(name);
      else localStorage.setItem(name, value);
    } catch { /* A browser that stores nothing is no reason to stop. */ }
  };
  const savedQuestions = () => {
    try {
      const found = JSON.parse(stored(REMEMBERED) || "[]");
      return Array.isArray(found) ? found.filter((href) => typeof href === "string" && href.startsWith("?")) : [];
    } catch { return []; }
  };
  const remember = (href) => {
    if (!href || stored(FORGETFUL)) return;
    store(REMEMBERED, JSON.stringify([href, ...savedQuestions().filter((each) => each !== href)].slice(0, MOST)));
  };

  // --- dialogs

  const dialog = (id, title, ...inside) => {
    document.getElementById(id)?.remove();
    const heading = element("h2", { id: `${id}-title`, textContent: title });
    const close = element("button", { type: "button", textContent: words.close });
    const made = element("dialog", { id, className: "qa-dialog" }, heading, ...inside, close);
    made.setAttribute("aria-labelledby", heading.id);
    close.addEventListener("click", () => made.close());
    document.querySelector(".gradio-container").append(made);
    made.showModal();
    return made;
  };

  const showKeys = () => {
    const list = element("dl");
    for (const [key, does] of [["/", "key_question"], ["j, k", "key_sources"], ["Esc", "key_back"], ["?", "key_help"]]) {
      list.append(element("dt", { textContent: key }), element("dd", { textContent: words[does] }));
    }
    dialog("qa-help", words.keyboard, list);
  };

  const showHistory = () => {
    const list = element("ol");
    for (const href of savedQuestions()) {
      const link = element("a", { href, textContent: new URLSearchParams(href).get("q") || href, dir: "auto" });
      link.addEventListener("click", (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        shown.close();
        repeat(href);
      });
      list.append(element("li", {}, link));
    }
    const body = list.children.length ? list : element("p", { textContent: words.history_empty });
    const on = element("input", { type: "checkbox", checked: !stored(FORGETFUL) });
    const again = () => { shown.close(); showHistory(); };
    on.addEventListener("change", () => {
      store(FORGETFUL, on.checked ? null : "yes");
      if (!on.checked) store(REMEMBERED, null);
      again();
    });
    const forget = element("button", { type: "button", textContent: words.history_forget });
    forget.addEventListener("click", () => { store(REMEMBERED, null); again(); });
    const shown = dialog("qa-past", words.history, body, element("label", {}, on, ` ${words.history_on}`), forget);
  };

  const STYLE = "body{max-width:44rem;margin:2rem auto;padding:0 1rem;font:1rem/1.6 system-ui,sans-serif}" +
    "blockquote{margin:1rem 0 .25rem;padding-inline-start:1rem;border-inline-start:3px solid #999;white-space:pre-line}" +
    "cite{font-size:.875rem;overflow-wrap:anywhere}";

  const asMarkdown = () =>
    [`# ${words.title}\n`, ...[...document.querySelectorAll("#qa-chat .qa-reply > .qa-copy-source")].map((each) => each.textContent)]
      .join("\n");
  const asHtml = () => {
    const turns = [...document.querySelectorAll("#qa-chat .qa-to-save")].map((each) => each.innerHTML).join("\n");
    return `<!doctype html>\n<html lang="${words.language}"><meta charset="utf-8">` +
      `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">` +
      `<title>${words.title}</title>` +
      `<style>${STYLE}</style>\n<h1>${words.title}</h1>\n${turns}\n</html>\n`;
  };

  const save = () => {
    if (!document.querySelector("#qa-chat .qa-to-save")) {
      dialog("qa-saving", words.save_title, element("p", { textContent: words.save_empty }));
      return;
    }
    const rows = element("p", { className: "qa-choices" });
    for (const [label, name, type, text] of [
      ["Markdown", "conversation.md", "text/markdown", asMarkdown], ["HTML", "conversation.html", "text/html", asHtml],
    ]) {
      const link = element("a", { download: name, textContent: label });
      link.href = URL.createObjectURL(new Blob([text()], { type: `${type};charset=utf-8` }));
      rows.append(link);
    }
    const shown = dialog("qa-saving", words.save_title, element("p", { textContent: words.save_about }), rows);
    shown.addEventListener("close", () => { for (const link of rows.children) URL.revokeObjectURL(link.href); });
  };

  const repeat = (query) => {
    limit(query);
    const asked = new URLSearchParams(query).get("q");
    if (asked) ask(asked);
  };

  // --- what is clicked

  const copySource = (button) => button.parentElement.nextElementSibling?.matches("pre.qa-copy-source")
    ? button.parentElement.nextElementSibling
    : button.nextElementSibling;

  const judge = (button) => {
    const turn = button.parentElement.id.split("-")[1];
    for (const each of button.parentElement.children) each.setAttribute("aria-pressed", String(each === button));
    enter(document.querySelector("#qa-judged textarea"), JSON.stringify({ turn: Number(turn), verdict: button.value }));
  };

  const edit = (button) => {
    const asked = [...document.querySelectorAll("#qa-chat .qa-asked")];
    const mine = button.closest(".qa-reply");
    const before = asked.filter((each) => each.compareDocumentPosition(mine) & Node.DOCUMENT_POSITION_FOLLOWING).pop();
    if (!before) return;
    enter(question(), before.textContent);
    question().focus();
  };

  const dialogs = { "#qa-keyboard": showKeys, "#qa-history": showHistory, "#qa-save": save };
  const click = (event) => {
    const found = event.target.closest && event.target.closest("a, button");
    if (!found || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const own = found.matches("a.qa-opens-dialog, a.qa-offer, a.qa-again, a.qa-chip, a.qa-link");
    if (own) event.preventDefault();
    if (found.matches("a.qa-opens-dialog")) dialogs[found.hash]();
    else if (found.matches("a.qa-offer")) ask(new URLSearchParams(found.search).get("q"));
    else if (found.matches("a.qa-again")) repeat(found.search);
    else if (found.matches("a.qa-chip")) limit(found.search);
    else if (found.matches("a.qa-link")) copy(new URL(found.getAttribute("href"), location.origin + location.pathname).href);
    else if (found.matches("button.qa-copy")) copy(copySource(found).textContent);
    else if (found.matches("button.qa-edit")) edit(found);
    else if (found.matches("button.qa-judge")) judge(found);
  };

  // --- nothing waits for ever

  // Gradio closes its stream of messages when the last event has ended. An event that is sent at that very moment waits for its
  // messages until another one opens the stream again: where a question brings nothing for a while, the page sends one.
  const PATIENCE_MS = 1500;
  const tellNews = () => {
    const news = document.querySelector("#qa-news textarea");
    if (news) enter(news, String(Date.now()));
  };
  const unstick = (event) => {
    const clicked = event.type === "click" && event.target.closest?.("#qa-talk button");
    if (!clicked && !(event.key === "Enter" && event.target === question())) return;
    // A question that has been accepted is gone from the box.
    setTimeout(() => { if (question().value) tellNews(); }, PATIENCE_MS);
  };

  // --- at the start

  const ready = (then) => {
    const look = () => document.querySelector("#qa-box button.submit-button") && document.querySelector("#qa-scope textarea");
    if (look()) then();
    else setTimeout(() => ready(then), 50);
  };

  const begin = async () => {
    words = await (await fetch(addresses.words)).json();
    document.documentElement.lang = words.language;
    document.title = words.title;
    if (location.search.length > 1) ready(() => repeat(location.search));
  };

  document.addEventListener("click", click);
  for (const sent of ["click", "keydown"]) document.addEventListener(sent, unstick, { capture: true });
  document.addEventListener("qa:help", showKeys);
  document.addEventListener("qa:ask", () => showTab("ask"));
  document.addEventListener("qa:open", opened);
  document.addEventListener("qa:answered", answered);
  document.addEventListener("qa:synced", tellNews);
  document.addEventListener("qa:scope", (event) => { showTab("ask"); limit(event.detail); question().focus(); });
  begin();
})();
