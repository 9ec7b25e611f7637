"use strict";
// Filters, folds and finds. Without it the page still shows everything; the tools stay hidden then.
(() => {
  const $ = (selector) => document.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const scenarios = all(".scenario").map((node) => {
    const feature = node.closest(".feature"), rule = node.closest(".rule");
    const around = [feature.querySelector("header").textContent, rule.querySelector("h4")?.textContent ?? ""];
    return { node, rows: all(".row:not(.head)", node), text: [node.textContent, ...around].join(" ").toLowerCase() };
  });
  const matches = (node, show) =>
    show === "all" || (show === "differs" ? "differs" in node.dataset : node.dataset.status.split(" ").includes(show));
  const hide = (node, hidden) => node.toggleAttribute("data-hidden", hidden);
  const chosen = () => $("input[name=show]:checked").value;

  function filter() {
    const show = chosen(), words = $("#find").value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const { node, rows, text } of scenarios) {
      const visible = matches(node, show) && words.every((word) => text.includes(word));
      hide(node, !visible);
      for (const row of rows) hide(row, !matches(row, show));
      shown += visible ? rows.filter((row) => !row.hasAttribute("data-hidden")).length || 1 : 0;
    }
    for (const node of all(".rule, .feature, .chapter"))
      hide(node, all(".scenario", node).every((scenario) => scenario.hasAttribute("data-hidden")));
    for (const link of all("nav a")) hide(link, document.getElementById(link.hash.slice(1)).hasAttribute("data-hidden"));
    $(".nothing").hidden = shown > 0;
    $("#shown").value = show === "all" && !words.length ? "" : `${shown} shown`;
  }
  function unfold(open) {
    for (const node of all(".scenario, .background")) node.open = open;
    $("#unfold").textContent = open ? "Fold all" : "Unfold all";
  }
  function reveal() {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.matches(".scenario")) target.open = true;
  }

  for (const input of all("input[name=show]")) {
    const runs = scenarios.flatMap(({ node, rows }) => (rows.length ? rows : [node]));
    const count = runs.filter((node) => matches(node, input.value)).length;
    input.nextElementSibling.querySelector(".amount").textContent = count;
    if (!count && input.value !== "all") input.parentElement.hidden = input.value === "expected";
    input.addEventListener("change", filter);
  }
  $("#find").addEventListener("input", filter);
  $("#unfold").addEventListener("click", () => unfold($("#unfold").textContent === "Unfold all"));
  $("#clear").addEventListener("click", () => {
    $("#find").value = "";
    $("input[name=show][value=all]").checked = true;
    filter();
    $("#find").focus();
  });
  $(".tools").addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !event.target.matches("input[type=search]")) {
      event.preventDefault();
      $("#find").select();
    } else if (event.key === "Escape" && event.target === $("#find")) {
      $("#find").value = "";
      filter();
    }
  });
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = all("details:not([open])");
    for (const node of folded) node.open = true;
  });
  addEventListener("afterprint", () => folded.forEach((node) => { node.open = false; }));
  addEventListener("hashchange", reveal);
  $(".tools").hidden = false;
  filter();
  reveal();
})();
