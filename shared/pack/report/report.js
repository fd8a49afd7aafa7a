"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Folding: documents begin folded; whatever an address leads to is unfolded.
  // What is folded stays so on paper: readers print what they unfold.
  const unfold = (node) => {
    for (let at = node; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
  };
  const plain = (name) => {
    try {
      return decodeURIComponent(name);
    } catch {
      return name; // no escape of ours
    }
  };
  const follow = () => {
    const target = document.getElementById(plain(location.hash.slice(1)));
    if (!target) return;
    unfold(target);
    target.scrollIntoView();
  };
  for (const one of all("details.document")) one.open = false;
  addEventListener("hashchange", follow);
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link && link.getAttribute("href") === location.hash) follow();
  });
  if (location.hash) follow();

  // Copying: a button for each block of code.
  const copy = async (code, button) => {
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      getSelection().selectAllChildren(code);
      document.execCommand("copy");
      getSelection().removeAllRanges();
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  };
  for (const block of all("pre.code")) {
    const box = document.createElement("div");
    box.className = "copied";
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    block.replaceWith(box);
    box.append(block, button);
    button.addEventListener("click", () => copy(block, button));
  }

  // Lists to work through: a box to tick for each point; nothing is kept.
  for (const list of all(".worklist > ol, .worklist > ul")) {
    list.classList.add("ticked");
    for (const item of list.children) {
      const box = document.createElement("input");
      box.type = "checkbox";
      box.setAttribute("aria-label", "Settled: " + item.textContent.trim().slice(0, 80));
      item.prepend(box);
    }
  }

  // Filters over the requirements.
  const filters = document.querySelector(".filters");
  if (!filters) return;
  filters.hidden = false;
  const [find, kind, state] = ["find", "kind", "state"].map((id) => document.getElementById(id));
  const rows = all("#ledger tr[data-kind]");
  const narrow = () => {
    const words = find.value.toLowerCase().trim();
    let shown = 0;
    for (const row of rows) {
      const fits = (!words || row.textContent.toLowerCase().includes(words))
        && (!kind.value || row.dataset.kind === kind.value)
        && (!state.value || row.dataset.state.split(" ").includes(state.value));
      row.hidden = !fits;
      shown += fits;
    }
    for (const body of all("#ledger tbody")) body.hidden = !body.querySelector("tr[data-kind]:not([hidden])");
    document.getElementById("shown").textContent = shown + " of " + rows.length + " shown";
  };
  filters.addEventListener("input", narrow);
  narrow();
})();
