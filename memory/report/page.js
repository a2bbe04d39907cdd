"use strict";
(() => {
  const { charts, tables } = JSON.parse(document.getElementById("specs").textContent);
  const options = { renderer: "svg", actions: false, tooltip: { theme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light" } };
  const drawn = Object.entries(charts).map(([name, spec]) =>
    vegaEmbed(`#chart-${name}`, { ...spec, datasets: tables }, options).then((made) => made.view.addEventListener("click", (_, item) => {
      if (item && item.datum && item.datum.href) location.hash = item.datum.href;
    })));
  Promise.all(drawn).then(() => document.body.setAttribute("data-drawn", String(drawn.length)));

  const table = document.getElementById("runs");
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  const names = heads.map((head) => head.textContent.trim().replaceAll(" ", "_").toLowerCase());
  const rows = [...body.rows];
  const filter = document.getElementById("filter");
  const count = document.getElementById("count");
  const value = (row, column) => {
    const cell = row.cells[column];
    const text = cell.dataset.v ?? cell.textContent;
    const number = Number(text);
    return text !== "" && !Number.isNaN(number) ? number : text;
  };

  const holds = { ">=": (a, b) => a >= b, "<=": (a, b) => a <= b, "!=": (a, b) => a !== b, ">": (a, b) => a > b, "<": (a, b) => a < b, "=": (a, b) => a === b };
  const condition = (word) => {
    const found = /^(.+?)(>=|<=|!=|>|<|=)(.+)$/.exec(word);
    if (!found) return (row) => row.textContent.toLowerCase().includes(word);
    const column = names.indexOf(found[1].toLowerCase());
    if (column < 0) return () => false;
    const number = Number(found[3]);
    const wanted = Number.isNaN(number) ? found[3] : number;
    return (row) => {
      const cell = value(row, column);
      return cell !== "" && typeof cell === typeof wanted && holds[found[2]](typeof cell === "string" ? cell.toLowerCase() : cell, wanted);
    };
  };
  const sift = () => {
    const conditions = filter.value.toLowerCase().split(/\s+/).filter(Boolean).map(condition);
    let kept = 0;
    for (const row of rows) {
      row.hidden = !conditions.every((one) => one(row));
      kept += !row.hidden;
    }
    count.textContent = `${kept} of ${rows.length}`;
  };
  filter.addEventListener("input", sift);

  heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
    const falling = head.ariaSort === "ascending";
    heads.forEach((other) => other.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", falling ? "descending" : "ascending");
    const keyed = rows.map((row, place) => [value(row, column), place, row]);
    keyed.sort(([a, i], [b, j]) => {
      if (a === "" || b === "") return (a === "") - (b === "") || i - j; // what is missing comes last
      const order = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
      return (falling ? -order : order) || i - j;
    });
    body.append(...keyed.map(([, , row]) => row));
  }));

  const arrive = () => {
    const row = location.hash.startsWith("#run-") && document.getElementById(location.hash.slice(1));
    if (row && row.hidden) { // a link to a run that the filter hides lifts the filter
      filter.value = "";
      sift();
      row.scrollIntoView();
    }
  };
  addEventListener("hashchange", arrive);
  arrive();

  const every = Number(document.body.dataset.refresh);
  if (every > 0) {
    const remembered = sessionStorage.getItem("setpoint-filter");
    if (remembered) { filter.value = remembered; sift(); }
    let tag = null;
    setInterval(async () => {
      try {
        const answer = await fetch(location.pathname, { method: "HEAD", cache: "no-store" });
        const now = answer.headers.get("etag");
        if (tag !== null && now !== tag) {
          sessionStorage.setItem("setpoint-filter", filter.value);
          location.reload();
        }
        tag = now;
      } catch { /* the server is gone: the page stays as it is */ }
    }, every * 1000);
  }
})();
