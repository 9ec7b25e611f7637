// Returned to test_browser.py: whatever sticks out at the right of the window and cannot be scrolled to in a box of its own.
const boxed = (node) =>
  node && (/auto|scroll|clip|hidden/.test(getComputedStyle(node).overflowX) || boxed(node.parentElement));
return [...document.querySelectorAll("body *")]
  .filter((node) => node.checkVisibility() && !node.closest(".hidden, .skip") && !boxed(node.parentElement))
  .filter((node) => node.getBoundingClientRect().right > innerWidth + 1)
  .map((node) => node.outerHTML.slice(0, 120));
