(function () {
  "use strict";
  var map = document.getElementById("map");
  var line = document.getElementById("cell");
  var rows = Array.prototype.map.call(map.tBodies[0].rows, function (row) {
    return Array.prototype.slice.call(row.cells, 1);
  });
  var heads = Array.prototype.slice.call(map.tHead.rows[0].cells, 1);
  var keys = document.querySelector("h1").textContent.split(" and ");
  var metric = map.caption.textContent.split(";")[0];
  var current = null;

  function tell(cell) {
    var y = cell.parentNode.cells[0].textContent;
    var x = heads[cell.cellIndex - 1].textContent;
    var where = keys[0] + " " + x + (keys.length > 1 ? ", " + keys[1] + " " + y : "");
    var runs = Number(cell.dataset.runs);
    if (runs === 0) {
      return where + ": no run has this number";
    }
    var own = cell.querySelector(".own").textContent;
    var near = cell.querySelector(".near").textContent;
    return where + ": " + metric + " " + own + (runs > 1 ? " (median of " + runs + " runs)" : "") + ", around it " + near;
  }

  function choose(cell, focus) {
    if (current) {
      current.removeAttribute("aria-current");
      current.tabIndex = -1;
    }
    current = cell;
    cell.tabIndex = 0;
    cell.setAttribute("aria-current", "true");
    line.textContent = tell(cell);
    if (focus) {
      cell.focus();
      cell.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  }

  map.addEventListener("click", function (event) {
    var cell = event.target.closest("tbody td");
    if (cell) { choose(cell, true); }
  });
  map.addEventListener("focusin", function (event) {
    var cell = event.target.closest("tbody td");
    if (cell && cell !== current) { choose(cell, false); }
  });
  map.addEventListener("keydown", function (event) {
    var cell = event.target.closest("tbody td");
    if (!cell) { return; }
    var y = cell.parentNode.sectionRowIndex;
    var x = cell.cellIndex - 1;
    var steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    var to = steps[event.key];
    if (to) {
      to = [x + to[0], y + to[1]];
    } else if (event.key === "Home") {
      to = [0, y];
    } else if (event.key === "End") {
      to = [rows[y].length - 1, y];
    } else {
      return;
    }
    event.preventDefault();
    var next = rows[to[1]] && rows[to[1]][to[0]];
    if (next) { choose(next, true); }
  });
  if (rows.length && rows[0].length) { rows[0][0].tabIndex = 0; }

  var buttons = Array.prototype.slice.call(document.querySelectorAll("button[data-view]"));
  buttons.forEach(function (button) {
    button.addEventListener("click", function () {
      map.dataset.view = button.dataset.view;
      buttons.forEach(function (other) { other.setAttribute("aria-pressed", String(other === button)); });
      document.querySelector(".explain").hidden = button.dataset.view !== "near";
    });
  });

  var root = document.documentElement;
  root.dataset.width = String(window.innerWidth);
  root.dataset.overflow = String(root.scrollWidth - root.clientWidth);
  root.dataset.ready = "1";
})();
