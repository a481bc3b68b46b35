// Boxes that scroll sideways can be reached and scrolled with the keyboard, and are named to a
// screen reader. Only those that are too wide for the window: the others are no stop on the way.
(() => {
  const BOXES = ".cell_output, .wide-figure, .cell_output > .output, .math, .highlight pre, .pst-scrollable-table-container, mjx-container[display='true']";

  const mark = () => {
    for (const box of document.querySelectorAll(`.bd-article :is(${BOXES})`)) {
      const overflow = getComputedStyle(box).overflowX;
      const wide = box.scrollWidth > box.clientWidth + 1 && /auto|scroll/.test(overflow);
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

  window.addEventListener("load", () => {
    mark();
    window.MathJax?.startup?.promise?.then(mark);
    new ResizeObserver(mark).observe(document.documentElement);
  });
})();

// A browser lets no page that was opened as a file read another one: search then shows its finds
// without the lines around them.
if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS !== "undefined") {
  DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
}
