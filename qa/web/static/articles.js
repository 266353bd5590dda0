// Fills the articles tab with what the server renders, follows its links and forms, shows how a sync goes, sends new articles.
"use strict";

(() => {
  const TYPED_MS = 300;
  const POLL_MS = 500;
  const still = window.matchMedia("(prefers-reduced-motion: reduce)");

  const addresses = document.currentScript.dataset;
  let address = addresses.listing;
  let requests = 0;
  let typed = 0;
  let watching = false;

  const tab = () => document.getElementById("qa-shelf");
  const within = (selector) => tab() && tab().querySelector(selector);
  const pause = (ms) => new Promise((ended) => setTimeout(ended, ms));

  // --- the fragment

  // Read aloud what has changed, from a place that is there before and after it.
  const say = (words) => {
    let line = document.getElementById("qa-shelf-spoken");
    if (!line) {
      line = Object.assign(document.createElement("p"), { id: "qa-shelf-spoken", className: "qa-hidden" });
      line.setAttribute("role", "status");
      tab().prepend(line);
    }
    line.textContent = words;
  };

  const showLost = () => {
    if (within("#qa-shelf-content")) say(within("#qa-shelf-content").dataset.lost);
  };

  const sameAs = (element) => {
    const href = element.getAttribute("href");
    const links = href ? [...tab().querySelectorAll("a[href]")] : [];
    return (element.id && document.getElementById(element.id)) || links.find((link) => link.getAttribute("href") === href);
  };

  // Return a function that brings the reader back to where they were, in the new fragment, with what is typed there.
  const focusToRestore = () => {
    const at = document.activeElement;
    if (!at || !tab().contains(at)) return () => {};
    const { value, selectionStart, selectionEnd } = at;
    return () => {
      const now = at.closest(".qa-pager") ? null : sameAs(at);
      if (!now) return within("#qa-shelf-count") && within("#qa-shelf-count").focus();
      now.focus({ preventScroll: true });
      if (!now.matches("input[type=search], input[type=text]")) return;
      now.value = value;
      now.setSelectionRange(selectionStart, selectionEnd);
    };
  };

  const scrollBars = (left) => {
    const bars = within(".qa-scrolled");
    if (bars) bars.scrollLeft = left === undefined ? bars.scrollWidth : left;
  };

  const swap = (html) => {
    const restore = focusToRestore();
    const open = [...tab().querySelectorAll("details[open]")].map((each) => each.id);
    const left = within(".qa-scrolled") ? within(".qa-scrolled").scrollLeft : undefined;
    const sent = within("#qa-upload-said") ? [...within("#qa-upload-said").children] : [];
    const made = document.createElement("template");
    made.innerHTML = html;
    if (within("#qa-shelf-content")) within("#qa-shelf-content").replaceWith(made.content);
    else tab().append(made.content);
    for (const details of open.map((id) => document.getElementById(id))) if (details) details.open = true;
    if (within("#qa-upload-said")) within("#qa-upload-said").append(...sent);
    scrollBars(left);
    restore();
  };

  const load = async (wanted, spoken) => {
    const mine = ++requests;
    try {
      const reply = await fetch(wanted);
      const html = await reply.text();
      if (mine !== requests || !tab()) return;
      if (!reply.ok) return showLost();
      address = wanted;
      swap(html);
    } catch {
      return showLost();
    }
    if (spoken && within("#qa-shelf-count")) say(within("#qa-shelf-count").textContent);
    settle();
  };

  // What the server was not ready with is requests for again.
  const settle = () => {
    tab().classList.add("qa-live");
    if (within("#qa-sync-bar:not([hidden])")) watchSync(true);
    const mine = requests;
    if (within("[data-unfinished]")) pause(2 * POLL_MS).then(() => mine === requests && load(address));
  };

  const submit = (form) => {
    clearTimeout(typed);
    const given = [...new FormData(form)].filter(([, value]) => value.trim());
    load(`${addresses.listing}?` + new URLSearchParams(given), true);
  };

  // --- the sync

  const show = (state) => {
    const bar = within("#qa-sync-bar");
    if (!bar) return;
    bar.hidden = !state.running;
    bar.max = Math.max(1, state.total);
    if (state.total > 1) bar.value = state.done;
    else bar.removeAttribute("value");
    within("#qa-sync-again").disabled = state.running;
    if (state.running) within("#qa-sync-said").textContent = state.said;
  };

  const state = async (method = "GET") => {
    try {
      const now = await (await fetch(addresses.sync, { method })).json();
      show(now);
      return now;
    } catch {
      showLost();
      return { running: false, said: "" };
    }
  };

  // Follow a sync to its end, and then load the articles again; with `always`, also if it has ended already.
  const watchSync = async (always = false) => {
    if (watching) return;
    watching = true;
    let now = await state();
    const reload = always || now.running;
    while (now.running) {
      await pause(POLL_MS);
      now = await state();
    }
    watching = false;
    if (reload) document.dispatchEvent(new CustomEvent("qa:synced"));
    if (!reload || !within("#qa-shelf-content")) return;
    await load(address);
    if (now.said) say(now.said);
  };

  const sync = async () => {
    await state("POST");
    watchSync(true);
  };

  // --- new articles

  const send = async (file) => {
    const name = encodeURIComponent(file.name.normalize("NFC"));
    const reply = await fetch(addresses.reading + name, { method: "PUT", body: file });
    const { said, error } = await reply.json();
    return Object.assign(document.createElement("p"), { textContent: said || error, className: said ? "" : "qa-note" });
  };

  const upload = async (input) => {
    const files = [...input.files];
    within("#qa-upload-said").replaceChildren();
    for (const file of files) {
      try {
        const line = await send(file);
        within("#qa-upload-said").append(line);
      } catch {
        showLost();
      }
    }
    input.value = "";
    watchSync(true);
  };

  // --- what the reader does

  const choose = (event) => {
    const link = event.target.closest && event.target.closest("#qa-shelf :is(a[href], button)");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    const href = link.getAttribute("href") || "";
    if (link.id === "qa-sync-again") sync();
    else if (href.split("?")[0] === addresses.listing) {
      event.preventDefault();
      load(href, true);
    } else if (link.matches(".qa-scope") && !document.body.matches(".qa-page")) {
      event.preventDefault();
      document.dispatchEvent(new CustomEvent("qa:scope", { detail: href.slice(href.indexOf("?") + 1) }));
    }
  };

  const change = (event) => {
    if (event.target.id === "qa-upload") upload(event.target);
    else if (event.target.matches("#qa-shelf-form *")) submit(event.target.form);
  };

  const type = (event) => {
    if (event.target.id !== "qa-search") return;
    clearTimeout(typed);
    typed = setTimeout(() => event.target.isConnected && submit(event.target.form), TYPED_MS);
  };

  const sendForm = (event) => {
    if (event.target.id !== "qa-shelf-form") return;
    event.preventDefault();
    submit(event.target);
  };

  document.addEventListener("click", choose);
  document.addEventListener("change", change);
  document.addEventListener("input", type);
  document.addEventListener("submit", sendForm);

  // --- the beginning

  // The tab may come to the page later, and again; it is filled when it is first seen.
  const visible = new IntersectionObserver((entries) => {
    for (const each of entries.filter((entry) => entry.isIntersecting)) {
      visible.unobserve(each.target);
      if (!within("#qa-shelf-content")) load(address);
    }
  });
  const observed = new WeakSet();
  const find = () => {
    if (!tab() || observed.has(tab())) return;
    observed.add(tab());
    visible.observe(tab());
  };

  // A picture that cannot be had gives way to the text: errors do not bubble, but they can be captured.
  document.addEventListener("error", (event) => {
    const picture = event.target.closest && event.target.closest(".qa-page-picture");
    if (!picture) return;
    const mark = picture.parentElement.querySelector("mark");
    picture.remove();
    if (mark) mark.scrollIntoView({ block: "center" });
  }, true);

  const quote = document.querySelector(".qa-page-picture") || document.getElementById("quote");
  if (quote) quote.scrollIntoView({ behavior: still.matches ? "auto" : "smooth", block: "center" });
  if (document.querySelector(".qa-reading")) return;
  if (within("#qa-shelf-content")) {
    address = location.pathname + location.search;
    scrollBars();
    settle();
  }
  find();
  new MutationObserver(find).observe(document.body, { childList: true, subtree: true });
  watchSync();
})();
