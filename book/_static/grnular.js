// Boxes that scroll sideways can be reached and scrolled with the keyboard, and are named to a
// screen reader. Only those that are too wide for the window: the others are no stop on the way.
(() => {
  const BOXES = ".cell_output, .wide-figure, .cell_output > .output, .math, .highlight pre, .pst-scrollable-table-container, mjx-container[display='true']";

  const mark = () => {
    for (const box of document.querySelectorAll(`.bd-article :is(${BOXES})`)) {
      const overflow = getComputedStyle(box).overflowX;
      const wide = box.scrollWidth > box.clientWidth + 1 && /auto|scroll/.test(overflow);
      // equations and code scroll in themselves, and the block around them says so
      const named = box.matches("mjx-container") ? box.closest(".math") : box.matches("pre") ? box.parentElement : box;
      if (named && !named.matches("span")) named.classList.toggle("scrolls", wide);
      if (wide && box.getAttribute("tabindex") !== "0") {
        box.tabIndex = 0;
        if (!box.hasAttribute("role")) {
          box.setAttribute("role", "group");
          box.setAttribute("aria-label", "scrolls sideways");
        }
      } else if (!wide && box.getAttribute("aria-label") === "scrolls sideways") {
        for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
      }
    }
  };

  // Tables of long texts stand cell below cell on a phone: every cell says which column it is of.
  const name = () => {
    for (const table of document.querySelectorAll(".bd-article table.long")) {
      const heads = [...table.querySelectorAll("thead th")].map((head) => head.textContent.trim());
      for (const row of table.querySelectorAll("tbody tr"))
        [...row.cells].slice(1).forEach((cell, at) => { if (heads[at + 1]) cell.dataset.column = heads[at + 1]; });
    }
  };

  // Sentences in the other tables, which on a phone are no narrower than can be read.
  const WORDY = 45;  // letters
  const widen = () => {
    for (const cell of document.querySelectorAll(".bd-article table:not(.long) td:not(:first-child)"))
      cell.classList.toggle("wordy", cell.textContent.trim().length > WORDY);
  };

  window.addEventListener("load", () => {
    name();
    widen();
    mark();
    window.MathJax?.startup?.promise?.then(mark);
    new ResizeObserver(mark).observe(document.documentElement);
  });
})();

// Fields of a figure (grnular_core/plotting/hover.py) by keyboard and by touch: arrows move from one
// to the next, and their words stand below.
window.addEventListener("load", () => {
  const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  for (const figure of document.querySelectorAll(".hover-figure")) {
    const spots = [...figure.querySelectorAll(".hover-spot")].map((spot) => {
      const [x, y, width, height] = ["x", "y", "width", "height"].map((name) => Number(spot.querySelector("rect").getAttribute(name)));
      return { spot, x: x + width / 2, y: y + height / 2 };
    });
    const words = document.createElement("p");
    words.className = "hover-words";
    words.setAttribute("aria-live", "polite");
    figure.append(words);
    figure.tabIndex = 0;
    let at = null;
    const go = (to) => {
      at?.spot.classList.remove("at");
      at = to;
      at.spot.classList.add("at");
      words.textContent = at.spot.querySelector("title").textContent.replaceAll("\n", " · ");
    };
    for (const one of spots) one.spot.addEventListener("click", () => go(one));
    figure.addEventListener("keydown", (event) => {
      const way = WAYS[event.key];
      if (!way || !spots.length) return;
      event.preventDefault();
      const far = ({ x, y }) => {
        const [along, across] = way[0] ? [(x - at.x) * way[0], y - at.y] : [(y - at.y) * way[1], x - at.x];
        return along > 0.5 && Math.abs(across) <= along ? along + 2 * Math.abs(across) : Infinity;
      };
      const next = at ? spots.reduce((best, one) => (far(one) < far(best) ? one : best)) : spots[0];
      if (!at || far(next) < Infinity) go(next);
      at.spot.scrollIntoView({ block: "nearest", inline: "nearest" });
    });
  }
});

// An address inside of something folded opens it.
const opened = () => {
  const part = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const folded = part?.closest("details:not([open])");
  if (!folded) return;
  folded.open = true;
  part.scrollIntoView();
};
window.addEventListener("load", opened);
window.addEventListener("hashchange", opened);

// Below a table's caption: what it shows, as a csv file named after its number.
window.addEventListener("load", () => {
  for (const table of document.querySelectorAll(".bd-article table[id]:has(.caption-text)")) {
    const quoted = (cell) => `"${cell.textContent.trim().replaceAll('"', '""')}"`;
    const lines = [...table.rows].map((row) => [...row.cells].map(quoted).join(","));
    const link = document.createElement("a");
    link.className = "table-file";
    link.download = `${table.id}.csv`;
    link.href = `data:text/csv;charset=utf-8,${encodeURIComponent(lines.join("\n"))}`;
    link.textContent = link.download;
    table.caption.querySelector(".caption-text").append(" ", link);
  }
});

// A browser lets no page that was opened as a file read another one, as Sphinx' search does for the
// lines around a find. They come from a script with the texts of all pages (book/search_text.py).
if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS !== "undefined") {
  DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

  // The words that were asked for, each with its stem, by which Sphinx finds other forms of it.
  const asked = () => {
    const stemmer = new Stemmer();
    const words = splitQuery((new URLSearchParams(location.search).get("q") ?? "").toLowerCase());
    return words.filter((word) => !stopwords.includes(word)).map((word) => [word, stemmer.stemWord(word)]);
  };

  // Where about 240 letters of a text hold the most of these words, and how many.
  const densest = (text, words) => {
    const lower = text.toLowerCase();
    const found = words.map(([word, stem]) => (lower.includes(word) ? word : stem)).filter((word) => lower.includes(word));
    let best = { place: 0, count: 0 };
    for (const word of found) {
      for (let place = lower.indexOf(word); place >= 0; place = lower.indexOf(word, place + 1)) {
        const lines = lower.slice(place, place + 140);
        const count = found.filter((one) => lines.includes(one)).length;
        if (count > best.count || (count === best.count && place < best.place)) best = { place, count };
      }
    }
    return best;
  };

  // The lines around them in the part of the page that a link leads to, or in the page.
  const excerpt = (address, words) => {
    const [page, part] = address.split("#");
    const parts = window.SEARCH_TEXT[page] ?? [];
    const named = parts.filter(([name]) => name === part);
    let text = "", at = { place: 0, count: -1 };
    for (const [, one] of named.length ? named : parts) {
      const there = densest(one, words);
      if (there.count > at.count) [text, at] = [one, there];
    }
    const start = at.place > 100 ? text.indexOf(" ", at.place - 100) + 1 : 0;
    const end = text.length > start + 240 ? text.lastIndexOf(" ", start + 240) : text.length;
    return (start ? "… " : "") + text.slice(start, end) + (end < text.length ? " …" : "");
  };

  const complete = () => {
    const words = asked();
    for (const found of document.querySelectorAll("#search-results li:not(:has(p.context, > span))")) {
      const line = document.createElement("p");
      line.className = "context";
      line.textContent = excerpt(found.querySelector("a").getAttribute("href"), words);
      found.append(line);
      for (const word of words.flat()) _highlightText(found, word, "highlighted");
    }
  };

  window.addEventListener("load", () => {
    const results = document.getElementById("search-results");
    if (!results) return;
    const texts = document.createElement("script");
    texts.src = "_static/searchtext.js";
    texts.addEventListener("load", () => {
      complete();
      new MutationObserver(complete).observe(results, { childList: true, subtree: true });
    });
    document.body.append(texts);
  });
}
